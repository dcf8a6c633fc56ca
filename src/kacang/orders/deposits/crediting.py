"""What a paid deposit comes to: the money goes into the wallet instead of being earned (F3).

One order has one `Deposit`, and it is credited once: under the order's lock, by the step out of
"unpaid" that every payment takes, and by a mark that is set only where it was not.
"""

from collections.abc import Sequence

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Side
from kacang.orders.deposit_models import Deposit
from kacang.orders.models import Order, Unit, UnitState
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.wallets import operations as wallets
from kacang.wallets import queries as wallet_queries


def deposits_among(merchant_id: int, order_ids: Sequence[int]) -> frozenset[int]:
    """Return which of these orders are deposits. In the caller's transaction."""
    found = Deposit.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
    return frozenset(found.values_list("order_id", flat=True))


def wallet_of(order: Order) -> str | None:
    """Return the wallet that a deposit has gone into, or None; so what goes back is taken there."""
    found = Deposit.objects.filter(
        merchant_id=order.merchant_id, order_id=order.pk, credited_at__isnull=False
    )
    wallet_id = found.values_list("wallet_id", flat=True).first()
    if wallet_id is None:
        return None
    return wallet_queries.wallet_uids(merchant_id=order.merchant_id, ids=[wallet_id])[wallet_id]


def fulfil(merchant_id: int, order_ids: Sequence[int]) -> None:
    """Say of deposits that their one unit is there, before the statement that settles them."""
    Unit.objects.filter(
        merchant_id=merchant_id,
        line__merchant_id=merchant_id,
        line__order_id__in=list(order_ids),
    ).update(state=UnitState.DELIVERED, delivered_at=utc_now())


def credit(merchant_id: int, order_ids: Sequence[int]) -> None:
    """Put what was paid in advance into the wallets, in the order of their ids."""
    rows = Deposit.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
    deposits = list(rows.select_related("order").order_by("wallet_id", "id"))
    uids = wallet_queries.wallet_uids(
        merchant_id=merchant_id, ids=[deposit.wallet_id for deposit in deposits]
    )
    for deposit in deposits:
        changed = Deposit.objects.filter(
            merchant_id=merchant_id, id=deposit.pk, credited_at=None
        ).update(credited_at=utc_now())
        assert changed == 1, "a deposit is credited once"
        wallets.credit(
            merchant_id=merchant_id,
            uid=uids[deposit.wallet_id],
            amount=Money(deposit.order.payable_minor, deposit.order.currency),
            source=Side(Account.ADVANCE_FROM_BUYER),
            kind=TransferKind.DEPOSITED,
            document=Document(DocumentKind.ORDER, deposit.order_id),
        )
