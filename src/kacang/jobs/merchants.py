"""Jobs of merchants, of keys and of what every room shares: logs, sweeping, counters."""

import structlog
from django.conf import settings

from kacang.aftersales import sealed as aftersales_sealed
from kacang.jobs.running import (
    EVERY_HOUR,
    EVERY_MINUTE,
    EVERY_NIGHT,
    by_the_clock,
    for_each_merchant,
    task,
)
from kacang.logistics import sealed as logistics_sealed
from kacang.merchants import operations as merchants
from kacang.messages.senders import secrets as sender_secrets
from kacang.messages.webhooks import secrets as webhook_secrets
from kacang.orders import sealed as orders_sealed
from kacang.outbox import auditing, files, idempotency, rotating
from kacang.outbox import sealed as outbox_sealed
from kacang.payments import sealed as payments_sealed
from kacang.risk import operations as risk
from kacang.shared.clock import utc_now
from kacang.supply import sealed as supply_sealed
from kacang.vault import sealed as vault_sealed
from kacang.wallets import sealed as wallets_sealed
from kacang.web.audit_files import AUDIT_LAYOUT
from kacang.web.mails import visits as visit_mails

log = structlog.get_logger(__name__)


@task("visits.tell_begun", "mail")
def tell_visit_begun(*, merchant_id: int, uid: str) -> None:
    """Tell owners that the operator looks into the shop (I1)."""
    visit_mails.tell_begun(merchant_id=merchant_id, uid=uid)


@task("visits.tell_asked", "mail")
def tell_visit_asked(*, merchant_id: int, uid: str) -> None:
    """Tell owners that the operator asks to look into the shop (I1)."""
    visit_mails.tell_asked(merchant_id=merchant_id, uid=uid)


@by_the_clock("merchants.seal_logs", "delivery", EVERY_MINUTE)
def seal_logs() -> None:
    """Seal what was written to the logs (I3, O7)."""
    for_each_merchant(lambda merchant_id: merchants.seal_logs(merchant_id=merchant_id))


@by_the_clock("merchants.make_partitions", "delivery", EVERY_NIGHT)
def make_partitions() -> None:
    """Make the coming months' partitions of the logs, and drop what is kept no longer."""
    merchants.make_partitions()
    merchants.drop_months()


@by_the_clock("merchants.drop_old_months", "delivery", EVERY_NIGHT)
def drop_old_months() -> None:
    """Drop the months of the logs that the operator keeps no longer; their seals stay."""
    dropped = merchants.drop_old_months(months=settings.LOG_MONTHS, today=utc_now().date())
    if dropped:
        log.info("logs.dropped", months=dropped)


@task("audit.run_export", "bulk")
def run_audit_export(*, merchant_id: int, work_uid: str) -> None:
    """Write a part of the audit log into a file."""
    auditing.run_export(merchant_id=merchant_id, work_uid=work_uid, layout=AUDIT_LAYOUT)


@task("audit.run_verification", "bulk")
def run_audit_verification(*, merchant_id: int, work_uid: str) -> None:
    """Compare the logs with their seals."""
    auditing.run_verification(merchant_id=merchant_id, work_uid=work_uid)


@by_the_clock("outbox.sweep", "delivery", EVERY_HOUR)
def sweep_outbox() -> None:
    """Drop idempotency keys and sealed files that have expired."""
    while idempotency.sweep() > 0:
        pass
    while files.sweep() > 0:
        pass


# Every column that holds sealed bytes; a test holds this against the schema.
SEALED = (
    *payments_sealed.SEALED,
    *orders_sealed.SEALED,
    *outbox_sealed.SEALED,
    *vault_sealed.SEALED,
    *logistics_sealed.SEALED,
    *supply_sealed.SEALED,
    *webhook_secrets.SEALED,
    *sender_secrets.SEALED,
    *aftersales_sealed.SEALED,
    *wallets_sealed.SEALED,
)


@task("secrets.run_rotation", "bulk")
def run_rotation(*, merchant_id: int, work_uid: str) -> None:
    """Seal everything of a merchant under its new key, or the rest of it after a crash (V4)."""
    rotating.run_rotation(merchant_id=merchant_id, work_uid=work_uid, tables=SEALED)


@by_the_clock("risk.sweep", "delivery", EVERY_HOUR)
def sweep_counters() -> None:
    """Delete counters that count nothing any more."""

    def sweep(merchant_id: int) -> None:
        while risk.sweep(merchant_id=merchant_id) > 0:
            pass

    for_each_merchant(sweep)
