"""Starting a payment of an order, and acting on what providers say when asked (P1, P3, L8)."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.buying.rules import rules_of
from kacang.orders.errors import NotPayable
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Channel, Order, OrderState
from kacang.orders.money.patience import wait_longer
from kacang.orders.money.settling import settle_notices
from kacang.orders.statements import rows
from kacang.orders.types import OpenPayment
from kacang.payments import balances, recovery
from kacang.payments import operations as payment_operations
from kacang.payments import queries as payments
from kacang.payments.accounts import routing
from kacang.payments.bank_transfers import transfers
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    Device,
    PayInstructions,
    PaymentAsked,
    ProviderSilent,
)
from kacang.payments.queries import NoticeOutcome, ProviderNotOffered
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_payment_number
from kacang.shared.money import Money
from kacang.shared.texts import pick

# How many accounts of a company are tried while the buyer waits.
ACCOUNTS_TRIED = 2
# The open attempt of the same device at one of the accounts that could be taken; one without
# instructions was cut off.
REUSED = """
select p.account_id, p.id, p.number, p.pay_url, p.qr_content, p.shown -> 'facts',
       p.pay_url <> '' or p.qr_content <> '' or p.shown <> '{}'
from payment p
where p.merchant_id = %(merchant)s::bigint and p.order_id = %(order)s::bigint
  and p.account_id = any(%(accounts)s::bigint[]) and p.state = 0
  and p.amount_minor = %(amount)s::bigint and p.device in ('', %(device)s::text)
order by p.id desc limit 1
"""
INSERT = """
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, device,
                     created_at, ask_at)
values (%(merchant)s::bigint, %(number)s::text, %(order)s::bigint, %(account)s::bigint,
        %(amount)s::bigint, %(currency)s::text, %(device)s::text,
        clock_timestamp(), clock_timestamp() + interval '15 seconds')
returning id
"""
IS_OVERDUE = """
select pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8) from sale_order
where merchant_id = %(merchant)s::bigint and id = %(order)s::bigint
"""
# Another price makes another payment: who pays the old one pays too much or too little.
IS_PAST = """
select o.state <> 0 or p.amount_minor <> o.payable_minor
       or o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
from payment p
join sale_order o on o.merchant_id = p.merchant_id and o.id = p.order_id
where p.merchant_id = %(merchant)s::bigint and p.id = %(payment)s::bigint and p.state = 0
"""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays and with what, as far as companies want to know.

    Args:
        device: What the buyer holds.
        address: The buyer's IP address.
        name: The company's name of the buyer, where it must be known.
        back_url: Where the buyer's browser goes afterwards.
        language: In which the goods are named.
    """

    device: Device = Device.DESKTOP
    address: str = ""
    name: str = ""
    back_url: str = ""
    language: str = "zh-Hans"


ANYBODY = Payer()


@dataclass(frozen=True, slots=True)
class _Opened:
    """An attempt to pay whose row is committed."""

    id: int
    account: AccountInfo
    asked: PaymentAsked
    # What a row says that has its instructions already.
    made: PayInstructions | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    """Among which accounts one is chosen; those that have just failed, and how, are out."""

    provider: str
    routes: tuple[routing.Route, ...]
    failed: tuple[int, ...] = ()
    error: DomainError | None = None

    def could(self, sale: payments.Sale) -> list[routing.Route]:
        """Return the accounts that can take the sale."""
        left = [
            route
            for route in self.routes
            if route.account.provider == self.provider and route.account.id not in self.failed
        ]
        return routing.fitting(left, sale)

    def one(self, sale: payments.Sale) -> AccountInfo:
        """Throw the dice for one of them, or say why there is none."""
        found = routing.choose(self.routes, sale, provider=self.provider, without=self.failed)
        if found is None:
            raise self.error or ProviderNotOffered(provider=self.provider[:30])
        return found.account


def start_payment(
    *,
    merchant_id: int,
    number: str,
    provider: str,
    payer: Payer = ANYBODY,
    account_uid: str = "",
) -> OpenPayment:
    """Open a way to pay a pending order, or return the open one of the same company and device.

    The attempt is committed before its company is called; whatever becomes of the call, its
    money can be told (rule 11). Must not be called inside a transaction (L18). With
    `account_uid` no other account is taken: the payer's name is only known there. Asked again
    after a failure, the same attempt is offered to the company again. When a call fails and the
    shop has another account there, that one is tried at once.

    Raises:
        UnknownOrder: There is no such order.
        NotPayable: It is paid, cancelled, or its time has passed.
        ProviderNotOffered: The shop does not take this way of paying, or not for this order.
        ProviderSilent: The company did not answer.
        AccountRefused: The company does not accept the shop's account.
    """
    routes = payments.routes(merchant_id=merchant_id)
    if account_uid:
        routes = tuple(route for route in routes if route.account.uid == account_uid)
    choice = _Choice(provider, routes)
    while True:
        opened = _open(merchant_id, number, choice, payer)
        try:
            made = opened.made or payment_operations.instruct(
                account=opened.account, payment_id=opened.id, payment=opened.asked
            )
        except (ProviderSilent, AccountRefused) as error:
            choice = replace(choice, failed=(*choice.failed, opened.account.id), error=error)
            if len(choice.failed) == ACCOUNTS_TRIED:
                raise
        else:
            return _way(provider, opened.asked, made)


def _way(provider: str, asked: PaymentAsked, made: PayInstructions) -> OpenPayment:
    return OpenPayment(
        payment_id=asked.number,
        provider=provider,
        amount=asked.amount,
        pay_url=made.pay_url,
        qr_content=made.qr_content,
        pay_by=asked.expires_at or utc_now(),
        facts=made.facts,
    )


@retry_conflicts
def _open(merchant_id: int, number: str, choice: _Choice, payer: Payer) -> _Opened:
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        place: dict[str, Any] = {"merchant": merchant_id, "order": order.pk}
        ((is_overdue,),) = rows(IS_OVERDUE, place)
        if order.state != OrderState.PENDING or is_overdue:
            raise NotPayable
        if order.channel == Channel.DEPOSIT and choice.provider == balances.NAME:
            raise ProviderNotOffered(provider=choice.provider)
        if choice.provider == transfers.NAME:
            patience = timedelta(minutes=rules_of(merchant_id).transfer_minutes)
            order.pay_by = wait_longer(merchant_id, order, patience, since_now=False)
        amount = Money(order.payable_minor, order.currency)
        sale = payments.Sale(amount=amount, device=payer.device, products=_products(order, choice))
        could = {route.account.id: route.account for route in choice.could(sale)}
        place |= {"amount": amount.minor, "device": payer.device.value, "accounts": list(could)}
        found = rows(REUSED, place)
        account = could[found[0][0]] if found else choice.one(sale)
        own = found[0][2] if found else new_payment_number()
        asked = PaymentAsked(
            number=own,
            amount=amount,
            title=_title(order, payer.language),
            device=payer.device,
            address=payer.address,
            payer=payer.name,
            back_url=payer.back_url,
            expires_at=order.pay_by,
        )
        if not found:
            more = {"account": account.id, "number": own, "currency": amount.currency}
            ((made_id,),) = rows(INSERT, {**place, **more})
            return _Opened(made_id, account, asked)
        _, payment_id, _, pay_url, qr_content, facts, is_ready = found[0]
    told = PayInstructions(pay_url, qr_content, facts=json.loads(facts) if facts else {})
    return _Opened(payment_id, account, asked, told if is_ready else None)


def _products(order: Order, choice: _Choice) -> Collection[str] | None:
    """Return what is bought, when an account asks for it."""
    if not any(route.limits.products for route in choice.routes):
        return None
    return set(order.lines.values_list("sku__product__uid", flat=True))


def _title(order: Order, language: str) -> str:
    """Name what is bought, for the buyer's statement."""
    first = order.lines.order_by("line_no")[0]
    words = (pick(first.title, language), pick(first.sku_title, language))
    return f"{' '.join(filter(None, words))} × {first.quantity}"


def ask_about(*, merchant_id: int, payment_id: int) -> NoticeOutcome | None:
    """Ask the provider about one payment and settle what it says (掉单). Never in a transaction.

    When there is nothing left to pay, because the order is paid another way, cancelled or past
    its time, the payment is closed at its company (P3, L4).
    """
    asked = payment_operations.ask_provider(
        merchant_id=merchant_id, payment_id=payment_id, now=utc_now()
    )
    if asked is None:
        return None
    if asked.notice is None:
        if _is_past(merchant_id, payment_id):
            payment_operations.close_payment(
                merchant_id=merchant_id, payment_id=payment_id, now=utc_now()
            )
        return None
    return settle_notices(account=asked.account, notices=[asked.notice])[0]


def _is_past(merchant_id: int, payment_id: int) -> bool:
    """Say whether an order takes no money any more, or not by this payment."""
    with acting_as(merchant_id):
        found = rows(IS_PAST, {"merchant": merchant_id, "payment": payment_id})
    return bool(found and found[0][0])


def settle_waiting(*, most: int = 200) -> int:
    """Try again the notices that were stored but not acted on, of every merchant."""
    waiting = recovery.notices_waiting(most=most)
    for merchant_id, notice_id in waiting:
        account, notice = recovery.stored_notice(merchant_id=merchant_id, notice_id=notice_id)
        settle_notices(account=account, notices=[notice])
    return len(waiting)
