"""P4: whoever comes at once, never more goes back than came in, and each refund is one."""

import secrets
from functools import partial

from django.db import connection

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import OrderState
from kacang.orders.refunding.types import (
    Asked,
    Cards,
    NothingLeft,
    RefundStatus,
    RefundWay,
    RefundWish,
)
from kacang.payments.ports import AccountInfo, RefundNotice, RefundState
from kacang.payments.refunding import refund_lists
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.shared.states import WrongState
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import settle
from tests.threads import at_once


def person(number: int) -> Actor:
    return Actor(kind="user", id=number, label=f"p{number}@example.com")


def paid(merchant: int, *, account: AccountInfo | None = None):
    made = make.sku(merchant, cards=1)
    account = account or make.account(merchant)
    placed = make.order(made)
    notice = make.notice(placed)
    settle(account, notice)
    return made, account, placed, notice


def ask(merchant: int, number: str, minor: int | None, at: int = 0, role: str = "owner", **fields):
    wish = RefundWish(
        None if minor is None else Money(minor), "坏卡", way=RefundWay.BY_HAND, **fields
    )
    return orders.request_refund(
        merchant_id=merchant, number=number, wish=wish, actor=person(at), role=role
    )


def balance(merchant: int, account: Account) -> int:
    found = ledger.balances(merchant_id=merchant)
    return sum(line.amount.minor for line in found if line.account is account)


def by_hand(merchant: int, number: str) -> None:
    orders.finish_by_hand(merchant_id=merchant, number=number, actor=person(9), note="转账")


def test_eight_who_ask_at_once_get_what_came_in_and_no_more(merchant):
    _, _, placed, _ = paid(merchant)

    told = at_once([partial(ask, merchant, placed.number, 500, at) for at in range(8)], threads=8)

    got = [one for one in told if isinstance(one, Asked)]
    assert len(got) == 3
    assert {type(one) for one in told if not isinstance(one, Asked)} == {NothingLeft}
    assert balance(merchant, Account.REFUNDS_DUE) == -1500
    assert queries.order(merchant_id=merchant, number=placed.number).refunded == Money(1500)


def test_the_same_wish_sent_eight_times_at_once_is_one(merchant):
    _, _, placed, _ = paid(merchant)

    told = at_once(
        [partial(ask, merchant, placed.number, 200, request_uid="w7") for _ in range(8)], threads=8
    )

    assert len({one.numbers for one in told if isinstance(one, Asked)}) == 1
    assert balance(merchant, Account.REFUNDS_DUE) == -200


def test_eight_who_approve_at_once_approve_it_once(merchant):
    made, _, placed, _ = paid(merchant)
    units = tuple(_units(merchant))
    (number,) = ask(
        merchant, placed.number, None, 99, "customer_service", units=units, cards=Cards.RETURN
    ).numbers

    def approve(at: int) -> object:
        return orders.approve_refund(
            merchant_id=merchant, number=number, actor=person(at), role="finance"
        )

    told = at_once([partial(approve, at) for at in range(8)], threads=8)

    assert sum(isinstance(one, DomainError) for one in told) == 7
    assert {type(one) for one in told if isinstance(one, DomainError)} == {WrongState}
    assert make.card_states(made) == {CardState.AVAILABLE: 1}
    assert balance(merchant, Account.REFUNDS_DUE) == -1999


def test_the_companys_word_the_desk_and_the_website_at_once(merchant):
    _, account, placed, _ = paid(merchant)
    assert placed.payment is not None
    payment = placed.payment.payment_id

    def website(at: int) -> object:
        notice = RefundNotice(
            notice_id=f"n{at}-{secrets.token_hex(4)}", refund_number="",
            provider_number=f"w{at % 2}", payment_number=payment, amount=Money(400),
            state=RefundState.DONE, raw="{}",
        )  # fmt: skip
        return orders.settle_refund_notice(account=account, notice=notice)

    def desk(at: int) -> object:
        (number,) = ask(merchant, placed.number, 300, at).numbers
        by_hand(merchant, number)
        return number

    jobs = [partial(website if at % 2 else desk, at // 2) for at in range(16)]
    told = at_once(jobs, threads=16)

    rows = refund_lists.refunds_page(merchant_id=merchant, where=refund_lists.RefundFilter()).rows
    done = [row for row in rows if row.state is RefundStatus.DONE]
    gone = sum(row.amount.minor for row in done)
    assert gone <= 1999
    assert len([row for row in rows if row.way is RefundWay.OUTSIDE]) == 2
    assert (
        balance(merchant, Account.CASH_AT_PROVIDER) + balance(merchant, Account.CASH_AT_BANK)
        == 1999 - gone
    )
    assert queries.order(merchant_id=merchant, number=placed.number).refunded == Money(gone)
    refused = [one for one in told if isinstance(one, DomainError)]
    assert {type(one) for one in refused} <= {NothingLeft}


def test_L3_a_buyer_who_looks_while_the_card_goes_back(merchant):
    """Either the buyer saw the code and it is void, or it is on sale and nobody saw it."""
    account = make.account(merchant)
    for _ in range(6):
        made, _, placed, _ = paid(merchant, account=account)
        units = tuple(_units(merchant, placed.number))
        look = partial(
            orders.deliveries, merchant_id=merchant, number=placed.number, actor=person(1)
        )
        refund = partial(ask, merchant, placed.number, None, units=units, cards=Cards.RETURN)

        seen, _ = at_once([look, refund], threads=2)

        states = make.card_states(made)
        assert states == ({CardState.VOID: 1} if seen else {CardState.AVAILABLE: 1}) or (
            # Marked as shown, and taken before it was read: void, to be safe.
            not seen and states == {CardState.VOID: 1}
        )


def test_money_in_suspense_pays_or_goes_back_never_both(merchant):
    account = make.account(merchant)
    for _ in range(4):
        made = make.sku(merchant, cards=1)
        placed = make.order(made)
        part = make.notice(placed, amount=Money(1000))
        settle(account, part)
        wish = RefundWish(None, "退款", way=RefundWay.BY_HAND)
        back = partial(
            orders.request_suspense_refund, merchant_id=merchant, account_uid=account.uid,
            provider_number=part.provider_number, wish=wish, actor=person(1), role="owner",
        )  # fmt: skip
        rest = partial(settle, account, make.notice(placed, amount=Money(999)))

        returned, _ = at_once([back, rest], threads=2)

        state = queries.order(merchant_id=merchant, number=placed.number).state
        went_back = isinstance(returned, Asked)
        assert went_back == (state is OrderState.PENDING)


def _units(merchant: int, number: str = "") -> list[tuple[int, int]]:
    where = "where o.number = %s" if number else ""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select u.line_id, u.unit_no from order_unit u join order_line l on l.id = u.line_id"
            f" join sale_order o on o.id = l.order_id {where}",
            [number] if number else [],
        )
        return list(cursor.fetchall())
