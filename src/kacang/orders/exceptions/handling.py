"""What people do with exceptions: look after them, hand them on, end what has no other end (O6)."""

from datetime import datetime

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import UnknownStaff
from kacang.merchants.queries import StaffInfo
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.books import rule_book
from kacang.orders.exceptions.syncing import close_rows, open_rows
from kacang.orders.exceptions.types import (
    MAIL_FAILED,
    REPORTED,
    AlreadyClosed,
    AlreadyOpen,
    EndsByItself,
    Fact,
    Kind,
    NotYours,
    UnknownException,
    WordsMissing,
)
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Event, Line
from kacang.orders.statements import rows
from kacang.shared.clock import utc_now

WORDS_MAX = 300
LOCKED = """
select x.id, x.order_id, o.number, x.kind, x.reason, x.is_found, x.owner_id, x.closed_at
from order_exception x
join sale_order o on o.merchant_id = x.merchant_id and o.id = x.order_id
where x.merchant_id = %(merchant)s::bigint and x.uid = %(uid)s::text
for no key update of x
"""
OWN = """
with taken as (
    update order_exception x set owner_id = %(owner)s::bigint, owned_at = %(at)s::timestamptz
    where x.merchant_id = %(merchant)s::bigint and x.id = %(id)s::bigint
)
insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
values (%(merchant)s::bigint, %(order)s::bigint, %(event)s::int, %(actor_kind)s::text,
    %(actor)s::text,
        %(address)s::text,
        jsonb_build_object('kind', %(kind)s::int, 'to', %(to)s::text, 'text', %(text)s::text))
"""


@retry_conflicts
def claim(*, merchant_id: int, uid: str, actor: Actor) -> str:
    """Look after an exception that nobody looks after; return its order's number.

    Raises:
        UnknownException, AlreadyClosed: There is none to look after.
        NotYours: Somebody else does.
    """
    with acting_as(merchant_id):
        found = _Opened(merchant_id, uid)
        if found.owner_id not in (None, actor.id):
            raise NotYours
        if found.owner_id is None:
            found.give(actor.id, actor.label, actor)
    return found.number


@retry_conflicts
def give_back(*, merchant_id: int, uid: str, actor: Actor) -> str:
    """Look after an exception no longer: it is everybody's again.

    Raises:
        UnknownException, AlreadyClosed: There is none to look after.
        NotYours: Somebody else looks after it.
    """
    with acting_as(merchant_id):
        found = _Opened(merchant_id, uid)
        if found.owner_id != actor.id:
            raise NotYours
        found.give(None, "", actor)
    return found.number


@retry_conflicts
def assign(
    *, merchant_id: int, uid: str, member_uid: str, actor: Actor, words: str = ""
) -> StaffInfo:
    """Hand an exception to a member of staff, whoever looks after it now; return them.

    Raises:
        UnknownException, AlreadyClosed: There is none to look after.
        UnknownStaff: Nobody who works here has this id.
    """
    person = _person(merchant_id, member_uid)
    with acting_as(merchant_id):
        found = _Opened(merchant_id, uid)
        found.give(person.user_id, person.email, actor, _words(words))
    return person


@retry_conflicts
def report(*, merchant_id: int, number: str, words: str, actor: Actor) -> str:
    """Open an exception about a delivery that failed outside; return its uid (U3).

    For what nothing in the house shows: a supplier who did not deliver, a buyer who got nothing.

    Raises:
        UnknownOrder: There is no such order.
        WordsMissing: Nobody says what failed.
        AlreadyOpen: The order has one.
    """
    words = _needed(words)
    now = utc_now()
    book = rule_book(merchant_id=merchant_id)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        line = Line.objects.filter(merchant_id=merchant_id, order_id=order.pk, line_no=1).first()
        product = line.kind if line else ""
        fact = Fact(order.pk, Kind.SUPPLIER, REPORTED, "", now, product, order.pay_by)
        made = open_rows(merchant_id, book, [fact], actor=actor, is_found=False)
        if not made:
            raise AlreadyOpen
        _log(merchant_id, number, actor, "exceptions.report", words)
        rows(
            _NOTE,
            {
                "merchant": merchant_id,
                "order": order.pk,
                "event": int(Event.NOTE),
                "kind": actor.kind,
                "label": actor.label[:120],
                "address": actor.address[:50],
                "text": words,
            },
        )
    return made[0]


_NOTE = """
insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
values (%(merchant)s::bigint, %(order)s::bigint, %(event)s::int, %(kind)s::text, %(label)s::text,
        %(address)s::text, jsonb_build_object('text', %(text)s::text))
"""


@retry_conflicts
def resolve(*, merchant_id: int, uid: str, words: str, actor: Actor) -> str:
    """End an exception that nothing else ends, and say how; return its order's number.

    Raises:
        UnknownException, AlreadyClosed: There is none to end.
        EndsByItself: It ends with what it stands for.
        NotYours: Somebody else looks after it.
        WordsMissing: Nobody says how.
    """
    words = _needed(words)
    with acting_as(merchant_id):
        found = _Opened(merchant_id, uid)
        if found.owner_id not in (None, actor.id):
            raise NotYours
        if found.is_found and found.reason != MAIL_FAILED:
            raise EndsByItself
        by = actor.label or actor.kind
        close_rows(merchant_id, [(found.id, "resolved")], actor, closed_by=by, text=words)
        _log(merchant_id, found.number, actor, "exceptions.resolve", words)
    return found.number


class _Opened:
    """An open exception, locked for the rest of the transaction."""

    def __init__(self, merchant_id: int, uid: str) -> None:
        found = rows(LOCKED, {"merchant": merchant_id, "uid": uid[:32]})
        if not found:
            raise UnknownException
        self.number: str
        closed_at: datetime | None
        (
            self.id,
            self.order_id,
            self.number,
            self.kind,
            self.reason,
            self.is_found,
            self.owner_id,
            closed_at,
        ) = found[0]
        if closed_at is not None:
            raise AlreadyClosed
        self.merchant_id = merchant_id

    def give(self, person_id: int | None, label: str, actor: Actor, words: str = "") -> None:
        """Say who looks after it from now on: in the order's timeline, and in the audit log."""
        rows(
            OWN,
            {
                "merchant": self.merchant_id,
                "id": self.id,
                "order": self.order_id,
                "owner": person_id,
                "at": None if person_id is None else utc_now(),
                "event": int(Event.EXCEPTION_TAKEN),
                "actor_kind": actor.kind,
                "actor": actor.label[:120],
                "address": actor.address[:50],
                "kind": self.kind,
                "to": label,
                "text": words,
            },
        )
        if actor is not SYSTEM:
            _log(self.merchant_id, self.number, actor, "exceptions.assign", words, {"to": label})


def _log(
    merchant_id: int,
    number: str,
    actor: Actor,
    action: str,
    reason: str,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="order",
        object_uid=number,
        after=after,
        reason=reason,
    )


def _person(merchant_id: int, member_uid: str) -> StaffInfo:
    people = merchants.staff(merchant_id=merchant_id)
    found = next((one for one in people if one.uid == member_uid and one.is_active), None)
    if found is None:
        raise UnknownStaff
    return found


def _words(text: str) -> str:
    return " ".join(text.split())[:WORDS_MAX]


def _needed(text: str) -> str:
    words = _words(text)
    if not words:
        raise WordsMissing
    return words
