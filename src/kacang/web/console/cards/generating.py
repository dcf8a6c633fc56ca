"""Making codes at the desk: a pattern, how hard it is to guess, examples, then the job (V1)."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.shared.errors import DomainError
from kacang.vault import operations
from kacang.vault.making.patterns import make_codes
from kacang.vault.operations import GenerateRequest, Purchase
from kacang.web.console.access import needs
from kacang.web.console.cards.batch_forms import SerialForm
from kacang.web.console.cards.importing import end_of_day, goods_of
from kacang.web.console.desk import desk_of
from kacang.web.console.products.prices import PriceField
from kacang.web.design.formats import count as counted
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

EXAMPLES = 5
COUNT_MOST = 1_000_000
PATTERN_MOST = 64
PROBLEMS: dict[str, Promise] = {
    "long": gettext_lazy("The pattern is too long."),
    "braces": gettext_lazy("A brace has no pair, or no number in it."),
    "check": gettext_lazy("The check digit @ must be the last place."),
    "nothing_random": gettext_lazy("Nothing in it is random: use X, A or #."),
    "characters": gettext_lazy("Only plain letters, digits and signs can stand in a code."),
}
COMMON = ("X{4}-X{4}-X{4}-X{4}", "KC-X{6}-X{6}@", "#{16}")


class GenerateForm(SerialForm):
    """How many codes of which pattern, and what is known of the purchase."""

    count = forms.IntegerField(
        label=gettext_lazy("How many"),
        min_value=1,
        max_value=COUNT_MOST,
        initial=100,
        required=False,
    )
    pattern = forms.CharField(
        label=gettext_lazy("Pattern of the code"), max_length=PATTERN_MOST, initial=COMMON[0]
    )
    number_pattern = forms.CharField(
        label=gettext_lazy("Pattern of the card number"),
        max_length=PATTERN_MOST,
        required=False,
        help_text=gettext_lazy("Empty: cards without a number."),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    unit_cost = PriceField(label=gettext_lazy("Purchase price per card"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        """A day that has passed is none."""
        cleaned = super().clean() or {}
        day = cleaned.get("valid_until")
        if day and day < timezone.localdate():
            self.add_error("valid_until", _("This day has passed."))
        if cleaned.get("count") is None and "count" not in self.errors and not self.serial():
            self.add_error("count", _("Say how many, or give numbers that count up."))
        return cleaned

    def purchase(self) -> Purchase:
        """Return what was said about the purchase."""
        data = self.cleaned_data
        return Purchase(
            unit_cost_minor=data["unit_cost"],
            valid_until=end_of_day(data["valid_until"]),
            note=data["note"],
            **self.known(),
        )


@needs("stock.generate")
def generate(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Have codes made."""
    desk = desk_of(request)
    sku, product = goods_of(desk, uid)
    data = request.POST if request.method == "POST" else None
    form = GenerateForm(data, currency=desk.currency)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            work_uid = operations.generate_cards(
                merchant_id=desk.merchant_id,
                actor=desk.actor,
                request=GenerateRequest(
                    sku_uid=sku.uid,
                    # Numbers that count up say themselves how many there are.
                    count=values["count"] or 0,
                    pattern=values["pattern"],
                    number_pattern=values["number_pattern"],
                    serial=form.serial(),
                    purchase=form.purchase(),
                ),
            )
        except DomainError as error:
            form.add_error(_field_of(error), _refusal(error))
        else:
            return redirect("console_work", work_uid)
    context = {
        "form": form,
        "sku": sku,
        "product": product,
        "common": COMMON,
        **_estimate(form),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "console/stock/generate.html", context, status=status)


@needs("stock.generate")
@require_POST
def estimate(request: ConsoleRequest) -> HttpResponse:
    """Show five examples of a pattern and how hard its codes are to guess. Nothing is stored."""
    found = _estimate(GenerateForm(request.POST, currency=desk_of(request).currency))
    return render(request, "console/stock/estimate.html", found)


def _estimate(form: GenerateForm) -> dict[str, Any]:
    count = form["count"].value()
    number = int(str(count)) if str(count).isdecimal() and len(str(count)) <= len("1000000") else 1
    serial = form.serial() if form.is_bound and form.is_valid() else None
    try:
        if serial:
            number = serial.checked(COUNT_MOST).count
        read = operations.read_pattern(str(form["pattern"].value() or "")[: PATTERN_MOST + 1])
        examples = make_codes(read, EXAMPLES)
    except DomainError as error:
        return {"estimate_problem": _refusal(error)}
    try:
        has_numbers = bool(serial or form["number_pattern"].value())
        operations.check_strength(read, max(number, 1), beside_number=has_numbers)
    except DomainError as error:
        weak = _refusal(error)
    else:
        weak = ""
    return {
        "examples": examples,
        "bits": round(read.bits),
        "room": _large(read.room),
        "one_in": _large(read.room // max(number, 1)),
        "weak": weak,
        "count": number,
        "numbers": serial and (serial.number(0), serial.number(serial.count - 1)),
    }


def _large(number: int) -> str:
    """Write a number that nobody would count: from a million million on by its power of ten."""
    return counted(number) if number < 10**12 else f"10^{len(str(number)) - 1}"


def _field_of(error: DomainError) -> str:
    if isinstance(error, operations.BadSerial):
        return f"serial_{error.detail['field']}"
    if isinstance(error, operations.SecretNumbers):
        return "serial_first"
    if isinstance(error, operations.BadPurchase):
        named = {"face_value": "face_value", "data": "facts"}
        return named.get(str(error.detail["field"]), "note")
    return "pattern"


def _refusal(error: DomainError) -> str:
    if isinstance(error, operations.BadPattern):
        return str(PROBLEMS.get(str(error.detail.get("problem")), text_of(error)))
    if isinstance(error, operations.WeakPattern):
        return _("Too easy to guess for so many codes: add random places.")
    return text_of(error)
