"""Rules, hours, special days and escalation at the desk, with what they come to (O6, O8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.merchants import queries as merchants
from kacang.merchants.permissions import Role
from kacang.orders.deadlines import operations, queries
from kacang.orders.deadlines.queries import ANY, BY_KIND, Rule, RuleBook, Stage
from kacang.orders.deadlines.setting import BadHours, BadRule
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions import queries as exception_queries
from kacang.orders.exceptions.operations import EscalationStep
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.deadlines.words import (
    STAGES,
    STARTS,
    WEEKDAYS,
    hours_text,
    kind_word,
    read_hours,
)
from kacang.web.console.desk import Desk, desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

LEVELS = 3
DIGITS_MOST = 6


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A stage and kind with the rule that holds now, the next one, and what it comes to."""

    stage: Stage
    kind: str
    name: Promise
    start: Promise
    of: Promise | str
    now: Rule
    is_own: bool
    next: Rule | None
    due: datetime | None


@needs("settings.view")
def rules_page(request: ConsoleRequest) -> HttpResponse:
    """Show what holds now, what will, and by when what begins at a moment is to be over."""
    desk = desk_of(request)
    begin = _moment(request.GET.get("at", ""), desk) or timezone.now()
    book = queries.rule_book(merchant_id=desk.merchant_id)
    today = timezone.now().astimezone(desk.zone).date()
    steps = exception_queries.escalation_steps(merchant_id=desk.merchant_id)
    context = {
        "rows": _rows(book, begin),
        "begin": begin.astimezone(desk.zone),
        "choices": [
            (f"{stage.value}:{kind}", f"{STAGES[stage]} · {kind_word(kind)}")
            for stage in Stage
            for kind in _kinds(stage)
        ],
        "week": [
            (number, WEEKDAYS[number], hours_text(spans))
            for number, spans in enumerate(queries.hours_of(merchant_id=desk.merchant_id))
        ],
        "weekdays": list(enumerate(WEEKDAYS)),
        "special": [
            (day, name, WEEKDAYS[weekday] if weekday is not None else "")
            for day, name, weekday in queries.working_days(
                merchant_id=desk.merchant_id, since=today
            )
        ],
        "levels": _levels(steps),
        "whom": _whom(desk),
        "zone": desk.zone.key,
        "may_edit": "settings.edit" in desk.permissions,
    }
    return render(request, "console/deadlines/rules.html", context)


def _rows(book: RuleBook, begin: datetime) -> list[RuleRow]:
    rows = []
    for stage in Stage:
        for kind in _kinds(stage):
            own = [rule for rule in book.rules if rule.stage is stage and rule.kind == kind]
            held = [rule for rule in own if rule.valid_from <= begin]
            later = sorted(
                (rule for rule in own if rule.valid_from > begin), key=lambda one: one.valid_from
            )
            if kind != ANY and not own:
                # It has none of its own: that of all holds, which stands above.
                continue
            rows.append(
                RuleRow(
                    stage=stage,
                    kind=kind,
                    name=STAGES[stage],
                    start=STARTS[stage],
                    of=kind_word(kind),
                    now=book.rule(stage, kind, begin),
                    is_own=bool(held),
                    next=later[0] if later else None,
                    due=book.due(stage, kind, begin),
                )
            )
    return rows


def _kinds(stage: Stage) -> tuple[str, ...]:
    kinds = BY_KIND.get(stage, ())
    return (ANY, *kinds) if len(kinds) > 1 else (ANY,)


def _levels(steps: Sequence[EscalationStep]) -> list[tuple[int, int | str, str]]:
    filled: list[tuple[int, int | str, str]] = [
        (number, step.after_minutes, step.role or step.member_uid)
        for number, step in enumerate(steps, start=1)
    ]
    return filled + [(number, "", "") for number in range(len(filled) + 1, LEVELS + 1)]


def _whom(desk: Desk) -> list[tuple[str, str]]:
    people = merchants.staff(merchant_id=desk.merchant_id)
    roles = [(role.value, str(role.label)) for role in Role]
    return roles + [(one.uid, one.name or one.email) for one in people if one.is_active]


def _set_rule(request: ConsoleRequest, desk: Desk) -> str:
    stage, _colon, kind = request.POST.get("what", "").partition(":")
    minutes, warn = _number(request, "minutes"), _number(request, "warn")
    if stage not in set(Stage) or (minutes is None and not request.POST.get("none")):
        raise BadRule
    rule = Rule(
        Stage(stage),
        kind,
        None if request.POST.get("none") else minutes,
        warn or 0,
        bool(request.POST.get("working")),
        _moment(request.POST.get("since", ""), desk) or timezone.now(),
    )
    operations.set_rule(
        merchant_id=desk.merchant_id, rule=rule, actor=desk.actor, now=timezone.now()
    )
    return _("The rule holds from its moment on.")


def _drop_rule(request: ConsoleRequest, desk: Desk) -> str:
    stage, _colon, kind = request.POST.get("what", "").partition(":")
    since = _exact(request.POST.get("since", ""))
    if stage not in set(Stage) or since is None:
        raise BadRule
    is_gone = operations.drop_rule(
        merchant_id=desk.merchant_id,
        stage=Stage(stage),
        kind=kind,
        valid_from=since,
        actor=desk.actor,
        now=timezone.now(),
    )
    return _("The rule is taken back.") if is_gone else _("Nothing was changed.")


def _set_week(request: ConsoleRequest, desk: Desk) -> str:
    spans = [read_hours(request.POST.get(f"day-{number}", "")[:100]) for number in range(7)]
    weekly = [one for one in spans if one is not None]
    if len(weekly) != len(spans):
        raise BadHours
    operations.set_week(merchant_id=desk.merchant_id, weekly=weekly, actor=desk.actor)
    return _("Saved.")


def _set_day(request: ConsoleRequest, desk: Desk) -> str:
    weekday = request.POST.get("as", "")
    operations.set_day(
        merchant_id=desk.merchant_id,
        day=_day(request),
        name=request.POST.get("name", "").replace("\0", ""),
        as_weekday=int(weekday) if weekday in set("0123456") else None,
        actor=desk.actor,
    )
    return _("Saved.")


def _forget_day(request: ConsoleRequest, desk: Desk) -> str:
    operations.forget_day(merchant_id=desk.merchant_id, day=_day(request), actor=desk.actor)
    return _("Saved.")


def _set_levels(request: ConsoleRequest, desk: Desk) -> str:
    steps = []
    for number in range(1, LEVELS + 1):
        whom = request.POST.get(f"whom-{number}", "")[:40]
        after = _number(request, f"after-{number}")
        if not whom:
            continue
        role = whom if whom in Role.values else ""
        steps.append(EscalationStep(-1 if after is None else after, role, "" if role else whom))
    exceptions.set_escalation(merchant_id=desk.merchant_id, steps=steps, actor=desk.actor)
    return _("Saved.")


DEEDS: dict[str, Callable[[ConsoleRequest, Desk], str]] = {
    "set": _set_rule,
    "drop": _drop_rule,
    "week": _set_week,
    "day": _set_day,
    "day-off": _forget_day,
    "levels": _set_levels,
}


@needs("settings.edit")
@require_POST
def change(request: ConsoleRequest, deed: str) -> HttpResponse:
    """Change a rule, the hours, a day or who is told; then show what holds."""
    try:
        text = DEEDS[deed](request, desk_of(request))
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, text)
    return redirect("console_deadline_rules")


def _number(request: ConsoleRequest, name: str) -> int | None:
    typed = request.POST.get(name, "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= DIGITS_MOST else None


def _day(request: ConsoleRequest) -> date:
    try:
        return date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        raise BadHours from None


def _moment(text: str, desk: Desk) -> datetime | None:
    """Read a moment as a form gives it: by the clock on the merchant's wall."""
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_near = 2000 < typed.year < 2200  # noqa: PLR2004 - of this and the next century
    return typed.replace(tzinfo=desk.zone) if is_near and typed.tzinfo is None else None


def _exact(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
