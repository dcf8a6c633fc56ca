"""The words of the trade as this console uses them, for whoever is new (E4)."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from kacang.web.console.access import needs
from kacang.web.requests import ConsoleRequest


@dataclass(frozen=True, slots=True)
class Term:
    """A word and what it means here."""

    name: str
    word: Promise
    line: Promise


TERMS = (
    Term(
        "card_secret", _("Card secret"), _("A code that is sold once: a key, an account, a link.")
    ),
    Term("batch", _("Batch"), _("Cards that came in together, with one supplier, cost and end.")),
    Term(
        "reserved", _("Reserved"), _("Kept for an order that is not paid yet; free again in time.")
    ),
    Term("pool", _("Pool"), _("A part of the stock that sells apart, such as for a flash sale.")),
    Term("loop", _("Loop card"), _("One code that many buyers get, such as a download link.")),
    Term("redeem", _("Redeem code"), _("A code that its holder exchanges for goods of this shop.")),
    Term(
        "on_hold", _("On hold"), _("Paid, but something is missing: stock, or somebody's decision.")
    ),
    Term(
        "suspense", _("Suspense account"), _("Money that came and fits no order. A person decides.")
    ),
    Term(
        "lost", _("Lost notice"), _("Money moved and we were not told: the company is asked, then.")
    ),
    Term("difference", _("Difference"), _("What a company's bill and our books say differently.")),
    Term(
        "ledger", _("Ledger"), _("Every movement of money, from one account to another, for ever.")
    ),
    Term("refund", _("Refund"), _("Money that goes back: asked for by one, approved by another.")),
    Term("reach", _("Reach"), _("The orders that a role can see; others are not there for it.")),
    Term("seal", _("Seal"), _("A fingerprint over a part of a log: a change of it would show.")),
    Term(
        "trial", _("Trial mode"), _("A twin of the shop where nothing touches real stock or money.")
    ),
)


@needs()
@require_safe
def glossary(request: ConsoleRequest) -> HttpResponse:
    """Show the words, and the keys of the keyboard."""
    return render(request, "console/help/glossary.html", {"terms": TERMS})
