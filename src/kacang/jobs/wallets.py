"""Jobs of wallets: codes to customers, and the nightly question whether any wallet owes."""

import structlog

from kacang.jobs.running import EVERY_HOUR, EVERY_NIGHT, by_the_clock, for_each_merchant, task
from kacang.wallets import entering
from kacang.wallets import queries as wallets
from kacang.web.mails import wallets as wallet_mails

log = structlog.get_logger(__name__)


@task("wallets.send_code", "mail")
def send_code(*, merchant_id: int, code_uid: str) -> None:
    """Mail a customer the one-time code to their wallet."""
    wallet_mails.send_code(merchant_id=merchant_id, code_uid=code_uid)


@task("wallets.tell_withdrawal", "mail")
def tell_withdrawal(*, merchant_id: int, uid: str, state: str) -> None:
    """Mail a customer what has become of a withdrawal."""
    wallet_mails.tell_withdrawal(merchant_id=merchant_id, uid=uid, state=state)


@task("wallets.tell_withdrawal_asked", "mail")
def tell_withdrawal_asked(*, merchant_id: int, uid: str) -> None:
    """Tell the staff of a withdrawal that waits for them."""
    wallet_mails.tell_withdrawal_asked(merchant_id=merchant_id, uid=uid)


@by_the_clock("wallets.sweep", "mail", EVERY_HOUR)
def sweep() -> None:
    """Remove codes and sessions whose time is over."""
    for_each_merchant(lambda merchant_id: entering.sweep(merchant_id=merchant_id))


@by_the_clock("wallets.check", "delivery", EVERY_NIGHT)
def check_wallets() -> None:
    """Prove what no constraint holds: no wallet has less than nothing, or than is frozen (F3)."""

    def check(merchant_id: int) -> None:
        if count := wallets.check_wallets(merchant_id=merchant_id):
            log.error("wallets.overspent", merchant_id=merchant_id, count=count)

    for_each_merchant(check)
