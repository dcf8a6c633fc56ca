"""What mails and notices say of payment accounts. Each function is one job's one call."""

from kacang.messages.events import Event
from kacang.payments.accounts import details
from kacang.payments.accounts.details import AccountEventKind
from kacang.web.mails.telling import tell_staff

EVENTS = {
    AccountEventKind.PAUSED: Event.STAFF_ACCOUNT_PAUSED,
    AccountEventKind.WELL: Event.STAFF_ACCOUNT_WELL,
}


def tell_health(*, merchant_id: int, account_uid: str, event_id: int) -> None:
    """Tell the staff what became of an account, and of which figures: once for each event (P5)."""
    found = details.health_event(merchant_id=merchant_id, event_id=event_id)
    did = found.detail
    context = {
        "account": account_uid,
        "name": found.account_name,
        "calls": did.get("calls", 0),
        "failed": did.get("failed", 0),
        "opened": did.get("opened", 0),
        "paid": did.get("paid", 0),
    }
    tell_staff(merchant_id, EVENTS[found.kind], str(event_id), context)
