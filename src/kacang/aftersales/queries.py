"""What others may ask about cases."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from kacang.aftersales.content import UNHAPPY, Content, content_since
from kacang.aftersales.deciding import cards_of_case, places_of_case
from kacang.aftersales.ending import can_reopen
from kacang.aftersales.errors import UnknownCase
from kacang.aftersales.evidence import view_of
from kacang.aftersales.models import (
    OPEN,
    RUNNING,
    Author,
    Case,
    CaseEntry,
    CaseEvent,
    CaseFile,
    CaseKind,
    CaseMessage,
    CaseState,
    Decision,
)
from kacang.aftersales.opening import is_observed_now
from kacang.aftersales.replies import NAMES, ReplyView, replies
from kacang.aftersales.rules import REOPENED_MAX, rules_of
from kacang.aftersales.types import (
    CaseFilter,
    CasePage,
    CaseRow,
    CaseView,
    EntryView,
    MessageView,
)
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders.types import OrderView
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid
from kacang.shared.money import Money
from kacang.vault.queries import UnitCard

__all__ = [
    "NAMES", "OPEN", "RUNNING", "BadCaseCursor", "CaseFilter", "CaseKind", "CasePage", "CaseRow",
    "CaseState", "CaseView", "Content", "Decision", "ReplyView", "cards", "case", "cases_of_order",
    "cases_of_orders", "cases_page", "content_since", "counts", "former_cases", "is_observed",
    "late_count", "may_reopen", "replies",
]  # fmt: skip
PAGE_MAX = 200
MESSAGES_MAX = ENTRIES_MAX = 200
FORMER_MAX = 20
OF_ORDER_MAX = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class BadCaseCursor(Invalid):
    """The cursor did not come from this list."""

    code = "aftersales.bad_cursor"


def case(*, merchant_id: int, uid: str, order_id: int | None = None) -> CaseView:
    """Return a case with what was said and done, of one moment; of one order, if one is named.

    Raises:
        UnknownCase: There is none, or it is another order's.
    """
    now = utc_now()
    with acting_as(merchant_id, snapshot=True):
        found = Case.objects.filter(merchant_id=merchant_id, uid=uid[:32])
        if order_id is not None:
            found = found.filter(order_id=order_id)
        row = found.first()
        if row is None:
            raise UnknownCase
        entries = CaseEntry.objects.filter(merchant_id=merchant_id, case_id=row.pk)
        return CaseView(
            row=_row(row, now),
            places=places_of_case(row),
            messages=_messages(row, now),
            entries=[_entry(one) for one in entries.order_by("id")[:ENTRIES_MAX]],
        )


def cards(*, merchant_id: int, uid: str) -> list[UnitCard]:
    """Return the cards that the units of a case have got now.

    Raises:
        UnknownCase: There is no such case.
    """
    with acting_as(merchant_id):
        row = Case.objects.filter(merchant_id=merchant_id, uid=uid[:32]).first()
        if row is None:
            raise UnknownCase
        return cards_of_case(row)


def cases_of_order(*, merchant_id: int, order_id: int) -> list[CaseRow]:
    """Return the cases of one order, the newest first."""
    now = utc_now()
    with acting_as(merchant_id):
        rows = Case.objects.filter(merchant_id=merchant_id, order_id=order_id)
        return [_row(row, now) for row in rows.order_by("-id")[:OF_ORDER_MAX]]


def cases_of_orders(
    *, merchant_id: int, order_ids: Sequence[int], limit: int = OF_ORDER_MAX
) -> list[CaseRow]:
    """Return the cases of some orders, the newest first."""
    now = utc_now()
    with acting_as(merchant_id):
        rows = Case.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
        return [_row(row, now) for row in rows.order_by("-id")[:limit]]


def former_cases(*, merchant_id: int, uid: str) -> list[CaseRow]:
    """Return other cases of the same buyer, the newest first."""
    now = utc_now()
    with acting_as(merchant_id):
        row = Case.objects.filter(merchant_id=merchant_id, uid=uid[:32]).first()
        if row is None or row.buyer_key is None:
            return []
        others = Case.objects.filter(merchant_id=merchant_id, buyer_key=bytes(row.buyer_key))
        return [
            _row(one, now) for one in others.order_by("-id")[: FORMER_MAX + 1] if one.pk != row.pk
        ]


def cases_page(
    *, merchant_id: int, where: CaseFilter, cursor: str = "", limit: int = 50
) -> CasePage:
    """Return a page of cases: by deadline where the shop's clock runs, else the newest first.

    Raises:
        BadCaseCursor: `cursor` did not come from here.
    """
    limit = max(1, min(limit, PAGE_MAX))
    now = utc_now()
    by_deadline = len(where.states) == 1 and where.states[0] in RUNNING
    with acting_as(merchant_id):
        found = _narrowed(merchant_id, where)
        found = _by_deadline(found, cursor) if by_deadline else _newest(found, cursor)
        rows = list(found[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    following = ""
    if last is not None:
        following = str(last.pk)
        if by_deadline and last.due_at is not None:
            following = f"{(last.due_at - _EPOCH) // _TICK}:{last.pk}"
    return CasePage([_row(row, now) for row in rows[:limit]], following)


def counts(*, merchant_id: int) -> Mapping[CaseState, int]:
    """Return how many cases wait, by state; closed ones are not counted."""
    with acting_as(merchant_id):
        rows = Case.objects.filter(
            merchant_id=merchant_id, state__in=(*OPEN, CaseState.DECIDED)
        ).values("state")
        found = {row["state"]: row["count"] for row in rows.annotate(count=Count("id"))}
    return {state: found.get(int(state), 0) for state in CaseState}


def late_count(*, merchant_id: int) -> int:
    """Return how many cases are past their deadline."""
    with acting_as(merchant_id):
        return Case.objects.filter(
            merchant_id=merchant_id, state__in=RUNNING, due_at__lt=utc_now()
        ).count()


def is_observed(*, merchant_id: int, order: OrderView) -> bool:
    """Whether cases can be opened for an order now."""
    return is_observed_now(merchant_id, order, rules_of(merchant_id), utc_now())


def may_reopen(*, merchant_id: int, uid: str) -> bool:
    """Whether the buyer may open an ended case again now."""
    with acting_as(merchant_id):
        row = Case.objects.filter(merchant_id=merchant_id, uid=uid[:32]).first()
    return (
        row is not None
        and row.state in (CaseState.DECIDED, CaseState.CLOSED)
        and row.reopened < REOPENED_MAX
        and can_reopen(row, rules_of(merchant_id), utc_now())
    )


def _narrowed(merchant_id: int, where: CaseFilter) -> QuerySet[Case]:
    found = Case.objects.filter(merchant_id=merchant_id)
    if where.states:
        found = found.filter(state__in=where.states)
    if where.owner_uid:
        found = found.filter(owner_uid=where.owner_uid)
    if where.order_id is not None:
        found = found.filter(order_id=where.order_id)
    if where.is_unhappy:
        found = found.filter(stars__lte=UNHAPPY)
    return found


def _by_deadline(found: QuerySet[Case], cursor: str) -> QuerySet[Case]:
    if cursor:
        ticks, _, number = cursor.partition(":")
        try:
            at, last = _EPOCH + _whole(ticks) * _TICK, _whole(number)
        except (ValueError, OverflowError):
            raise BadCaseCursor from None
        # By the first bound alone the index is entered; the rest only looks at equals.
        found = found.filter(Q(due_at__gt=at) | Q(id__gt=last), due_at__gte=at)
    return found.order_by("due_at", "id")


def _newest(found: QuerySet[Case], cursor: str) -> QuerySet[Case]:
    if cursor:
        try:
            found = found.filter(id__lt=_whole(cursor))
        except ValueError:
            raise BadCaseCursor from None
    return found.order_by("-id")


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - a bigint
        raise ValueError(text)
    return int(text)


def _row(row: Case, now: datetime) -> CaseRow:
    amount = None if row.amount_minor is None else Money(row.amount_minor, row.currency)
    return CaseRow(
        id=row.pk,
        uid=row.uid,
        order_id=row.order_id,
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        is_repeater=row.is_repeater,
        owner_uid=row.owner_uid,
        owner_label=row.owner_label,
        opened_at=row.opened_at,
        answered_at=row.answered_at,
        due_at=row.due_at,
        alarms=row.alarms,
        decision=None if row.decision is None else Decision(row.decision),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        amount=amount,
        outcome=row.outcome,
        stars=row.stars,
        closed_at=row.closed_at,
        reopened=row.reopened,
        is_late=row.due_at is not None and row.due_at <= now,
    )


def _messages(row: Case, now: datetime) -> list[MessageView]:
    cipher = cipher_for(row.merchant_id)
    found = CaseMessage.objects.filter(merchant_id=row.merchant_id, case_id=row.pk)
    files: dict[int, list[CaseFile]] = {}
    for one in CaseFile.objects.filter(merchant_id=row.merchant_id, case_id=row.pk).order_by("id"):
        files.setdefault(one.message_id, []).append(one)
    return [
        MessageView(
            author=Author(message.author),
            author_label=message.author_label,
            text=_opened(cipher.open, message),
            at=message.at,
            files=[view_of(one, now) for one in files.get(message.pk, ())],
        )
        for message in found.order_by("id")[:MESSAGES_MAX]
    ]


def _opened(open_sealed: Any, message: CaseMessage) -> str:
    body: bytes = open_sealed("case_message", "body", bytes(message.body), message.uid.encode())
    return body.decode()


def _entry(row: CaseEntry) -> EntryView:
    return EntryView(CaseEvent(row.event), row.at, row.actor_kind, row.actor_label, row.detail)


def order_ids(rows: Iterable[CaseRow]) -> list[int]:
    """Return the orders that cases of a list are of, each once."""
    return sorted({row.order_id for row in rows})
