"""Wallets, stock, the platform, companies and their bills."""

import secrets
from datetime import timedelta

import hypothesis.strategies as st

from kacang.ledger import sums
from kacang.ledger.accounts import TransferKind as Kind
from kacang.orders import operations as orders
from kacang.orders.operations import DepositWish
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.orders.types import Origin
from kacang.payouts import operations as payouts
from kacang.payouts import queries as statements
from kacang.reconciliation import operations as bills
from kacang.reconciliation import queries as differences
from kacang.shared.money import Money
from kacang.vault import operations as vault
from kacang.wallets import operations as wallets
from tests.books.registry import counts, deed, draws, of
from tests.books.shop import COST, STAFF, Shop
from tests.wallets import withdrawing


@deed([Kind.DEPOSITED], minor=st.integers(1, 9_999))
def deposit(shop: Shop, minor: int) -> None:
    shop.deposit(shop.wallet(f"w-{secrets.token_hex(3)}@example.com"), minor)


@deed(
    [Kind.RECEIVED, Kind.DEPOSITED, Kind.REFUND_DUE],
    provider=st.sampled_from(["sandbox", "bank_transfer", "mypay"]),
    minor=st.integers(100, 9_999), share=st.integers(0, 100),
)  # fmt: skip
def deposit_by_an_order(shop: Shop, provider: str, minor: int, share: int) -> None:
    """A customer pays into their wallet by a company, an order of a credit; a share goes back."""
    wallet = shop.wallet(f"in-{secrets.token_hex(3)}@example.com")
    withdrawing.choose(shop.merchant, deposits=True, deposit_min=0)
    wish = DepositWish(Money(minor), secrets.token_hex(8), "zh-Hans", Origin())
    placed = orders.place_deposit(merchant_id=shop.merchant, wallet_uid=wallet, wish=wish)
    orders.start_payment(merchant_id=shop.merchant, number=placed.number, provider=provider)
    shop.pay(shop.begun(placed, provider))
    shop.expected.wallets[wallet] += minor
    back = minor * share // 100
    if not back:
        return
    way = RefundWay.ORIGIN if provider == "sandbox" else RefundWay.BY_HAND
    orders.request_refund(
        merchant_id=shop.merchant, number=placed.number, actor=STAFF, role="owner",
        wish=RefundWish(Money(back), "充错了", way=way),
    )  # fmt: skip
    shop.expected.wallets[wallet] -= back


@deed(draw=draws, back=st.booleans())
def freeze(shop: Shop, draw: int, back: bool) -> None:  # noqa: FBT001 - drawn
    wallet = of([uid for uid, minor in shop.expected.wallets.items() if minor > 0], draw)
    if wallet is None:
        return
    held = wallets.freeze(
        merchant_id=shop.merchant, uid=wallet, amount=Money(1), reason="核实", actor=STAFF
    )
    if back:
        wallets.unfreeze(merchant_id=shop.merchant, frozen_uid=held, actor=STAFF)


@deed([Kind.WITHDRAWN, Kind.FEE], minor=st.integers(1_000, 5_000), fee=st.integers(0, 20))
def withdraw(shop: Shop, minor: int, fee: int) -> None:
    """A customer wants money out; a person approves it, and pays it at the bank."""
    wallet = shop.wallet(f"out-{secrets.token_hex(3)}@example.com")
    shop.deposit(wallet, minor + 500)
    withdrawing.choose(shop.merchant, withdrawals=True)
    asked = withdrawing.ask(shop.merchant, wallet, minor)
    withdrawing.approve(shop.merchant, asked)
    withdrawing.pay(shop.merchant, asked, fee)
    shop.expected.wallets[wallet] -= minor
    shop.expected.withdrawn += minor
    shop.expected.payout_fees += fee


@deed([Kind.STOCKED, Kind.UNSTOCKED], count=counts)
def undo_a_batch(shop: Shop, count: int) -> None:
    batch = shop.bring(shop.target, count)
    vault.undo_batch(merchant_id=shop.merchant, batch_uid=batch, actor=STAFF)
    shop.expected.stocked -= count * COST


@deed([Kind.WRITTEN_OFF, Kind.WRITTEN_BACK], count=counts)
def void_by_mistake(shop: Shop, count: int) -> None:
    batch = shop.bring(shop.target, count)
    wish = vault.ChangeRequest(vault.Change.VOID, "供货商召回", batch)
    work = vault.change_cards(merchant_id=shop.merchant, actor=STAFF, request=wish)
    vault.run_change(merchant_id=shop.merchant, work_uid=work)
    back = vault.undo_change(merchant_id=shop.merchant, actor=STAFF, work_uid=work, reason="弄错了")
    vault.run_change(merchant_id=shop.merchant, work_uid=back)


@deed([Kind.FOUND, Kind.WRITTEN_OFF], found=st.integers(1, 5), lost=st.integers(1, 3))
def count_goods(shop: Shop, found: int, lost: int) -> None:
    shop.stock.received(shop.goods, 3, cost=703)
    shop.expected.stocked += 3 * 703
    shop.stock.adjusted(shop.goods, found)
    shop.stock.adjusted(shop.goods, -lost)


@deed([Kind.SHARED])
def make_a_statement(shop: Shop) -> None:
    shop.days += 1
    now = shop.noon(shop.today + timedelta(days=shop.days))
    payouts.issue_due(merchant_id=shop.merchant, now=now)


@deed([Kind.PAID_OUT], draw=draws, part=st.integers(1, 100))
def pay_a_statement(shop: Shop, draw: int, part: int) -> None:
    found = statements.statements(merchant_id=shop.merchant)
    one = of([made for made in found if made.due.minor > 0], draw)
    if one is None:
        return
    amount = Money(max(1, one.due.minor * part // 100))
    payouts.record_payout(
        merchant_id=shop.merchant, statement_uid=one.uid, amount=amount, actor=STAFF,
        reference=secrets.token_hex(8),
    )  # fmt: skip
    shop.expected.paid_out += amount.minor


@deed(
    [Kind.FEE, Kind.REVERSAL],
    fee=st.integers(-20, 60), lost=st.booleans(), unknown=st.booleans(), missing=st.booleans(),
)  # fmt: skip
def read_a_bill(shop: Shop, fee: int, lost: bool, unknown: bool, missing: bool) -> None:  # noqa: FBT001 - drawn
    """A company's bill: fees, a lost notice, money that nobody knows, and a row that is missing."""
    shop.bring(shop.plain, 2)
    sale = shop.place(shop.plain.sku.uid, 1, "mypay")
    shop.pay(sale)
    day = shop.today - timedelta(days=1)
    shop.run("update receipt set seen_at = %s where account_id = %s", shop.noon(day), shop.mypay)
    at = shop.noon(day).isoformat()
    for number, minor in [] if missing else [(sale.payment, sale.amount)]:
        shop.bill_lines.append(f"pay,{number},mp-{number},,{minor},{fee},{at},ok")
    if lost:
        other = shop.place(shop.plain.sku.uid, 1, "mypay")
        number = other.payment
        shop.bill_lines.append(f"pay,{number},mp-{number},,{other.amount},7,{at},ok")
        shop.expected.received += other.amount
    if unknown:
        name = secrets.token_hex(6)
        shop.bill_lines.append(f"pay,{name},mp-{name},,123,0,{at},ok")
        shop.expected.received += 123
    shop.read_bill()
    wanted = differences.DifferenceFilter(is_open=True)
    for one in differences.differences(merchant_id=shop.merchant, where=wanted):
        if one.kind is differences.DifferenceKind.THEIRS_ONLY:
            bills.take_in(merchant_id=shop.merchant, difference_id=one.id, actor=STAFF)
        else:
            bills.explain(merchant_id=shop.merchant, ids=[one.id], note="在途", actor=STAFF)


@deed()
def sum_up(shop: Shop) -> None:
    sums.compact_sums(merchant_id=shop.merchant)
