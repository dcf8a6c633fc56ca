"""What each member of staff is told: in the console, and by mail to their own address (N1).

Nobody is told of what their role may not see. What the shop's own address gets is the merchant's
switch; a member's choice is theirs alone and takes nothing from others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kacang.merchants.queries import memberships_of, staff
from kacang.merchants.tenancy import acting_as
from kacang.messages.bell.readers import Reader
from kacang.messages.events import NOTICES, WATCHED, Event
from kacang.messages.restraint.models import MemberSwitch
from kacang.messages.wording.variables import EMAIL, IN_APP
from kacang.shared.errors import Invalid

# What somebody must be allowed to see, to be told of it.
NEEDED: dict[Event, str] = {
    Event.STAFF_ORDER_WAITING: "orders.view",
    Event.STAFF_ESCALATED: "orders.view",
    Event.STAFF_DEADLINES: "orders.view",
    Event.STAFF_SUSPENSE: "payments.view",
    Event.STAFF_TRANSFER: "payments.confirm",
    Event.STAFF_ACCOUNT_PAUSED: "payments.view",
    Event.STAFF_ACCOUNT_WELL: "payments.view",
    Event.STAFF_REFUND_ASKED: "refunds.view",
    Event.STAFF_REFUND_FAILED: "refunds.view",
    Event.STAFF_REFUND_OUTSIDE: "refunds.view",
    Event.STAFF_CASE: "cases.view",
    Event.STAFF_CASE_DUE: "cases.view",
    Event.STAFF_CASE_LATE: "cases.view",
    Event.STAFF_WITHDRAWAL: "wallets.pay_out",
    Event.STAFF_LOW_STOCK: "stock.view",
    Event.STAFF_LOW_DIGEST: "stock.view",
    Event.STAFF_EXPIRING: "stock.view",
    Event.STAFF_WEBHOOK_OFF: "webhooks.view",
    Event.STAFF_VISIT: "visits.view",
    Event.STAFF_VISIT_ASKED: "visits.view",
}
Switch = tuple[Event, str]


class NotTheirs(Invalid):
    """There is no such event for this member, or it is not told that way."""

    code = "messages.not_theirs"


def offered(permissions: frozenset[str]) -> list[Switch]:
    """Return what somebody with these permissions can choose to be told, and how."""
    return [
        (event, channel)
        for event, needed in NEEDED.items()
        if needed in permissions and event not in WATCHED
        for channel in (IN_APP, EMAIL)
        if channel == EMAIL or event in NOTICES
    ]


def choices(*, merchant_id: int, member_uid: str) -> dict[Switch, bool]:
    """Return what a member chose; what is missing is as the house has it: shown, not mailed."""
    with acting_as(merchant_id):
        rows = MemberSwitch.objects.filter(merchant_id=merchant_id, member_uid=member_uid)
        return {(Event(row.event), row.channel): row.is_on for row in rows}


def choose(
    *, merchant_id: int, member_uid: str, permissions: frozenset[str], on: Iterable[Switch]
) -> None:
    """Take what a member wants of all that they are offered; the rest they do not want.

    Raises:
        NotTheirs: One of them is not offered. Nothing was changed.
    """
    wanted, may = set(on), offered(permissions)
    if wanted - set(may):
        raise NotTheirs
    with acting_as(merchant_id):
        for event, channel in may:
            MemberSwitch.objects.update_or_create(
                merchant_id=merchant_id,
                member_uid=member_uid,
                event=event.value,
                channel=channel,
                defaults={"is_on": (event, channel) in wanted},
            )


def is_on(chosen: Mapping[Switch, bool], switch: Switch) -> bool:
    """Whether somebody is told of an event by a channel."""
    return chosen.get(switch, switch[1] == IN_APP)


def reader_of(*, merchant_id: int, member_uid: str, permissions: frozenset[str]) -> Reader:
    """Return a member as the bell knows them: not told of what they switched off, or may not see.

    Without a uid it is somebody who looks at the console and does not work here.
    """
    chosen = choices(merchant_id=merchant_id, member_uid=member_uid)
    hidden = (
        event.value
        for event, needed in NEEDED.items()
        if needed not in permissions or not is_on(chosen, (event, IN_APP))
    )
    return Reader(member_uid, frozenset(hidden))


@dataclass(frozen=True, slots=True)
class Mailed:
    """Somebody who wants a mail, at their own address, and to which orders their role reaches."""

    email: str
    reach: frozenset[str] | None


def mailed(*, merchant_id: int, events: Iterable[str]) -> dict[str, list[Mailed]]:
    """Return who wants a mail of these events, and may see them now."""
    with acting_as(merchant_id):
        rows = MemberSwitch.objects.filter(
            merchant_id=merchant_id, event__in=list(events), channel=EMAIL, is_on=True
        )
        wanted = [(row.member_uid, row.event) for row in rows.order_by("id")]
    if not wanted:
        return {}
    active = {one.uid: one for one in staff(merchant_id=merchant_id) if one.is_active}
    found: dict[str, list[Mailed]] = {}
    for uid, event in wanted:
        member = active.get(uid)
        if member is None:
            continue
        for one in memberships_of(user_id=member.user_id):
            if one.merchant_id == merchant_id and NEEDED[Event(event)] in one.permissions:
                found.setdefault(event, []).append(Mailed(member.email, one.reach))
    return found
