"""A deposit into a wallet by any company: an order of one line, whose delivery is the credit (F3).

It is paid, settled, asked about and given back like every order, by the same statements. It takes
no stock, so nothing of it is hot: it is written row by row.
"""

from dataclasses import dataclass
from datetime import timedelta

from kacang.catalog import operations as catalog
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.buying.drafts import hash_token
from kacang.orders.buying.rules import rules_of
from kacang.orders.deposit_models import Deposit
from kacang.orders.errors import BadDeposit, NoDeposits
from kacang.orders.models import (
    CREDIT,
    Channel,
    Event,
    Line,
    Order,
    OrderState,
    TimelineEntry,
    Unit,
)
from kacang.orders.types import Origin, PlacedOrder
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_order_number, new_token
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money
from kacang.wallets import operations as wallets

TITLE = {"zh-Hans": "余额充值", "en": "Wallet deposit"}


@dataclass(frozen=True, slots=True)
class DepositWish:
    """What a customer wants to pay into their wallet.

    Args:
        amount: In the wallet's currency.
        once: The form's own name: sent again it makes no other order.
        language: What their mails speak.
        origin: Where it comes from.
        actor: Who asks for it in the customer's stead, which is written to the audit log.
    """

    amount: Money
    once: str
    language: str
    origin: Origin
    actor: Actor | None = None


@retry_conflicts
def place_deposit(*, merchant_id: int, wallet_uid: str, wish: DepositWish) -> PlacedOrder:
    """Place the order that pays into a wallet; of one form, always the same one.

    That the wallet is theirs who ask is the caller's to have proved. `access_token` is "" for an
    order that was there.

    Raises:
        NoDeposits: The shop takes none.
        BadDeposit: It is less or more than is taken at once.
        UnknownWallet: There is none.
        OtherCurrency: It holds another currency.
    """
    least, most = limits(merchant_id, wish.amount.currency)
    if not least.minor <= wish.amount.minor <= most.minor:
        raise BadDeposit(least=str(least), most=str(most))
    sku_id = catalog.credit_sku(merchant_id=merchant_id)
    with acting_as(merchant_id):
        # Locked, so that of one form sent twice at once the second finds the first one's order.
        wallet = wallets.locked(merchant_id, wallet_uid)
        if wallet.currency != wish.amount.currency:
            raise wallets.OtherCurrency(currency=wallet.currency)
        known = Order.objects.filter(
            merchant_id=merchant_id, api_key_id=0, external_number=_name(wish)
        ).first()
        if known is not None:
            return _placed(known, "")
        token = new_token()
        order = _write(merchant_id, wallet.owner_ref, wish, token)
        _write_line(order, sku_id)
        Deposit.objects.create(merchant_id=merchant_id, order=order, wallet_id=wallet.pk)
        if wish.actor is not None:
            audit.record(
                merchant_id=merchant_id,
                actor=wish.actor,
                action="wallets.begin_deposit",
                object_kind="wallet",
                object_uid=wallet.uid,
                after={"order": order.number, "amount_minor": wish.amount.minor},
            )
    return _placed(order, token)


def limits(merchant_id: int, currency: str) -> tuple[Money, Money]:
    """Return the least and the most that a merchant takes at once.

    Raises:
        NoDeposits: The shop takes no deposits.
    """
    chosen = merchants.settings_of(merchant_id=merchant_id)
    if not chosen["deposits"]:
        raise NoDeposits
    unit = int(10 ** EXPONENTS[currency])
    least, most = chosen["deposit_min"], chosen["deposit_max"]
    assert isinstance(least, int)
    assert isinstance(most, int)
    return Money(max(least * unit, 1), currency), Money(most * unit or MINOR_MAX, currency)


def _name(wish: DepositWish) -> str:
    return f"deposit-{wish.once}"[:64]


def _write(merchant_id: int, owner_ref: str, wish: DepositWish, token: str) -> Order:
    rules = rules_of(merchant_id)
    now = utc_now()
    is_mail = "@" in owner_ref
    order = Order.objects.create(
        merchant_id=merchant_id,
        number=new_order_number(rules.local_now()),
        external_number=_name(wish),
        channel=Channel.DEPOSIT,
        state=OrderState.PENDING,
        currency=wish.amount.currency,
        total_minor=wish.amount.minor,
        payable_minor=wish.amount.minor,
        email=owner_ref if is_mail else "",
        phone="" if is_mail else owner_ref[:20],
        phone_tail="" if is_mail else owner_ref[-4:],
        language=wish.language,
        token_hash=hash_token(token),
        address=wish.origin.address[:50],
        device=wish.origin.device[:64],
        pay_by=now + timedelta(minutes=rules.pay_minutes),
        created_at=now,
    )
    TimelineEntry.objects.create(
        merchant_id=merchant_id,
        order=order,
        event=Event.PLACED,
        actor_kind="buyer",
        actor_label=Channel.DEPOSIT,
        address=order.address,
        at=now,
    )
    return order


def _write_line(order: Order, sku_id: int) -> None:
    line = Line.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        line_no=1,
        sku_id=sku_id,
        quantity=1,
        unit_price_minor=order.total_minor,
        title=TITLE,
        sku_title={},
        kind="code",
        cover="gift",
        stock_mode=CREDIT,
    )
    Unit.objects.create(merchant_id=order.merchant_id, line=line, unit_no=1)


def _placed(order: Order, token: str) -> PlacedOrder:
    return PlacedOrder(
        number=order.number,
        state=OrderState(order.state),
        payable=Money(order.payable_minor, order.currency),
        pay_by=order.pay_by,
        access_token=token,
    )
