"""Export of the figures of the page Finance: by day and currency, and by account (F1, P5)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kacang.ledger import sums
from kacang.outbox.exporting import FORMATS, Contents, Part
from kacang.payments import reporting
from kacang.reconciliation.exports.asked import Asked, Listing, amount
from kacang.reconciliation.figures import MEASURES, by_day_and_currency
from kacang.reconciliation.report import Span
from kacang.shared.money import Money


def _span(asked: Asked) -> Span:
    return Span(date.fromisoformat(asked.where["first"]), date.fromisoformat(asked.where["last"]))


def _fixed(asked: Asked) -> Mapping[str, Any]:
    return asked.where


def _figures(asked: Asked) -> Contents:
    span = _span(asked)
    heads = [
        _("Day"), _("Currency"), *(str(one.word) for one in MEASURES), _("Account"), _("Company"),
        _("Payments begun"), _("Payments paid"),
    ]  # fmt: skip

    def read(_after: str, _most: int) -> Part:
        flows = sums.by_day(merchant_id=asked.merchant_id, first=span.first, last=span.last)
        rows: list[tuple[date, list[Any]]] = [
            (day, [
                day.isoformat(), currency,
                *(amount(Money(found.get(one.name, 0), currency)) for one in MEASURES),
            ])
            for (day, currency), found in by_day_and_currency(flows).items()
        ]  # fmt: skip
        since, until = span.bounds(asked.zone)
        blank = [""] * len(MEASURES)
        rows += [
            (one.day, [one.day.isoformat(), "", *blank, one.account_name, one.provider, one.begun,
                       one.paid])
            for one in reporting.tries(
                merchant_id=asked.merchant_id, since=since, until=until, zone=asked.zone.key
            )
        ]  # fmt: skip
        rows.sort(key=lambda row: row[0])
        return Part([row for _day, row in rows], "")

    return Contents(_("Finance"), heads, read)


FIGURES = Listing(FORMATS, _figures, lambda _asked: 0, _fixed)
