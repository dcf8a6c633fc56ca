"""The books at the desk: the chart with what stands on it, entries, documents, export (F1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise

from kacang.ledger import queries, sums
from kacang.ledger.accounts import CHART, Account, TransferKind
from kacang.ledger.queries import Entry, EntryFilter
from kacang.ledger.sums import DayFlow
from kacang.reconciliation import books
from kacang.reconciliation.report import Span
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.ledger import words
from kacang.web.console.ledger.words import PaperLink
from kacang.web.console.reconciliation.filters import day_of, pages_of_more
from kacang.web.requests import ConsoleRequest

PAGE = 50
# An account's entries are those of so many days unless the address says otherwise.
USUAL_DAYS = 30
KINDS = {kind.name.lower(): kind for kind in TransferKind}


@dataclass(frozen=True, slots=True)
class Standing:
    """An account of the chart, with what stands on it in each currency."""

    account: Account
    name: str
    url: str
    amounts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the chart."""

    name: Promise
    is_credit: bool
    rows: list[Standing]


@dataclass(frozen=True, slots=True)
class Row:
    """A transfer as a page shows it. `signed`: what it changes on the account of the page."""

    entry: Entry
    kind: str
    debit: str
    credit: str
    debit_url: str
    credit_url: str
    paper: PaperLink
    signed: Money | None


@needs("ledger.view")
def chart(request: ConsoleRequest) -> HttpResponse:
    """Show every account with what stands on it, now or at the end of a day."""
    desk = desk_of(request)
    day = day_of(request.GET, "at")
    found: dict[Account, dict[str, int]] = {}
    for line in sums.standings(merchant_id=desk.merchant_id, last=day):
        found.setdefault(line.account, {})[line.amount.currency] = line.amount.minor
    context = {
        "groups": _groups(found),
        "day": day,
        "is_empty": not found,
        "today": utc_now().astimezone(desk.zone).date(),
        "can_export": "ledger.export" in desk.permissions,
    }
    return render(request, "console/ledger/chart.html", context)


@needs("ledger.view")
def account_entries(request: ConsoleRequest, number: int) -> HttpResponse:
    """Show an account's entries of a period, the newest first."""
    desk = desk_of(request)
    if number not in set(Account):
        raise Http404
    account = Account(number)
    span = _span(request, desk)
    chosen = request.GET.get("kind", "")
    # Several are named with commas between them, by pages that sum them up.
    kinds = [KINDS[name] for name in dict.fromkeys(chosen.split(",")) if name in KINDS]
    flows = [
        flow
        for flow in sums.by_day(merchant_id=desk.merchant_id, first=span.first, last=span.last)
        if account in (flow.debit, flow.credit)
    ]
    number_of_page = page_number(request)
    window = sums.window(
        flows=flows, zone=desk.zone, kinds=kinds, offset=number_of_page * PAGE, most=PAGE + 1
    )
    page = queries.EntryPage((), None)
    if window is not None:
        wanted = EntryFilter(account=account, kinds=kinds, since=window.since, until=window.until)
        page = queries.entries(
            merchant_id=desk.merchant_id, wanted=wanted, limit=PAGE, skipped=window.skipped
        )
    context = {
        "account": account,
        "name": words.account_word(account),
        "beancount": CHART[account].beancount,
        "span": span,
        "kinds": _reasons(flows, kinds),
        "kind": ",".join(kind.name.lower() for kind in kinds),
        "turnover": _turnover(account, [one for one in flows if not kinds or one.kind in kinds]),
        "rows": _rows(desk, page.entries, account),
        "pages": pages_of_more(request, number_of_page, has_more=page.next_before is not None),
        "can_export": "ledger.export" in desk.permissions,
        "export_query": urlencode({"account": int(account), "kind": chosen}),
    }
    return render(request, "console/ledger/entries.html", context)


@needs("ledger.view")
def document_entries(request: ConsoleRequest, kind: str, uid: str) -> HttpResponse:
    """Show all entries about one order, bill or batch."""
    desk = desk_of(request)
    if kind not in books.ASKED:
        raise Http404
    entries = books.entries_of(merchant_id=desk.merchant_id, kind=kind, uid=uid)
    context = {
        "word": words.DOCUMENT_WORDS[kind],
        "rows": _rows(desk, entries, None),
        "name": uid if kind == "order" else "",
        "can_export": False,
    }
    return render(request, "console/ledger/document.html", context)


def _groups(found: dict[Account, dict[str, int]]) -> list[Group]:
    groups = []
    for key, name in words.GROUPS.items():
        is_credit = key in words.CREDIT_GROUPS
        sign = -1 if is_credit else 1
        rows = [
            Standing(
                account,
                words.account_word(account),
                reverse("console_ledger_account", args=[int(account)]),
                tuple(
                    Money(sign * minor, currency)
                    for currency, minor in sorted(found.get(account, {}).items())
                    if minor
                ),
            )
            for account in sorted(Account)
            if words.group_of(account) == key
        ]
        groups.append(Group(name, is_credit, rows))
    return groups


def _span(request: ConsoleRequest, desk: Desk) -> Span:
    today = utc_now().astimezone(desk.zone).date()
    last = day_of(request.GET, "last") or today
    first = day_of(request.GET, "first") or last - timedelta(days=USUAL_DAYS - 1)
    return Span(min(first, last), last)


def _reasons(flows: Sequence[DayFlow], chosen: Sequence[TransferKind]) -> list[tuple[str, str]]:
    """Return why money moved on an account, for the choice of one; and those that are chosen."""
    found = [
        (name, words.kind_word(kind))
        for name, kind in KINDS.items()
        if kind in chosen or any(flow.kind is kind for flow in flows)
    ]
    if len(chosen) > 1:
        together = " + ".join(words.kind_word(kind) for kind in chosen)
        found.insert(0, (",".join(kind.name.lower() for kind in chosen), together))
    return found


def _turnover(account: Account, flows: Sequence[DayFlow]) -> list[tuple[Money, Money]]:
    """Return what came on and went off an account, by currency."""
    found: dict[str, list[int]] = {}
    for flow in flows:
        both = found.setdefault(flow.amount.currency, [0, 0])
        both[0] += flow.amount.minor if flow.debit is account else 0
        both[1] += flow.amount.minor if flow.credit is account else 0
    return [
        (Money(debit, currency), Money(credit, currency))
        for currency, (debit, credit) in sorted(found.items())
    ]


def _rows(desk: Desk, entries: Sequence[Entry], account: Account | None) -> list[Row]:
    documents = {(one.document_kind, one.document_id) for one in entries}
    papers = books.papers(merchant_id=desk.merchant_id, documents=documents)
    return [
        Row(
            one,
            words.kind_word(one.kind),
            words.account_word(one.debit),
            words.account_word(one.credit),
            reverse("console_ledger_account", args=[int(one.debit)]),
            reverse("console_ledger_account", args=[int(one.credit)]),
            words.link_of(papers[one.document_kind, one.document_id], desk.permissions),
            _signed(one, account),
        )
        for one in entries
    ]


def _signed(entry: Entry, account: Account | None) -> Money | None:
    if account is None or entry.debit is entry.credit:
        return None
    minor = entry.amount.minor if entry.debit is account else -entry.amount.minor
    return Money(minor, entry.amount.currency)
