"""Jobs of messages: mails that wait, and what the staff is told by the clock."""

from kacang.jobs.running import (
    EVERY_HOUR,
    EVERY_NIGHT,
    EVERY_TEN_MINUTES,
    by_the_clock,
    for_each_merchant,
    task,
)
from kacang.messages.bell import reading
from kacang.messages.restraint import holding
from kacang.messages.senders import reports
from kacang.shared.clock import utc_now
from kacang.web.mails import links as mail_links
from kacang.web.mails import stock as stock_mails


@task("messages.send", "mail")
def send_message(*, merchant_id: int, uid: str) -> None:
    """Send a mail that waits."""
    mail_links.send(merchant_id=merchant_id, uid=uid)


@by_the_clock("messages.ask_for_reports", "mail", EVERY_TEN_MINUTES)
def ask_for_reports() -> None:
    """Ask companies of text messages of which they told nothing (N1)."""
    for_each_merchant(
        lambda merchant_id: reports.ask_for_reports(merchant_id=merchant_id, now=utc_now())
    )


@by_the_clock("messages.forget_counts", "mail", EVERY_NIGHT)
def forget_counts() -> None:
    """Drop counters of messages of days that are over (N1)."""
    for_each_merchant(
        lambda merchant_id: holding.forget_counts(merchant_id=merchant_id, now=utc_now())
    )


@by_the_clock("messages.forget_marks", "mail", EVERY_NIGHT)
def forget_marks() -> None:
    """Drop marks of notices that are new to nobody any more (N1)."""
    for_each_merchant(
        lambda merchant_id: reading.forget_marks(merchant_id=merchant_id, now=utc_now())
    )


@by_the_clock("messages.tell_low_stock", "mail", EVERY_TEN_MINUTES)
def tell_low_stock() -> None:
    """Tell the staff what runs low (S4, L20)."""
    for_each_merchant(lambda merchant_id: stock_mails.tell_low_stock(merchant_id=merchant_id))


@by_the_clock("messages.tell_expiring", "mail", EVERY_HOUR)
def tell_expiring() -> None:
    """Tell the staff of unsold cards that expire soon (V8)."""
    for_each_merchant(lambda merchant_id: stock_mails.tell_expiring(merchant_id=merchant_id))
