"""Exports of the books: transfers as rows, and all in beancount's syntax (F1)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from kacang.ledger import queries, sums
from kacang.ledger.accounts import CHART, Account, TransferKind
from kacang.ledger.beancount import WORDS
from kacang.ledger.queries import Entry, EntryFilter
from kacang.outbox.exporting import FORMATS, Contents, Part
from kacang.reconciliation import books
from kacang.reconciliation.exports.asked import Asked, Listing, amount
from kacang.reconciliation.report import Span
from kacang.shared.clock import utc_now

BEANCOUNT = "beancount"
# Transfers that commit now may have an older time: an export ends a minute back.
SETTLED = timedelta(minutes=1)


def _fixed(asked: Asked) -> Mapping[str, Any]:
    return {**asked.where, "until": (utc_now() - SETTLED).isoformat()}


def _days(asked: Asked) -> tuple[date | None, date | None]:
    first, last = asked.where.get("first"), asked.where.get("last")
    return (
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
    )


def _bounds(asked: Asked) -> tuple[datetime | None, datetime]:
    """Return the instants of the days that were asked for; the end is never in the future."""
    first, last = _days(asked)
    since = Span(first, first).bounds(asked.zone)[0] if first else None
    until = datetime.fromisoformat(asked.where["until"])
    return since, min(until, Span(last, last).bounds(asked.zone)[1]) if last else until


def _account(asked: Asked) -> Account | None:
    number = asked.where.get("account")
    return None if number is None else Account(number)


def _kinds(asked: Asked) -> list[TransferKind]:
    return [TransferKind(kind) for kind in asked.where.get("kinds", ())]


def _count(asked: Asked) -> int:
    first, last = _days(asked)
    account, kinds = _account(asked), _kinds(asked)
    flows = sums.by_day(
        merchant_id=asked.merchant_id, first=first or sums.LONG_AGO, last=last or sums.LATEST
    )
    return sum(
        flow.count
        for flow in flows
        if (account is None or account in (flow.debit, flow.credit))
        and (not kinds or flow.kind in kinds)
    )


def _transfers(asked: Asked) -> Contents:
    since, until = _bounds(asked)
    wanted = EntryFilter(account=_account(asked), kinds=_kinds(asked), since=since, until=until)
    begin, end = queries.id_span(merchant_id=asked.merchant_id, since=since, until=until)
    heads = [
        _("Time"), _("Kind"), _("Debit account"), _("Debit"), _("Credit account"), _("Credit"),
        _("Amount"), _("Currency"), _("Document"), _("Order number"),
    ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        more = queries.entries_after(
            merchant_id=asked.merchant_id, wanted=wanted, after_id=int(after or begin),
            until_id=end, limit=most + 1,
        )  # fmt: skip
        found = more[:most]
        documents = {(one.document_kind, one.document_id) for one in found}
        papers = books.papers(merchant_id=asked.merchant_id, documents=documents)
        rows = []
        for one in found:
            paper = papers[one.document_kind, one.document_id]
            name = paper.name or paper.uid
            rows.append([*_said(asked, one), name, paper.order_number])
        return Part(rows, str(found[-1].id) if len(more) > most else "")

    return Contents(_("Ledger"), heads, read)


def _said(asked: Asked, one: Entry) -> list[Any]:
    at = 0 if asked.language.lower().startswith("zh") else 1
    debit, credit = CHART[one.debit], CHART[one.credit]
    names = (debit.zh, credit.zh) if at == 0 else (debit.en, credit.en)
    return [
        asked.time(one.at), WORDS[one.kind][at], int(one.debit), names[0], int(one.credit),
        names[1], amount(one.amount), one.amount.currency,
    ]  # fmt: skip


def _books(asked: Asked) -> Contents:
    since, until = _bounds(asked)
    pieces = books.pieces(
        merchant_id=asked.merchant_id, language=asked.language, since=since, until=until
    )

    ahead = next(pieces)

    def read(after: str, _most: int) -> Part:
        nonlocal ahead
        piece, following = ahead, next(pieces, None)
        ahead = following or piece
        place = str(int(after or 0) + 1) if following else ""
        return Part((), place, piece.text, piece.transfers)

    # Which accounts are opened already, only the run knows that began with the first transfer.
    return Contents(_("Books"), (), read, resumes=False)


TRANSFERS = Listing(FORMATS, _transfers, _count, _fixed)
BOOKS = Listing((BEANCOUNT,), _books, _count, _fixed)
