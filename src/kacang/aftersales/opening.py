"""Opening a case: what a buyer may complain about, when, and how often (X1, X2)."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from kacang.aftersales import evidence
from kacang.aftersales.answering import asks_where, where_it_is
from kacang.aftersales.errors import BadCaseUnits, NotObserved, OpenAlready, TooManyCases
from kacang.aftersales.models import (
    Author,
    Case,
    CaseEvent,
    CaseState,
    CaseUnit,
    Decision,
)
from kacang.aftersales.rules import (
    BY_ADDRESS,
    CASES_PER_ORDER,
    DAY_SECONDS,
    REPEATER_DAYS,
    UNITS_MAX,
    Rules,
    rules_of,
)
from kacang.aftersales.turning import (
    checked_text,
    note,
    say,
    tell,
    tell_systems,
    turn,
    wind,
)
from kacang.aftersales.types import NewCase
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.refunding.queries import places_of
from kacang.orders.types import OrderFilter, OrderState, OrderView
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid

_PAID = frozenset(
    {
        OrderState.PAID,
        OrderState.FULFILLING,
        OrderState.SHIPPED,
        OrderState.DELIVERED,
        OrderState.COMPLETED,
        OrderState.ON_HOLD,
        OrderState.REFUNDING,
    }
)


@retry_conflicts
def open_case(*, merchant_id: int, new: NewCase, actor: Actor) -> str:
    """Open a case for units of an order, and return its uid. The same form opens it once.

    Who may open the order is the caller's to judge.

    Raises:
        UnknownOrder: There is no such order.
        TextMissing: Nothing, or too much, is said.
        TooMuchEvidence: It brings too many files.
        BadCaseUnits: The units are not the order's, were given back, or are too many.
        NotObserved: It is not paid, or the time for it is over.
        OpenAlready: One of the units has an open case.
        TooManyCases, TooManyAttempts: The order, contact or address has had too many.
    """
    text = checked_text(new.text)
    evidence.check_count(new.files)
    rules = rules_of(merchant_id)
    with acting_as(merchant_id):
        now = utc_now()
        order = orders.order(merchant_id=merchant_id, number=new.number)
        if known := _of_request(merchant_id, order.id, new.request_uid):
            return known
        if not is_observed_now(merchant_id, order, rules, now):
            raise NotObserved(days=rules.observe.days)
        _check_places(merchant_id, new)
        if Case.objects.filter(merchant_id=merchant_id, order_id=order.id).count() >= (
            CASES_PER_ORDER
        ):
            raise TooManyCases(limit=CASES_PER_ORDER)
        _count(merchant_id, order.contact, new.origin.address, rules)
        try:
            with transaction.atomic():
                case = _write(merchant_id, order, new, rules, now)
        except IntegrityError:
            # Somebody was quicker: the same form, or another one for the same unit.
            if known := _of_request(merchant_id, order.id, new.request_uid):
                return known
            raise OpenAlready from None
        message = say(case, Author.BUYER, "", text, now)
        evidence.keep(case, message, new.files, rules)
        note(case, CaseEvent.OPENED, actor, now, kind=new.kind.name.lower(), files=len(new.files))
        if _answer_by_itself(case, order, new, rules, now):
            # Nobody of the staff has to look: other systems are told, people are not.
            tell_systems(case, "tell_opened", now)
        else:
            tell(case, "tell_opened", now)
    return case.uid


def _answer_by_itself(
    case: Case, order: OrderView, new: NewCase, rules: Rules, now: datetime
) -> bool:
    """Say where the order is, if that is asked and can be said; it is then the buyer's turn."""
    if not rules.bot or not asks_where(new):
        return False
    said = where_it_is(merchant_id=case.merchant_id, order=order, places=tuple(new.places), now=now)
    if not said:
        return False
    say(case, Author.BOT, "", said, now)
    turn(case, CaseState.BUYERS, rules, now)
    case.save()
    note(case, CaseEvent.BOT_ANSWERED, SYSTEM, now)
    return True


def can_open(order: OrderView, rules: Rules, now: datetime) -> bool:
    """Whether cases can be opened for an order: paid, and delivered not too long ago."""
    if order.state not in _PAID or order.paid_at is None:
        return False
    return order.delivered_at is None or now < order.delivered_at + rules.observe


def is_observed_now(merchant_id: int, order: OrderView, rules: Rules, now: datetime) -> bool:
    """Whether cases can be opened now: as `can_open`, or something of it was given anew lately."""
    if can_open(order, rules, now):
        return True
    if order.state not in _PAID or order.delivered_at is None or not rules.observe:
        return False
    return orders.was_given_again(
        merchant_id=merchant_id, order_id=order.id, since=now - rules.observe
    )


def buyer_key(merchant_id: int, contact: Contact) -> bytes | None:
    """Return what former cases of a buyer are found by; None for one who left no contact."""
    known = contact.email or contact.phone
    if not known:
        return None
    return cipher_for(merchant_id).fingerprint(b"buyer", known.encode())


def _write(merchant_id: int, order: OrderView, new: NewCase, rules: Rules, now: datetime) -> Case:
    key = buyer_key(merchant_id, order.contact)
    case = Case(
        merchant_id=merchant_id,
        uid=new_uid("cas"),
        order_id=order.id,
        request_uid=new.request_uid[:64],
        kind=new.kind,
        state=CaseState.NEW,
        buyer_key=key,
        is_repeater=_is_repeater(merchant_id, order.contact, key, rules, now),
        opened_at=now,
        answer_by=rules.after(now, rules.answer),
        decide_by=rules.after(now, rules.decide),
        outcome={},
    )
    wind(case, rules, now)
    case.save(force_insert=True)
    CaseUnit.objects.bulk_create(
        CaseUnit(merchant_id=merchant_id, case_id=case.pk, line_id=line_id, unit_no=unit_no)
        for line_id, unit_no in sorted(new.places)
    )
    return case


def _of_request(merchant_id: int, order_id: int, request_uid: str) -> str:
    found = Case.objects.filter(
        merchant_id=merchant_id, order_id=order_id, request_uid=request_uid[:64]
    )
    return found.values_list("uid", flat=True).first() or ""


def _check_places(merchant_id: int, new: NewCase) -> None:
    wanted = set(new.places)
    if not 0 < len(wanted) <= UNITS_MAX or len(wanted) < len(new.places):
        raise BadCaseUnits(limit=UNITS_MAX)
    if not wanted <= set(places_of(merchant_id=merchant_id, number=new.number)):
        raise BadCaseUnits(limit=UNITS_MAX)


def _count(merchant_id: int, contact: Contact, address: str, rules: Rules) -> None:
    limits = (
        (Scope.CASES_BY_CONTACT, contact.email or contact.phone, rules.by_contact),
        (Scope.CASES_BY_ADDRESS, address, BY_ADDRESS),
    )
    for scope, value, limit in limits:
        if value:
            risk.count_attempt(
                merchant_id=merchant_id,
                scope=scope,
                value=value,
                limit=limit,
                window_seconds=DAY_SECONDS,
            )


def _is_repeater(
    merchant_id: int, contact: Contact, key: bytes | None, rules: Rules, now: datetime
) -> bool:
    """Whether a buyer has had as many refunds lately as the merchant wants to be told of."""
    if key is None or not rules.repeats:
        return False
    since = now - timedelta(days=REPEATER_DAYS)
    decided = Case.objects.filter(
        merchant_id=merchant_id,
        buyer_key=key,
        decision=Decision.REFUND,
        opened_at__gte=since,
    )[: rules.repeats].count()
    where = OrderFilter(
        state=OrderState.REFUNDED,
        email=contact.email,
        phone="" if contact.email else contact.phone,
        since=since,
    )
    page = orders.orders_page(merchant_id=merchant_id, where=where, limit=rules.repeats)
    return max(decided, len(page.rows)) >= rules.repeats
