"""Starting a payment of an order, and acting on what providers say when asked (P1, P3, L8)."""

from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.delivering import locked
from kacang.orders.errors import NoProvider, NotPayable
from kacang.orders.models import OrderState
from kacang.orders.settling import settle_notices
from kacang.orders.statements import rows
from kacang.orders.types import OpenPayment
from kacang.payments import operations as payment_operations
from kacang.payments import queries as payments
from kacang.payments import recovery
from kacang.payments.ports import AccountInfo
from kacang.payments.queries import NoticeOutcome
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_payment_number
from kacang.shared.money import Money

REUSED = """
select p.number, p.pay_url, p.qr_content from payment p
where p.merchant_id = %(merchant)s::bigint and p.order_id = %(order)s::bigint
  and p.account_id = %(account)s::bigint and p.state = 0 and p.amount_minor = %(amount)s::bigint
order by p.id desc limit 1
"""
INSERT = """
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, pay_url,
                     qr_content, created_at, ask_at)
values (%(merchant)s::bigint, %(number)s::text, %(order)s::bigint, %(account)s::bigint,
        %(amount)s::bigint, %(currency)s::text, %(pay_url)s::text, %(qr)s::text,
        clock_timestamp(), clock_timestamp() + interval '15 seconds')
"""
IS_OVERDUE = """
select pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8) from sale_order
where merchant_id = %(merchant)s::bigint and id = %(order)s::bigint
"""


@retry_conflicts
def start_payment(*, merchant_id: int, number: str, provider: str) -> OpenPayment:
    """Open a way to pay a pending order, or return the open one of the same account.

    Raises:
        UnknownOrder: There is no such order.
        NotPayable: It is paid, cancelled, or its time has passed.
        ProviderNotOffered, NoProvider: The shop does not take this way of paying.
    """
    account = payments.account_for(merchant_id=merchant_id, provider=provider)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        place = {"merchant": merchant_id, "order": order.pk, "account": account.id}
        ((is_overdue,),) = rows(IS_OVERDUE, place)
        if order.state != OrderState.PENDING or is_overdue:
            raise NotPayable
        amount = Money(order.payable_minor, order.currency)
        found = rows(REUSED, {**place, "amount": amount.minor})
        payment = found[0] if found else _open(account, amount, place)
    return OpenPayment(payment[0], provider, amount, payment[1], payment[2], order.pay_by)


def _open(account: AccountInfo, amount: Money, place: dict[str, int]) -> tuple[str, str, str]:
    number = new_payment_number()
    made = payments.instructions(account=account, number=number, amount=amount)
    if made is None:
        raise NoProvider(provider=account.provider)
    rows(
        INSERT,
        {
            **place,
            "number": number,
            "amount": amount.minor,
            "currency": amount.currency,
            "pay_url": made.pay_url,
            "qr": made.qr_content,
        },
    )
    return number, made.pay_url, made.qr_content


def ask_about(*, merchant_id: int, payment_id: int) -> NoticeOutcome | None:
    """Ask the provider about one payment and settle what it says (掉单). Never in a transaction."""
    asked = payment_operations.ask_provider(
        merchant_id=merchant_id, payment_id=payment_id, now=utc_now()
    )
    if asked is None or asked.notice is None:
        return None
    return settle_notices(account=asked.account, notices=[asked.notice])[0]


def settle_waiting(*, most: int = 200) -> int:
    """Try again the notices that were stored but not acted on, of every merchant."""
    waiting = recovery.notices_waiting(most=most)
    for merchant_id, notice_id in waiting:
        account, notice = recovery.stored_notice(merchant_id=merchant_id, notice_id=notice_id)
        settle_notices(account=account, notices=[notice])
    return len(waiting)
