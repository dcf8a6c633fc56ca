"""Exports of differences between companies' bills and our books (F2)."""

from datetime import date

from django.utils.translation import gettext as _

from kacang.outbox.exporting import COUNT_MOST, FORMATS, Contents, Part
from kacang.payments.reporting import account_names
from kacang.reconciliation import differing
from kacang.reconciliation.differing import DifferenceFilter
from kacang.reconciliation.exports.asked import Asked, Listing, amount
from kacang.reconciliation.models import DifferenceKind


def _filter(asked: Asked) -> DifferenceFilter:
    given = asked.where
    names = account_names(merchant_id=asked.merchant_id)
    # An account that is not there has no differences.
    account = next((one.id for one in names if one.uid == given.get("account")), 0)
    return DifferenceFilter(
        account_id=account if given.get("account") else None,
        first=date.fromisoformat(given["first"]) if given.get("first") else None,
        last=date.fromisoformat(given["last"]) if given.get("last") else None,
        kind=DifferenceKind(given["kind"]) if given.get("kind") is not None else None,
        is_open=True if given.get("open") else None,
    )


def _count(asked: Asked) -> int:
    return differing.count_differences(
        merchant_id=asked.merchant_id, where=_filter(asked), most=COUNT_MOST
    )


def _differences(asked: Asked) -> Contents:
    where = _filter(asked)
    names = {one.id: one for one in account_names(merchant_id=asked.merchant_id)}
    heads = [
        _("Day"), _("Account"), _("Company"), _("Kind"), _("What"), _("Company's number"),
        _("Payment number"), _("Refund"), _("Amount, theirs"), _("Amount, ours"), _("Currency"),
        _("Found at"), _("Resolution"), _("Resolved at"), _("Resolved by"), _("Note"),
    ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        more = differing.differences_after(
            merchant_id=asked.merchant_id, where=where, after_id=int(after or 0), limit=most + 1
        )
        found = more[:most]
        rows = []
        for one in found:
            account = names.get(one.account_id)
            money = one.theirs or one.ours
            rows.append([
                one.day.isoformat(), account.name if account else "",
                account.provider if account else "", asked.word("kind", one.kind),
                asked.word("what", one.what), one.provider_number, one.payment_number,
                one.refund_number, amount(one.theirs) if one.theirs else "",
                amount(one.ours) if one.ours else "", money.currency if money else "",
                asked.time(one.found_at),
                "" if one.resolution is None else asked.word("resolution", one.resolution),
                asked.time(one.resolved_at), one.resolved_by, one.note,
            ])  # fmt: skip
        return Part(rows, str(found[-1].id) if len(more) > most else "")

    return Contents(_("Differences"), heads, read)


DIFFERENCES = Listing(FORMATS, _differences, _count, lambda asked: asked.where)
