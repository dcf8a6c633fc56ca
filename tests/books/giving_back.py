"""Refunds of all kinds."""

import secrets
from typing import Any

import hypothesis.strategies as st

from kacang.ledger.accounts import TransferKind as Kind
from kacang.merchants.operations import change_settings
from kacang.orders import operations as orders
from kacang.orders.refunding.types import (
    BadUnits,
    Cards,
    NothingLeft,
    RefundStatus,
    RefundWay,
    RefundWish,
)
from kacang.payments.ports import RefundNotice, RefundState
from kacang.shared.money import Money
from tests.books.registry import deed, draws, of
from tests.books.shop import OTHER, STAFF, Shop

WAYS = (RefundWay.ORIGIN, RefundWay.BY_HAND, RefundWay.WALLET)


@deed(
    [Kind.REFUND_DUE, Kind.RETURNED, Kind.UNDEFERRED], draw=draws, share=st.integers(1, 100),
    units=st.sets(st.integers(1, 3)),
    how=st.sampled_from(Cards), way=st.sampled_from(WAYS),
)  # fmt: skip
def ask_for_money_back(
    shop: Shop, draw: int, share: int, units: set[int], how: Cards, way: RefundWay
) -> None:
    sale = of(shop.sales, draw)
    if sale is None:
        return
    if way is RefundWay.ORIGIN and sale.provider != "sandbox":
        way = RefundWay.BY_HAND
    if sale.provider == "wallet":
        way = RefundWay.WALLET
    line = shop.line_of(sale)
    wish = RefundWish(
        Money(max(1, sale.amount * share // 100)), "不想要了", way=way, cards=how,
        units=tuple((line, unit) for unit in sorted(units)),
    )  # fmt: skip
    try:
        shop.ask_back(sale, wish)
    except (NothingLeft, BadUnits):
        return


@deed([Kind.REFUNDED_TO_WALLET], draw=draws)
def give_back_to_a_wallet(shop: Shop, draw: int) -> None:
    sale = of(shop.sales, draw)
    if sale is not None:
        try:
            shop.ask_back(sale, RefundWish(Money(1), "优惠", way=RefundWay.WALLET))
        except NothingLeft:
            return


@deed([Kind.REFUND_DUE], draw=draws, minor=st.integers(1, 500))
def give_back_what_fits_nothing(shop: Shop, draw: int, minor: int) -> None:
    rows = shop.run(
        "select provider_number from receipt where account_id = %s and fit > 0 order by id",
        shop.accounts["sandbox"].id,
    )
    row = of(rows, draw)
    if row is None:
        return
    try:
        orders.request_suspense_refund(
            merchant_id=shop.merchant, account_uid=shop.accounts["sandbox"].uid,
            provider_number=row[0], wish=RefundWish(Money(minor), "重复付款"), actor=STAFF,
            role="owner",
        )  # fmt: skip
    except NothingLeft:
        return


@deed(
    [Kind.RECEIVED_TO_SUSPENSE, Kind.REFUND_DUE, Kind.REFUNDED_TO_WALLET],
    provider=st.sampled_from(["sandbox", "mypay"]),
    rule=st.sampled_from(["refund", "wallet", "wait"]),
)  # fmt: skip
def pay_twice(shop: Shop, provider: str, rule: str) -> None:
    """What comes a second time goes back or into the wallet by itself, once, or waits."""
    change_settings(merchant_id=shop.merchant, values={"refund_second": rule}, actor=STAFF)
    shop.bring(shop.plain, 1)
    sale = shop.place(shop.plain.sku.uid, 1, provider)
    shop.pay(sale)
    if rule == "wallet":
        shop.wallet(sale.contact)
    serial = secrets.token_hex(8)
    shop.expected.received += sale.amount
    shop.tell(sale, serial, sale.amount)
    ((receipt,),) = shop.run("select id from receipt where provider_number = %s", serial)
    before = len(shop.refunds())
    for _ in range(2):
        orders.refund_second(merchant_id=shop.merchant, receipt_id=receipt)
    made = shop.refunds()[: len(shop.refunds()) - before]
    ways = {"wallet": RefundWay.WALLET}
    # Of the two companies, only one gives anything back.
    if provider == "sandbox":
        ways["refund"] = RefundWay.ORIGIN
    assert [one.way for one in made] == ([ways[rule]] if rule in ways else [])
    if rule == "wallet":
        shop.expected.wallets[shop.wallet(sale.contact)] += sale.amount


@deed([Kind.REFUNDED], draw=draws, state=st.sampled_from(RefundState))
def company_says(shop: Shop, draw: int, state: RefundState) -> None:
    waiting = shop.refunds(RefundStatus.APPROVED, RefundStatus.SENT)
    refund = of([one for one in waiting if one.way is RefundWay.ORIGIN], draw)
    if refund is None:
        return
    shop.run("update refund set state = 2 where id = %s and state = 1", refund.id)
    notice = RefundNotice(
        notice_id=secrets.token_hex(8), refund_number=refund.number,
        provider_number=f"r-{refund.number}", payment_number=refund.payment_number,
        amount=refund.amount, state=state, raw="{}",
    )  # fmt: skip
    orders.settle_refund_notice(account=shop.accounts["sandbox"], notice=notice)


@deed([Kind.REFUND_DUE, Kind.REFUNDED], draw=draws, share=st.integers(1, 100))
def company_gives_back_by_itself(shop: Shop, draw: int, share: int) -> None:
    sale = of([one for one in shop.sales if one.provider == "sandbox"], draw)
    if sale is None:
        return
    notice = RefundNotice(
        notice_id=secrets.token_hex(8), refund_number="", provider_number=secrets.token_hex(6),
        payment_number=sale.payment, amount=Money(max(1, sale.amount * share // 100)),
        state=RefundState.DONE, raw="{}",
    )  # fmt: skip
    orders.settle_refund_notice(account=shop.accounts["sandbox"], notice=notice)


@deed(
    [Kind.REFUNDED, Kind.REVERSAL, Kind.UNEARNED],
    draw=draws, what=st.sampled_from(["by_hand", "retry", "drop"]),
)  # fmt: skip
def follow_up(shop: Shop, draw: int, what: str) -> None:
    """Pay a refund by hand, try it again, or give it up."""
    found = [
        one
        for one in shop.refunds(RefundStatus.FAILED, RefundStatus.APPROVED)
        if one.state is RefundStatus.FAILED or one.way is RefundWay.BY_HAND
    ]
    refund = of(found, draw)
    if refund is None:
        return
    named: dict[str, Any] = {
        "merchant_id": shop.merchant, "number": refund.number, "actor": OTHER,
    }  # fmt: skip
    if what == "by_hand":
        orders.finish_by_hand(**named, note="转账")
    elif what == "drop":
        orders.drop_refund(**named, reason="算了")
    elif refund.state is RefundStatus.FAILED and refund.provider == "sandbox":
        orders.retry_refund(**named)
