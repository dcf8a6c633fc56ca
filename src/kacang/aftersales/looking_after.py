"""What time does to cases: reminders, escalation, silence, refunds refused (X1, O8)."""

from datetime import datetime, timedelta

from kacang.aftersales.ending import shut, start_again
from kacang.aftersales.models import RUNNING, Case, CaseEvent, CaseState
from kacang.aftersales.rules import Rules, rules_of
from kacang.aftersales.turning import locked, note, tell, wind
from kacang.merchants.audit import SYSTEM
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_lists import RefundStatus
from kacang.shared.clock import utc_now

MOST = 200
REFUSED = (RefundStatus.REJECTED, RefundStatus.DROPPED)


def look_after(*, merchant_id: int, now: datetime | None = None) -> int:
    """Do what is due with a merchant's cases, each in a transaction; return how many there were.

    Two who do it at once take turns, and the second finds nothing left to do.
    """
    now = now or utc_now()
    with acting_as(merchant_id):
        due = Case.objects.filter(merchant_id=merchant_id, act_at__lte=now)
        uids = list(due.order_by("act_at", "id").values_list("uid", flat=True)[:MOST])
    rules = rules_of(merchant_id)
    for uid in uids:
        _look_at(merchant_id, uid, rules, now)
    return len(uids)


@retry_conflicts
def _look_at(merchant_id: int, uid: str, rules: Rules, now: datetime) -> None:
    with acting_as(merchant_id):
        case = locked(merchant_id, uid)
        if case.act_at is None or case.act_at > now:
            return
        if case.state in RUNNING:
            _alarm(case, rules, now)
        elif case.state == CaseState.DECIDED and case.outcome.get("waits"):
            _ask_refunds(case, rules, now)
        else:
            shut(case, rules, now, CaseEvent.CLOSED_SILENT, SYSTEM)


def _alarm(case: Case, rules: Rules, now: datetime) -> None:
    """Remind before the deadline; when it has passed, call for somebody above."""
    assert case.due_at is not None
    is_late = now >= case.due_at
    case.alarms = 2 if is_late else 1
    wind(case, rules, now)
    case.save()
    note(case, CaseEvent.ESCALATED if is_late else CaseEvent.REMINDED, SYSTEM, now)
    tell(case, "tell_late" if is_late else "tell_due", now)


def _ask_refunds(case: Case, rules: Rules, now: datetime) -> None:
    """See what became of a refund that waits for approval."""
    found = [
        refund_lists.refund(merchant_id=case.merchant_id, number=number).state
        for number in case.outcome["refunds"]
    ]
    if RefundStatus.REQUESTED in found:
        wind(case, rules, now)
        case.save()
        return
    if any(state in REFUSED for state in found):
        numbers = case.outcome["refunds"]
        start_again(case, rules, now)
        note(case, CaseEvent.REFUND_REFUSED, SYSTEM, now, refunds=numbers)
        tell(case, "tell_back", now)
        return
    case.outcome = {key: value for key, value in case.outcome.items() if key != "waits"}
    # The buyer has time from now on: only now it is certain.
    wind(case, rules, now)
    case.act_at = max(case.act_at or now, now + timedelta(days=1))
    case.save()
