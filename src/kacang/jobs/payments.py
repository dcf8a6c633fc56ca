"""Jobs of payments: asking, settling again, and the sandbox company."""

from kacang.jobs.running import (
    EVERY_MINUTE,
    EVERY_TEN_SECONDS,
    by_the_clock,
    for_each_merchant,
    task,
)
from kacang.orders import operations as orders
from kacang.payments import operations as payments
from kacang.payments.refunding import refunds
from kacang.payments.sandbox import cashier, cashier_refunds
from kacang.shared.clock import utc_now
from kacang.web.mails import accounts as account_mails
from kacang.web.mails import payments as payment_mails


@by_the_clock("payments.ask_due", "money", EVERY_TEN_SECONDS)
def ask_due() -> None:
    """Ask providers about payments that were not heard of (掉单, P3, L8)."""
    payments.enqueue_questions()


@task("payments.ask", "money")
def ask(*, merchant_id: int, payment_id: int) -> None:
    """Ask about one payment, and settle what is said."""
    orders.ask_about(merchant_id=merchant_id, payment_id=payment_id)


@by_the_clock("payments.settle_waiting", "money", EVERY_TEN_SECONDS)
def settle_waiting() -> None:
    """Try again the notices that were stored but not acted on."""
    orders.settle_waiting()


@by_the_clock("payments.sum_days", "delivery", EVERY_MINUTE)
def sum_days() -> None:
    """Sum up what came in at accounts with a limit per day (P1)."""
    for_each_merchant(lambda merchant_id: payments.sum_days(merchant_id=merchant_id))


@by_the_clock("payments.look_after", "money", EVERY_MINUTE)
def look_after() -> None:
    """Turn away from accounts that fail, and try paused ones again (P5)."""
    for_each_merchant(lambda merchant_id: payments.look_after(merchant_id=merchant_id))


@task("payments.sandbox_send", "money")
def sandbox_send(*, merchant_id: int, account_uid: str, charge_id: int, message: str) -> None:
    """Bring the sandbox company's notice to our door, as any company would."""
    cashier.send(
        merchant_id=merchant_id,
        account_uid=account_uid,
        charge_id=charge_id,
        message=message,
        now=utc_now(),
    )


@task("payments.tell_proof", "mail")
def tell_proof(*, merchant_id: int, proof_uid: str) -> None:
    """Tell the staff of a bank transfer that a buyer has proved."""
    payment_mails.tell_proof(merchant_id=merchant_id, proof_uid=proof_uid)


@task("payments.tell_rejected", "mail")
def tell_rejected(*, merchant_id: int, proof_uid: str) -> None:
    """Mail the buyer that a proof was not accepted."""
    payment_mails.tell_rejected(merchant_id=merchant_id, proof_uid=proof_uid)


@task("payments.sandbox_refund_end", "money")
def sandbox_refund_end(*, merchant_id: int, refund_id: int, status: str) -> None:
    """Bring a refund to its end that the sandbox company has called pending."""
    cashier_refunds.end(merchant_id=merchant_id, refund_id=refund_id, status=status)


@task("payments.sandbox_refund_send", "money")
def sandbox_refund_send(*, merchant_id: int, refund_id: int, status: str) -> None:
    """Bring the sandbox company's notice about a refund to our door."""
    cashier_refunds.send(merchant_id=merchant_id, refund_id=refund_id, status=status, now=utc_now())


@task("payments.tell_health", "mail")
def tell_health(*, merchant_id: int, account_uid: str, event_id: int) -> None:
    """Tell the staff that an account is left out because it fails, or is taken again (P5)."""
    account_mails.tell_health(merchant_id=merchant_id, account_uid=account_uid, event_id=event_id)


@task("payments.tell_suspense", "mail")
def tell_suspense(*, merchant_id: int, receipt_id: int) -> None:
    """Tell the staff of money that fits no order."""
    payment_mails.tell_suspense(merchant_id=merchant_id, receipt_id=receipt_id)


@by_the_clock("payments.ask_refunds_due", "money", EVERY_TEN_SECONDS)
def ask_refunds_due() -> None:
    """Ask companies about refunds that were not seen to be done (P4)."""
    refunds.enqueue_due()


@task("payments.refund", "money")
def refund(*, merchant_id: int, refund_id: int) -> None:
    """Have a company give money back, or ask it what became of that (P4)."""
    orders.pursue_refund(merchant_id=merchant_id, refund_id=refund_id)


@by_the_clock("payments.settle_waiting_refunds", "money", EVERY_TEN_SECONDS)
def settle_waiting_refunds() -> None:
    """Try again the messages about refunds that were stored but not acted on."""
    orders.settle_waiting_refunds()
