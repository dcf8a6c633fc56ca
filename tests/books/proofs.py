"""What the books must say at any time, each figure counted another way than by the ledger."""

from kacang.ledger import queries as ledger
from kacang.ledger import sums
from kacang.ledger.accounts import Account
from kacang.orders import operations as orders
from kacang.orders.refunding.types import RefundStatus, RefundWay
from kacang.reconciliation import queries as bills
from kacang.vault import operations as vault
from kacang.wallets import queries as wallets
from tests.books.shop import Shop

DUE = (RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.FAILED)
ROWS = """
select account, owner, sum(minor)::bigint from (
    select debit as account, debit_owner as owner, amount_minor as minor from transfer
    union all select credit, credit_owner, -amount_minor from transfer
) sides group by account, owner having sum(minor) <> 0
"""
UNSOLD = """
select coalesce(sum(coalesce(c.cost_minor, b.unit_cost_minor)), 0)
from card c join batch b on b.id = c.batch_id
where c.line_id is null and c.sold_at is null and c.state in (0, 7, 8) or c.state = 1
"""
# What orders that are paid and not delivered still hold of their money.
ADVANCED = """
select coalesce(sum(o.payable_minor - o.refund_minor - coalesce(d.minor, 0)), 0)
from sale_order o left join lateral (
    select sum(case kind when 16 then amount_minor else -amount_minor end) as minor
    from transfer where document_kind = 1 and document_id = o.id and kind in (16, 19)
) d on true
where o.paid_at is not null and o.delivered_at is null
"""
# Cards that can be redeemed, or replaced, and were not: at what they cost in an order whose money
# is all there.
UNREDEEMED = """
select coalesce(sum(l.unit_price_minor), 0), coalesce(sum(c.owed_minor), 0), count(*),
       count(c.owed_minor)
from card c
join allocation a on a.card_id = c.id and a.released_at is null and a.delivered_at is not null
join order_line l on l.id = a.line_id join sale_order o on o.id = l.order_id
where l.claim > 0 and c.state in (2, 3, 7) and c.expires_at is null and {which}
"""


def stands(shop: Shop) -> dict[Account, int]:
    """Return what stands on each account, debits less credits, summed from the bare rows."""
    found: dict[Account, int] = dict.fromkeys(Account, 0)
    rows = {(Account(account), owner): int(minor) for account, owner, minor in shop.run(ROWS)}
    balances = ledger.balances(merchant_id=shop.merchant)
    assert rows == {(one.account, one.owner): one.amount.minor for one in balances}
    for (account, _), minor in rows.items():
        found[account] += minor
    summed = {one.account: one.amount.minor for one in sums.standings(merchant_id=shop.merchant)}
    assert summed == {account: minor for account, minor in found.items() if minor}
    return found


def check(shop: Shop) -> None:
    """Prove every account."""
    found = stands(shop)
    check_money(shop, found)
    check_owed(shop, found)
    check_stock(shop, found)
    check_shares(shop, found)
    assert orders.check_references(merchant_id=shop.merchant) == []
    assert vault.check_references(merchant_id=shop.merchant) == []


def check_money(shop: Shop, found: dict[Account, int]) -> None:
    done = shop.refunds(RefundStatus.DONE)
    ways = (RefundWay.ORIGIN, RefundWay.OUTSIDE)
    by_company = sum(one.amount.minor for one in done if one.way in ways)
    by_hand = sum(one.amount.minor for one in done if one.way is RefundWay.BY_HAND)
    outside = "select sum(amount_minor) from receipt where account_id <> %s"
    assert shop.one(outside, shop.accounts["wallet"].id) == shop.expected.received
    fees = found[Account.PROVIDER_FEE] - shop.expected.payout_fees
    assert found[Account.CASH_AT_PROVIDER] == shop.expected.received - by_company - fees
    gone = shop.expected.paid_out + shop.expected.withdrawn + shop.expected.payout_fees
    bank = shop.expected.deposited - by_hand - gone
    assert found[Account.CASH_AT_BANK] == bank
    due = shop.refunds(*DUE)
    assert found[Account.REFUNDS_DUE] == -sum(one.amount.minor for one in due)
    given = sum(one.amount.minor for one in [*due, *done] if not one.fits)
    suspense = shop.one("select sum(amount_minor) from receipt where fit > 0")
    assert found[Account.SUSPENSE] == given - suspense


def check_owed(shop: Shop, found: dict[Account, int]) -> None:
    held = {
        uid: wallets.wallet(merchant_id=shop.merchant, uid=uid).balance.minor
        for uid in shop.expected.wallets
    }
    assert held == shop.expected.wallets
    assert found[Account.WALLET] == -sum(held.values())
    assert found[Account.ADVANCE_FROM_BUYER] == -shop.one(ADVANCED)
    ((_, owed, cards, put_back),) = shop.run(UNREDEEMED.format(which="true"))
    assert found[Account.DEFERRED_REVENUE] == -int(owed)
    assert cards == put_back
    # Where no money was given back, each card is owed just what it cost.
    untouched = "o.refund_minor = 0 and o.hold_reason = ''"
    ((cost, owed, _, _),) = shop.run(UNREDEEMED.format(which=untouched))
    assert int(cost) == int(owed)
    assert found[Account.GIFT_CARD_DIFFERENCE] == -shop.expected.gift_difference


def check_stock(shop: Shop, found: dict[Account, int]) -> None:
    goods = shop.one("select sum(value_minor) from goods_worth")
    assert found[Account.INVENTORY] == shop.one(UNSOLD) + goods
    assert found[Account.PAYABLE_SUPPLIER] == -shop.expected.stocked
    assert found[Account.COST_OF_SALES] == shop.expected.stocked - found[Account.INVENTORY]


def check_shares(shop: Shop, found: dict[Account, int]) -> None:
    shares = shop.one("select sum(amount_minor) from statement")
    assert found[Account.PLATFORM_FEE] == shares
    assert found[Account.PAYABLE_PLATFORM] == shop.expected.paid_out - shares
    told = bills.bills(merchant_id=shop.merchant)
    fees = sum(sums_.fee.minor for bill in told for sums_ in bill.sums)
    assert found[Account.PROVIDER_FEE] == fees + shop.expected.payout_fees
