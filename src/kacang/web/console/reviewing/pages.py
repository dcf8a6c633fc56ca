"""The list of rules, one rule, and trying them on the last orders (O9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants import queries as merchants
from kacang.merchants.queries import StaffInfo
from kacang.orders.reviewing import operations, queries
from kacang.orders.reviewing.queries import BadRule, Fact, Rule, RuleBody, Trial, Verdict
from kacang.payments import queries as payments
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.reviewing.forms import (
    PLACES_MOST,
    TEXT_MOST,
    filled,
    number_rows,
    read_body,
    word_rows,
)
from kacang.web.console.reviewing.shown import called_of
from kacang.web.console.reviewing.words import (
    DEEDS,
    FACTS,
    FIELDS,
    HINTS,
    SHORT,
    STATE_TONES,
    STATES,
    TONES,
    VERDICTS,
    Called,
    conditions_of,
    deeds_of,
)
from kacang.web.design.companies import company_name
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 20


@dataclass(frozen=True, slots=True)
class Names:
    """What numbers in rules are called: levels by rank, members of staff by id."""

    people: Sequence[StaffInfo]
    called: Called
    payments: Mapping[Fact, Mapping[str, str]]

    @property
    def by_member(self) -> dict[int, str]:
        """Names of members of staff."""
        return {one.member_id: one.name or one.email for one in self.people}

    @property
    def uids(self) -> dict[int, str]:
        """Public ids of members of staff."""
        return {one.member_id: one.uid for one in self.people}


@dataclass(frozen=True, slots=True)
class Row:
    """A rule of the list, in words."""

    rule: Rule
    place: int
    conditions: Sequence[str]
    deeds: Sequence[tuple[str, str]]
    count: int
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class TriedRow:
    """An order of a trial, in words."""

    number: str
    amount: Money
    risk: int
    rules: Sequence[str]
    tone: str
    verdict: str
    priority: int


@needs("orders.rules")
def rule_list(request: ConsoleRequest) -> HttpResponse:
    """Show the rules in the order in which they are asked; `try`: what they would have done."""
    desk = desk_of(request)
    names = names_of(desk)
    rules = queries.rules(merchant_id=desk.merchant_id)
    counts = queries.counts_by_rule(merchant_id=desk.merchant_id)
    last = _last(request.GET.get("try", ""))
    trial = queries.try_rules(merchant_id=desk.merchant_id, last=last) if last else None
    rows = [
        Row(
            rule, place + 1, conditions_of(rule.body, names.called),
            deeds_of(rule.body, names.by_member), counts.get(rule.id, 0),
            place == 0, place == len(rules) - 1,
        )
        for place, rule in enumerate(rules)
    ]  # fmt: skip
    context = {
        "rows": rows,
        "most": queries.COUNT_MOST,
        "on": sum(rule.is_on for rule in rules),
        **trial_context(desk, trial, rules),
    }
    return render(request, "console/reviewing/list.html", context)


@needs("orders.rules")
@require_http_methods(["GET", "POST"])
def rule_new(request: ConsoleRequest) -> HttpResponse:
    """Add a rule, which is off at first; or try it before."""
    desk = desk_of(request)
    if request.method == "POST":
        return _save(request, desk, None)
    form = QueryDict(mutable=True)
    form["verdict"] = str(int(Verdict.HOLD))
    return _form(request, desk, None, form)


@needs("orders.rules")
@require_http_methods(["GET", "POST"])
def rule_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a rule with its versions and orders; change it, or try the change before."""
    desk = desk_of(request)
    rule = queries.rule(merchant_id=desk.merchant_id, uid=uid)
    if request.method == "POST":
        return _save(request, desk, rule)
    names = names_of(desk)
    form = filled(rule.body, desk.currency, names.uids)
    last = _last(request.GET.get("try", ""))
    trial = queries.try_rules(merchant_id=desk.merchant_id, last=last, uid=uid) if last else None
    return _form(request, desk, rule, form, trial=trial)


@needs("orders.rules")
@require_POST
def rule_move(request: ConsoleRequest, uid: str, way: str) -> HttpResponse:
    """Have a rule asked sooner or later than its neighbour."""
    desk = desk_of(request)
    uids = [one.uid for one in queries.rules(merchant_id=desk.merchant_id)]
    if uid in uids:
        place = uids.index(uid) + (-1 if way == "up" else 1)
        operations.move_rule(
            merchant_id=desk.merchant_id, uid=uid, place=max(place, 0), actor=desk.actor
        )
        messages.success(request, _("The order of the rules is changed."))
    return redirect("console_rules")


@needs("orders.rules")
@require_POST
def rule_switch(request: ConsoleRequest, uid: str, to: str) -> HttpResponse:
    """Switch a rule on or off, from the next payment on."""
    desk = desk_of(request)
    operations.switch_rule(
        merchant_id=desk.merchant_id, uid=uid, is_on=to == "on", actor=desk.actor
    )
    said = _("The rule is on, from the next payment on.") if to == "on" else _("The rule is off.")
    messages.success(request, said)
    return redirect("console_rules")


@needs("orders.rules")
@require_POST
def rule_delete(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Delete a rule; what it decided stays, and names it."""
    desk = desk_of(request)
    operations.delete_rule(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    messages.success(request, _("The rule is deleted. Its decisions stay in the orders."))
    return redirect("console_rules")


def names_of(desk: Desk) -> Names:
    """Return what numbers in rules are called."""
    people = merchants.staff(merchant_id=desk.merchant_id)
    called = called_of(desk)
    companies = {
        one.provider: company_name(one.provider)
        for one in payments.accounts(merchant_id=desk.merchant_id)
    }
    return Names(people, called, {Fact.COMPANY: companies, Fact.ACCOUNT: called.accounts})


def trial_context(desk: Desk, trial: Trial | None, rules: Sequence[Rule]) -> dict[str, object]:
    """Return what a page shows of a trial, and of how many orders one may ask."""
    context: dict[str, object] = {"lasts": queries.LAST, "trial": trial}
    if trial is None:
        return context
    verdicts = [
        (TONES[verdict], SHORT[verdict], trial.verdicts.get(verdict, 0))
        for verdict in (Verdict.PASS, Verdict.HOLD, Verdict.DUAL)
    ]
    known = [
        (rule.body.name, trial.by_rule.get(rule.uid, 0))
        for rule in rules
        if rule.is_on or rule.uid == trial.draft
    ]
    if trial.draft and trial.draft not in {rule.uid for rule in rules}:
        known.append((_("This rule"), trial.by_rule.get(trial.draft, 0)))
    sample = [
        TriedRow(
            number=one.number,
            amount=Money(one.facts.amount, desk.currency),
            risk=one.facts.risk,
            rules=[hit.rule.body.name for hit in one.decision.hits],
            tone=TONES[one.decision.verdict],
            verdict=str(SHORT[one.decision.verdict]),
            priority=one.decision.priority,
        )
        for one in trial.sample
    ]
    return {**context, "trial_verdicts": verdicts, "trial_rules": known, "trial_rows": sample}


def _save(request: ConsoleRequest, desk: Desk, rule: Rule | None) -> HttpResponse:
    form = request.POST
    try:
        body = read_body(form, desk.currency, merchants.staff(merchant_id=desk.merchant_id))
        last = _last(form.get("try", ""))
        if last:
            trial = queries.try_rules(
                merchant_id=desk.merchant_id, last=last, uid=rule.uid if rule else "", draft=body
            )
            return _form(request, desk, rule, form, trial=trial)
        uid = _kept(desk, rule, body, form.get("version", ""))
    except DomainError as error:
        return _form(request, desk, rule, form, problem=_problem(error))
    if rule is None:
        messages.success(request, _("The rule is added. It is off: try it, then switch it on."))
    else:
        messages.success(request, _("The rule is changed."))
    return redirect("console_rule", uid)


def _problem(error: DomainError) -> str:
    field = str(error.detail.get("field", "")) if isinstance(error, BadRule) else ""
    return f"{FIELDS[field]}: {text_of(error)}" if field in FIELDS else text_of(error)


def _kept(desk: Desk, rule: Rule | None, body: RuleBody, version: str) -> str:
    if rule is None:
        return operations.add_rule(merchant_id=desk.merchant_id, body=body, actor=desk.actor)
    operations.change_rule(
        merchant_id=desk.merchant_id,
        uid=rule.uid,
        version=int(version) if version.isascii() and version.isdigit() else 0,
        body=body,
        actor=desk.actor,
    )
    return rule.uid


def _form(
    request: ConsoleRequest,
    desk: Desk,
    rule: Rule | None,
    form: QueryDict,
    *,
    trial: Trial | None = None,
    problem: str = "",
) -> HttpResponse:
    names = names_of(desk)
    rules = queries.rules(merchant_id=desk.merchant_id)
    context = {
        "rule": rule,
        "form": form,
        "version": form.get("version") or (rule.version if rule else ""),
        "name_most": TEXT_MOST,
        "word_rows": word_rows(form, names.payments),
        "number_rows": number_rows(form, sorted(names.called.levels.items())),
        "verdicts": [(str(int(one)), words) for one, words in VERDICTS.items()],
        "priorities": [str(number) for number in range(1, queries.PRIORITY_MAX + 1)],
        "people": [one for one in names.people if one.is_active],
        "places_most": PLACES_MOST,
        "region": (FACTS[Fact.REGION], HINTS[Fact.REGION]),
        "hour": (FACTS[Fact.HOUR], HINTS[Fact.HOUR]),
        "place_text": form.get(Fact.REGION, ""),
        "place_op": form.get("region-op", ""),
        "hour_from": form.get("hour-from", ""),
        "hour_until": form.get("hour-until", ""),
        "deeds": [(str(int(one)), words) for one, words in DEEDS.items()],
        "limit_hours": form.get("limit-hours", ""),
        "is_working": form.get("limit-working") == "1",
        "problem": problem,
        **trial_context(desk, trial, rules),
    }
    if rule is not None:
        context |= _past(request, desk, rule, names)
    return render(request, "console/reviewing/rule.html", context, status=422 if problem else 200)


def _past(request: ConsoleRequest, desk: Desk, rule: Rule, names: Names) -> dict[str, object]:
    """Return a rule's versions, and the orders that it had a part in."""
    versions = queries.versions_of(merchant_id=desk.merchant_id, uid=rule.uid)
    page = queries.orders_of_rule(
        merchant_id=desk.merchant_id,
        uid=rule.uid,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    return {
        "versions": [
            (
                one,
                conditions_of(one.body, names.called),
                deeds_of(one.body, names.by_member),
            )
            for one in versions
        ],
        "hits": [
            (one, TONES[one.verdict], SHORT[one.verdict], STATE_TONES[one.state], STATES[one.state])
            for one in page.rows
        ],
        "pages": pages_of(request, page.next_cursor),
        "count": queries.counts_by_rule(merchant_id=desk.merchant_id).get(rule.id, 0),
        "most": queries.COUNT_MOST,
    }


def _last(text: str) -> int:
    return int(text) if text in {str(number) for number in queries.LAST} else 0
