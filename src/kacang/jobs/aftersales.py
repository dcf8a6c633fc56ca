"""Jobs of after-sales: what is told of cases, and what time does to them."""

from kacang.aftersales import operations as cases
from kacang.jobs.running import EVERY_MINUTE, by_the_clock, for_each_merchant, task
from kacang.web.mails import cases as case_mails


@by_the_clock("aftersales.look_after", "delivery", EVERY_MINUTE)
def look_after() -> None:
    """Remind of deadlines, escalate, close what the buyer is silent about (X1, O8)."""
    for_each_merchant(lambda merchant_id: cases.look_after(merchant_id=merchant_id))


@task("aftersales.tell_opened", "mail")
def tell_opened(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff of a new case."""
    case_mails.tell_opened(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)


@task("aftersales.tell_written", "mail")
def tell_written(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff that the buyer has written."""
    case_mails.tell_written(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)


@task("aftersales.tell_back", "mail")
def tell_back(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff that a case has come back."""
    case_mails.tell_back(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)


@task("aftersales.tell_due", "mail")
def tell_due(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Remind the staff of a deadline."""
    case_mails.tell_due(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)


@task("aftersales.tell_late", "mail")
def tell_late(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff that a deadline has passed."""
    case_mails.tell_late(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)


@task("aftersales.tell_answered", "mail")
def tell_answered(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Mail the buyer that the shop has answered."""
    case_mails.tell_answered(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)


@task("aftersales.tell_decided", "mail")
def tell_decided(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Mail the buyer what was decided."""
    case_mails.tell_decided(merchant_id=merchant_id, case_uid=case_uid, occasion=occasion)
