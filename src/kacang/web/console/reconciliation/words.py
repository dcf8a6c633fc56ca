"""How bills and differences are said at the desk (F2)."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kacang.reconciliation.queries import BillState, BillView, DifferenceKind, Movement, Resolution
from kacang.web.error_texts import TEXTS

KIND_WORDS: dict[DifferenceKind, Promise] = {
    DifferenceKind.OURS_ONLY: _("Only ours"),
    DifferenceKind.THEIRS_ONLY: _("Only theirs"),
    DifferenceKind.AMOUNT: _("Another amount"),
    DifferenceKind.STATE: _("Another state"),
}
WHAT_WORDS: dict[Movement, Promise] = {
    Movement.PAYMENT: pgettext_lazy("movement", "Payment"),
    Movement.REFUND: pgettext_lazy("movement", "Refund"),
}
RESOLUTION_WORDS: dict[Resolution, Promise] = {
    Resolution.HEALED: _("Gone by itself"),
    Resolution.TAKEN_IN: _("Taken in"),
    Resolution.EXPLAINED: _("Explained"),
}
# What a person mostly writes.
NOTES: tuple[Promise, ...] = (
    _("Received offline, checked by hand"),
    _("On the bill of the next day"),
    _("Test payment"),
    _("Refunded at the company's website"),
    _("Asked the company: its bill is right"),
    _("Asked the company: our books are right"),
)
PROBLEMS: Mapping[str, Promise | str] = {
    "payments.no_bill": _("The company has no bill of this day yet."),
    "payments.provider_silent": _("The company does not answer; it is asked again."),
    "payments.bad_notice": _("The file is no bill of this company, or of another account."),
    "payments.account_refused": _("The company does not know the account, or its secrets."),
    "payments.unknown_provider": _("This company is not installed any more."),
    "files.unknown": _("The file has expired. Please send it again."),
    "work.broken": _("Something went wrong here. The operator has to look at it."),
}


def problem_words(code: str) -> Promise | str:
    """Return why a bill could not be got or read; "" when nothing is wrong."""
    return PROBLEMS.get(code) or TEXTS.get(code) or code


def look_name(bill: BillView) -> str:
    """Return the name of a bill's look: what a person must do with it."""
    if bill.state is BillState.READ:
        return "differs" if bill.open else "agrees"
    return bill.state.name.lower()
