"""Asking for a refund at the desk: of an order, or of money that fits none (P4, L22)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.orders import operations, queries
from kacang.orders.refunding.queries import Refundable, RefundableUnit, places_of, refundable_order
from kacang.orders.refunding.types import Asked, Cards, RefundStatus, RefundWay, RefundWish
from kacang.orders.types import UnitState
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.design.formats import mask_contact
from kacang.web.design.states import look_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest
from kacang.web.templatetags.kacang import in_language

CARD_WORDS: dict[Cards, Promise] = {
    Cards.KEEP: gettext_lazy("The buyer keeps what was delivered"),
    Cards.RETURN: gettext_lazy(
        "Take it back: codes that nobody looked at and goods go on sale again, the rest is void"
    ),
    Cards.VOID: gettext_lazy("Take it back: all of it becomes void"),
}
WAY_WORDS: dict[RefundWay, Promise] = {
    RefundWay.ORIGIN: gettext_lazy("To where it came from, by the payment company"),
    RefundWay.WALLET: gettext_lazy("Into the buyer's wallet in this shop, at once"),
    RefundWay.BY_HAND: gettext_lazy("By hand: a person pays it and notes how"),
}
NAMES = {way.name.lower(): way for way in WAY_WORDS}


class RefundForm(forms.Form):
    """What goes back, which way, and what becomes of what was delivered."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    units = forms.MultipleChoiceField(
        label=gettext_lazy("For these units"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    cards = forms.TypedChoiceField(
        label=gettext_lazy("What becomes of them"),
        coerce=lambda name: Cards[str(name).upper()],
        choices=[(cards.name.lower(), words) for cards, words in CARD_WORDS.items()],
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Units that were not delivered are simply not delivered any more."),
    )
    way = forms.TypedChoiceField(
        label=gettext_lazy("Which way"),
        coerce=lambda name: NAMES[str(name)],
        choices=[(name, WAY_WORDS[way]) for name, way in NAMES.items()],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Also for the buyer's statement: no names, no phone numbers."),
    )
    request_uid = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, can: Refundable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can = can
        fields = self.fields
        fields["amount"].help_text = _("At most %(left)s.") % {"left": can.left}
        choices = [(unit.place, unit_words(unit)) for unit in can.units]
        if not choices:
            choices = [("all", _("All %(count)s units") % {"count": f"{can.unit_count:,}"})]
        units = fields["units"]
        assert isinstance(units, forms.MultipleChoiceField)
        units.choices = choices
        way = fields["way"]
        assert isinstance(way, forms.TypedChoiceField)
        way.choices = [(one.name.lower(), WAY_WORDS[one]) for one in _ways(can)]
        if not can.by_company:
            way.help_text = _("The payment company gives nothing back by itself.")
        if can.wallet:
            whose = _("The wallet is that of %(owner)s.") % {"owner": mask_contact(can.wallet)}
            way.help_text = f"{way.help_text} {whose}".strip()

    def clean_amount(self) -> Money:
        """Return what goes back."""
        try:
            return Money.parse(self.cleaned_data["amount"], self.can.left.currency)
        except DomainError:
            raise forms.ValidationError(_("This is not an amount.")) from None


def _ways(can: Refundable) -> list[RefundWay]:
    offered = {RefundWay.ORIGIN: can.by_company, RefundWay.WALLET: bool(can.wallet)}
    return [way for way in WAY_WORDS if offered.get(way, True)]


@needs("refunds.request")
def ask(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show what can go back of an order; then what will; then ask for it."""
    desk = desk_of(request)
    order = queries.order(merchant_id=desk.merchant_id, number=number)
    can = refundable_order(merchant_id=desk.merchant_id, number=number)
    first = {
        "amount": can.left.plain,
        "units": [unit.place for unit in can.units],
        "cards": "return",
        "way": _ways(can)[0].name.lower(),
        "request_uid": new_uid("rfd"),
    }
    form = RefundForm(request.POST if request.method == "POST" else None, can=can, initial=first)
    confirmed = request.POST.get("step") == "do"
    status = 200
    if request.POST.get("step") == "edit":
        return _page(request, form, order=order, can=can)
    if request.method == "POST" and form.is_valid():
        if not confirmed:
            return _page(request, form, order=order, can=can, sure=form.cleaned_data)
        try:
            return _done(request, number, form)
        except DomainError as error:
            form.add_error(None, text_of(error))
            status = 422
    elif request.method == "POST":
        status = 422
    return _page(request, form, order=order, can=can, status=status)


@needs("payments.view", "refunds.request")
@require_POST
def ask_suspense(request: ConsoleRequest) -> HttpResponse:
    """Ask for money that fits no payment to go back."""
    desk = desk_of(request)
    way = NAMES.get(request.POST.get("way", ""), RefundWay.ORIGIN)
    wish = RefundWish(
        amount=None,
        reason=request.POST.get("reason", "").replace("\0", "")[:300],
        way=way,
        request_uid=request.POST.get("request_uid", "").replace("\0", "")[:64],
    )
    try:
        asked = operations.request_suspense_refund(
            merchant_id=desk.merchant_id,
            account_uid=request.POST.get("account", "").replace("\0", "")[:32],
            provider_number=request.POST.get("number", "").replace("\0", "")[:128],
            wish=wish,
            actor=desk.actor,
            role=request.membership.role,
        )
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, said_of(asked))
    return redirect("console_suspense")


def unit_words(unit: RefundableUnit) -> str:
    """Return a unit as the form shows it."""
    words = [f"{in_language(unit.title)} {in_language(unit.sku_title)}".strip(), f"#{unit.unit_no}"]
    words += [str(unit.worth), str(look_of("unit", unit.state).word)]
    if unit.state is UnitState.DELIVERED and not unit.is_shown:
        words.append(_("nobody has looked at it"))
    return " · ".join(words)


def said_of(asked: Asked) -> str:
    """Return what has come of asking."""
    if asked.state is RefundStatus.REQUESTED:
        text = _("A refund of %(amount)s is asked for. Somebody else has to approve it.")
    else:
        text = _("A refund of %(amount)s is approved.")
    return text % {"amount": asked.amount}


def _done(request: ConsoleRequest, number: str, form: RefundForm) -> HttpResponse:
    desk = desk_of(request)
    asked = form.cleaned_data
    chosen = asked["units"]
    places = (
        places_of(merchant_id=desk.merchant_id, number=number)
        if chosen == ["all"]
        else tuple((int(line), int(unit)) for line, unit in (one.split(":") for one in chosen))
    )
    wish = RefundWish(
        amount=asked["amount"],
        reason=asked["reason"],
        units=places,
        cards=asked["cards"],
        way=asked["way"],
        request_uid=asked["request_uid"],
    )
    done = operations.request_refund(
        merchant_id=desk.merchant_id,
        number=number,
        wish=wish,
        actor=desk.actor,
        role=request.membership.role,
    )
    messages.success(request, said_of(done))
    return redirect("console_order", number)


def _page(
    request: ConsoleRequest, form: RefundForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    sure = context.get("sure")
    if sure:
        units = form.fields["units"]
        assert isinstance(units, forms.MultipleChoiceField)
        choices = dict(units.choices)  # type: ignore[arg-type] # pairs, as they were set
        context["sure_units"] = [choices[place] for place in sure["units"]]
        context["sure_cards"] = CARD_WORDS[sure["cards"]]
        context["sure_way"] = WAY_WORDS[sure["way"]]
        context["kept"] = [
            (name, value) for name in form.fields for value in request.POST.getlist(name)
        ]
    response = render(request, "console/refunds/ask.html", {"form": form, **context}, status=status)
    response["Cache-Control"] = "no-store"
    return response
