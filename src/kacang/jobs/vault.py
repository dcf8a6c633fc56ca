"""Jobs of the vault: bulk work on card secrets, expiry, counts."""

from kacang.jobs.running import (
    EVERY_MINUTE,
    EVERY_NIGHT,
    EVERY_TEN_MINUTES,
    EVERY_TEN_SECONDS,
    by_the_clock,
    for_each_merchant,
    report_findings,
    task,
)
from kacang.vault import operations as vault


@task("vault.run_import", "bulk")
def run_import(*, merchant_id: int, work_uid: str) -> None:
    """Load a file of card secrets, or go on with it after a crash (V2)."""
    vault.run_import(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_check", "bulk")
def run_check(*, merchant_id: int, work_uid: str) -> None:
    """Look at a file of card secrets without loading it (V2)."""
    vault.run_check(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_generate", "bulk")
def run_generate(*, merchant_id: int, work_uid: str) -> None:
    """Make card secrets, or the rest of them after a crash (V1)."""
    vault.run_generate(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_change", "bulk")
def run_change(*, merchant_id: int, work_uid: str) -> None:
    """Change many card secrets, or go on with it after a crash (V3, V6)."""
    vault.run_change(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_export", "bulk")
def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Gather card secrets for a person, or go on with it after a crash (V4, V6)."""
    vault.run_export(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_fill_tails", "bulk")
def run_fill_tails(*, merchant_id: int, work_uid: str) -> None:
    """Print how the numbers of older cards end, or go on with it after a crash (V4)."""
    vault.run_fill_tails(merchant_id=merchant_id, work_uid=work_uid)


@by_the_clock("vault.fill_tails", "bulk", EVERY_TEN_MINUTES)
def fill_tails() -> None:
    """Start that where it is needed."""
    for_each_merchant(lambda merchant_id: vault.fill_tails(merchant_id=merchant_id))


@task("vault.rekey", "bulk")
def rekey(*, merchant_id: int, sku_id: int) -> None:
    """Put the free cards of a SKU into the order of its new strategy (V5)."""
    vault.rekey(merchant_id=merchant_id, sku_id=sku_id)


@by_the_clock("vault.expire_cards", "delivery", EVERY_MINUTE)
def expire_cards() -> None:
    """Take cards whose time is over out of the stock (V8)."""
    for_each_merchant(lambda merchant_id: vault.expire_cards(merchant_id=merchant_id))
    for_each_merchant(lambda merchant_id: vault.lapse_expired(merchant_id=merchant_id))


@by_the_clock("vault.compact_levels", "delivery", EVERY_TEN_SECONDS)
def compact_levels() -> None:
    """Sum movements up, so that counting costs the same for ever (S1)."""
    for_each_merchant(lambda merchant_id: vault.compact_levels(merchant_id=merchant_id))


@by_the_clock("vault.move_marks", "delivery", EVERY_TEN_SECONDS)
def move_marks() -> None:
    """Move up where sales in order begin to look (rule 7)."""
    for_each_merchant(lambda merchant_id: vault.move_marks(merchant_id=merchant_id))


@by_the_clock("vault.check_references", "delivery", EVERY_NIGHT)
def check_references() -> None:
    """Prove what no constraint holds (rule 18)."""
    report_findings("vault.reference", vault.check_references)
