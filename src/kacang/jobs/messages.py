"""Jobs of messages: mails that wait, and what the staff is told by the clock."""

from kacang.jobs.running import EVERY_HOUR, EVERY_TEN_MINUTES, by_the_clock, for_each_merchant, task
from kacang.web import mails, stock_mails


@task("messages.send", "mail")
def send_message(*, merchant_id: int, uid: str) -> None:
    """Send a mail that waits."""
    mails.send(merchant_id=merchant_id, uid=uid)


@by_the_clock("messages.tell_low_stock", "mail", EVERY_TEN_MINUTES)
def tell_low_stock() -> None:
    """Tell the staff what runs low (S4, L20)."""
    for_each_merchant(lambda merchant_id: stock_mails.tell_low_stock(merchant_id=merchant_id))


@by_the_clock("messages.tell_expiring", "mail", EVERY_HOUR)
def tell_expiring() -> None:
    """Tell the staff of unsold cards that expire soon (V8)."""
    for_each_merchant(lambda merchant_id: stock_mails.tell_expiring(merchant_id=merchant_id))
