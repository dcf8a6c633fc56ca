"""Paying an order from a wallet: the money, the notice and the order in one transaction (F3, L5).

The balance is a payment company like the others, with an account, a payment and a notice, so that
one settle serves all ways in. Its money passes through the account of companies in the books:
wallet → company here, company → advance by the statement that settles.
"""

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Side
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import AnotherOwner, NotPayable, UnknownOrder
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Channel, Order, OrderState
from kacang.orders.money.paying import IS_OVERDUE, start_payment
from kacang.orders.money.settling import settle_within
from kacang.orders.refunding.to_wallets import payer_of
from kacang.orders.statements import rows
from kacang.payments import balances
from kacang.payments.adapters.balance import NAME as BALANCE
from kacang.payments.queries import NoticeOutcome
from kacang.shared.money import Money
from kacang.wallets import operations as wallets
from kacang.wallets import queries as wallet_queries
from kacang.wallets.queries import OwnerKind


@retry_conflicts
def pay_from_wallet(*, merchant_id: int, number: str, wallet_uid: str) -> None:
    """Pay a pending order, whose payment from a balance was started, from a wallet.

    All of it or nothing: an order that cannot be paid takes nothing from the wallet, and a wallet
    that has too little leaves the order as it is. That the wallet is the payer's own is the
    caller's to have proved.

    Raises:
        UnknownOrder, UnknownWallet: There is none.
        NotPayable: It is paid, cancelled, or its time has passed.
        NoBalancePayment: No payment from a balance was started for what it costs now.
        NotEnough, WalletBlocked, OtherCurrency: The wallet cannot pay it.
    """
    with acting_as(merchant_id, hot=True):
        order = locked(merchant_id, number)
        ((is_overdue,),) = rows(IS_OVERDUE, {"merchant": merchant_id, "order": order.pk})
        # From a wallet into a wallet nothing would come.
        is_deposit = order.channel == Channel.DEPOSIT
        if order.state != OrderState.PENDING or is_overdue or is_deposit:
            raise NotPayable
        payable = Money(order.payable_minor, order.currency)
        account, notice = balances.open_payment(
            merchant_id=merchant_id, order_id=order.pk, payable=payable
        )
        wallets.take(
            merchant_id=merchant_id,
            uid=wallet_uid,
            amount=payable,
            target=Side(Account.CASH_AT_PROVIDER),
            kind=TransferKind.PAID_FROM_WALLET,
            document=Document(DocumentKind.ORDER, order.pk),
        )
        if settle_within(account=account, notice=notice) is not NoticeOutcome.SETTLED:
            # Leaving by the error gives the money back.
            raise NotPayable


def pay_for_owner(*, merchant_id: int, number: str, wallet_uid: str, actor: Actor) -> None:
    """Pay a pending order of a wallet's owner from the wallet, in the owner's stead.

    For machines of the merchant, who owes what is in the wallet. May be repeated: an order that
    this wallet has paid stays as it is. Must not be called inside a transaction.

    Raises:
        AnotherOwner: Neither address nor number of the order is the wallet's.
        UnknownOrder, UnknownWallet, NotPayable, NotEnough, WalletBlocked, OtherCurrency: As for
            `pay_from_wallet`.
        ProviderNotOffered: The shop takes no payments from balances, or not for this order.
    """
    with acting_as(merchant_id):
        if _is_paid(merchant_id, number, wallet_uid):
            return
    start_payment(merchant_id=merchant_id, number=number, provider=BALANCE)
    _pay_noted(merchant_id, number, wallet_uid, actor)


@retry_conflicts
def _pay_noted(merchant_id: int, number: str, wallet_uid: str, actor: Actor) -> None:
    with acting_as(merchant_id, hot=True):
        locked(merchant_id, number)
        if _is_paid(merchant_id, number, wallet_uid):
            return
        pay_from_wallet(merchant_id=merchant_id, number=number, wallet_uid=wallet_uid)
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="wallets.pay",
            object_kind="wallet",
            object_uid=wallet_uid,
            after={"order": number},
        )


def _is_paid(merchant_id: int, number: str, wallet_uid: str) -> bool:
    """Say whether a wallet has paid an order, once it is sure that it may.

    Raises:
        UnknownOrder, UnknownWallet: There is none.
        AnotherOwner: The order is not the owner's.
    """
    wallet = wallet_queries.wallet(merchant_id=merchant_id, uid=wallet_uid)
    order = Order.objects.filter(merchant_id=merchant_id, number=number).first()
    if order is None:
        raise UnknownOrder
    contacts = {order.email, order.phone} - {""}
    if wallet.owner_kind is not OwnerKind.CUSTOMER or wallet.owner_ref not in contacts:
        raise AnotherOwner
    return payer_of(order) == wallet_uid
