"""What owners are told of the operator's visits: each at their own address, always (I1)."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from kacang.merchants import queries as merchants
from kacang.merchants.permissions import Role
from kacang.merchants.queries import operator
from kacang.merchants.queries.operator import RequestRow, VisitRow
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.shared.texts import Text, both

LOOKS = both("只能查看", "Looks only")
CHANGES = both("可以修改", "May change things")


def tell_begun(*, merchant_id: int, uid: str) -> None:
    """Tell owners that a visit of the operator has begun."""
    (rows, _next) = operator.operators_visits(merchant_id=merchant_id, uid=uid)
    for row in rows:
        context = _context(merchant_id, row)
        _tell(merchant_id, Event.STAFF_VISIT, uid, context)


def tell_asked(*, merchant_id: int, uid: str) -> None:
    """Tell owners that the operator waits for their consent."""
    for row in operator.operators_requests(merchant_id=merchant_id, uid=uid):
        context = _context(merchant_id, row)
        _tell(merchant_id, Event.STAFF_VISIT_ASKED, uid, context)


def _context(merchant_id: int, row: VisitRow | RequestRow) -> dict[str, str | Text]:
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    return {
        "by": row.visitor,
        "may": CHANGES if row.may_change else LOOKS,
        "until": f"{row.until.astimezone(zone):%Y-%m-%d %H:%M}",
        "reason": row.reason,
    }


def _tell(merchant_id: int, event: Event, uid: str, context: Mapping[str, object]) -> None:
    owners = [
        one.email
        for one in merchants.staff(merchant_id=merchant_id)
        if one.is_active and one.role == Role.OWNER
    ]
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=event,
            once=uid,
            context=context,
            emails=owners,
            in_app=True,
            language=str(merchants.setting(merchant_id=merchant_id, name="default_language")),
        ),
    )
