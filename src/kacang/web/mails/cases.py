"""What mails and notices say of after-sales cases. Each function is one job's one call.

What was written stays in the case: a mail leads to it, and quotes nothing (rule 27).
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from kacang.aftersales import queries as cases
from kacang.aftersales.queries import CaseRow, CaseState
from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.orders import queries as order_queries
from kacang.orders.types import OrderView
from kacang.shared.texts import Text, both
from kacang.web.case_words import KINDS, decision_words
from kacang.web.mails.telling import openids_of, phones_of, tell_staff

NOBODY = both("无", "nobody")


def tell_opened(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff of a new case."""
    _tell_case(merchant_id, case_uid, occasion, both("买家提交了售后", "a buyer opened a case"))


def tell_written(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff that the buyer has answered, or opened a case again."""
    _tell_case(merchant_id, case_uid, occasion, both("买家有新留言", "the buyer has written"))


def tell_back(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff that a refund was not approved: the case has to be decided anew."""
    what = both("退款未获批准，需重新处理", "the refund was not approved; decide anew")
    _tell_case(merchant_id, case_uid, occasion, what)


def tell_due(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Remind the staff of a deadline."""
    _tell_deadline(merchant_id, case_uid, occasion, Event.STAFF_CASE_DUE)


def tell_late(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Tell the staff that a deadline has passed."""
    _tell_deadline(merchant_id, case_uid, occasion, Event.STAFF_CASE_LATE)


def tell_answered(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Mail the buyer that the shop has answered."""
    row, order = _found(merchant_id, case_uid)
    ask = both("请补充所需信息。", "It needs something more from you.")
    waits = row.state is CaseState.BUYERS
    _tell_buyer(row, order, merchant_id, (Event.CASE_ANSWERED, occasion), ask=ask if waits else "")


def tell_decided(*, merchant_id: int, case_uid: str, occasion: str) -> None:
    """Mail the buyer what was decided, and why."""
    row, order = _found(merchant_id, case_uid)
    if row.decision is None:
        # Opened again meanwhile.
        return
    told = {"decision": decision_words(row), "why": row.reason}
    _tell_buyer(row, order, merchant_id, (Event.CASE_DECIDED, occasion), **told)


def _tell_case(merchant_id: int, case_uid: str, occasion: str, what: Text) -> None:
    row, order = _found(merchant_id, case_uid)
    context = {**_of_case(merchant_id, row, order), "what": what}
    tell_staff(merchant_id, Event.STAFF_CASE, f"{row.uid}/{occasion}", context)


def _tell_deadline(merchant_id: int, case_uid: str, occasion: str, event: Event) -> None:
    row, order = _found(merchant_id, case_uid)
    if row.due_at is None:
        # Somebody has seen to it meanwhile.
        return
    context = _of_case(merchant_id, row, order)
    tell_staff(merchant_id, event, f"{row.uid}/{occasion}", context)


def _tell_buyer(
    row: CaseRow, order: OrderView, merchant_id: int, what: tuple[Event, str], **more: object
) -> None:
    event, occasion = what
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=event,
            once=f"{row.uid}/{occasion}",
            context={
                "order": order.number,
                "case": row.uid,
                "title": order.lines[0].title,
                **more,
            },
            emails=[order.contact.email],
            phones=phones_of(merchant_id, order),
            openids=openids_of(merchant_id, order),
            language=order.language,
        ),
    )


def _found(merchant_id: int, case_uid: str) -> tuple[CaseRow, OrderView]:
    row = cases.case(merchant_id=merchant_id, uid=case_uid).row
    return row, order_queries.order_by_id(merchant_id=merchant_id, order_id=row.order_id)


def _of_case(merchant_id: int, row: CaseRow, order: OrderView) -> dict[str, object]:
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    return {
        "order": order.number,
        "case": row.uid,
        "title": order.lines[0].title,
        "kind": KINDS[row.kind],
        "due": _time(row.due_at, zone),
        "owner": row.owner_label or NOBODY,
    }


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M}" if at else "—"
