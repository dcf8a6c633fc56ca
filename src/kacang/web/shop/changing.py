"""Asking for a change of an order, by whoever may open it: approved or refused by staff (O6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from kacang.catalog.queries import ProductKind
from kacang.logistics import queries as logistics
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.operations import ChangeWish
from kacang.orders.exceptions.queries import ChangeState
from kacang.orders.shipping import operations as shipping
from kacang.orders.types import Channel, OrderState, OrderView, UnitState
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import DomainError
from kacang.web.errors import status_of
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.forms import PROBLEMS, ContactForm
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.recipients import RecipientForm
from kacang.web.shop.site import Site, origin, page

ASKED_MAX, ASKED_SECONDS = 20, 3600
OVER = frozenset({OrderState.CANCELLED, OrderState.REFUNDED})
# Whom it goes to can be changed until something has left; that it goes at all, once it is paid.
BEFORE_LEAVING = frozenset({OrderState.PENDING, OrderState.PAID, OrderState.ON_HOLD})
CANCELLABLE = frozenset({OrderState.PAID, OrderState.ON_HOLD})
FIELDS: dict[str, Promise] = {
    "recipient": _("Recipient"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "cancel": _("Cancel the order, money back"),
}
OTHER = _("Answers to the shop's questions")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What somebody asked for, as the order's page says it, and what came of it."""

    names: tuple[Promise, ...]
    state: ChangeState
    asked_at: datetime
    decision: str


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be asked for of an order now. `has_left`: too late for what goes by courier."""

    contact: bool
    recipient: bool
    cancel: bool
    has_left: bool

    @property
    def anything(self) -> bool:
        """Whether there is something to ask for."""
        return self.contact or self.recipient or self.cancel


class AskForm(ContactForm):
    """Another contact, and why anything is to be changed; what stays empty stays as it is."""

    email = forms.CharField(label=_("New e-mail"), required=False, max_length=254)
    phone = forms.CharField(label=_("New phone"), required=False, max_length=40)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)

    def __init__(self, data: Any = None, *, contact: bool) -> None:
        super().__init__(data)
        self.use_required_attribute = False
        self.fields["email"].widget.attrs.update(inputmode="email", autocomplete="email")
        self.fields["phone"].widget.attrs.update(inputmode="tel", autocomplete="tel")
        if not contact:
            del self.fields["email"], self.fields["phone"]

    @property
    def contact_fields(self) -> list[forms.BoundField]:
        """Where the buyer can be reached from now on."""
        return [self[name] for name in ("email", "phone") if name in self.fields]

    def clean_reason(self) -> str:
        """Ask why: who approves it has to know."""
        reason = " ".join(str(self.cleaned_data["reason"]).split())
        if not reason:
            raise forms.ValidationError(PROBLEMS["missing"])
        return reason


@dataclass(frozen=True, slots=True)
class Ask:
    """One visit to the page: what may be asked for, and what was typed."""

    request: HttpRequest
    site: Site
    order: OrderView
    can: Offered
    form: AskForm
    whom: RecipientForm | None
    cancels: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether all that was filled in can be. Errors are found in both forms at once."""
        found = [form.is_valid() for form in (self.form, self.whom) if form is not None]
        return all(found)

    def wish(self) -> ChangeWish:
        """Return what is asked for. Only of a valid one."""
        given = self.form.cleaned_data
        if self.cancels:
            return ChangeWish(cancels=True, reason=given["reason"])
        return ChangeWish(
            email=given.get("email") or None,
            phone=given.get("phone") or None,
            recipient=self.whom.recipient if self.whom else None,
            reason=given["reason"],
        )


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def change(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Ask for another recipient or contact, or that the order is given up; say what came of it."""
    can = offered(site, order)
    if request.method != "POST":
        return _show(Ask(request, site, order, can, AskForm(contact=can.contact), None))
    cancels = "cancel" in request.POST
    form = AskForm(request.POST, contact=can.contact and not cancels)
    typed = RecipientForm(request.POST)
    wants_whom = not cancels and any(typed[name].value() for name in typed.fields)
    ask = Ask(request, site, order, can, form, typed if wants_whom else None, cancels)
    if not ask.is_valid:
        return _show(ask, status=422)
    try:
        _count(request, site)
        operations.ask_change(
            merchant_id=site.merchant_id,
            number=order.number,
            wish=ask.wish(),
            actor=buyer(request),
        )
    except DomainError as error:
        return _show(ask, problem=problem_of(site, error), status=status_of(error))
    return redirect(f"{site.url('order', number=order.number)}#changes")


def offered(site: Site, order: OrderView) -> Offered:
    """Say what may be asked for of an order now."""
    if order.state in OVER or order.channel == Channel.DEPOSIT:
        return Offered(contact=False, recipient=False, cancel=False, has_left=False)
    is_sent = any(line.kind == ProductKind.GOODS for line in order.lines) and (
        shipping.masked_recipient(merchant_id=site.merchant_id, order_id=order.id) is not None
    )
    given = any(
        line.units.get(state) for line in order.lines
        for state in (UnitState.DELIVERED, UnitState.SHIPPED)
    )  # fmt: skip
    has_left = is_sent and (given or order.state not in BEFORE_LEAVING or _has_parcel(site, order))
    return Offered(
        contact=True,
        recipient=is_sent and not has_left,
        cancel=order.state in CANCELLABLE and not given and order.payable.minor > 0,
        has_left=has_left,
    )


def change_rows(site: Site, order: OrderView) -> list[ChangeRow]:
    """Return what was asked for of an order, the newest first."""
    found = queries.changes_of_order(merchant_id=site.merchant_id, number=order.number)
    return [
        ChangeRow(
            tuple(dict.fromkeys(FIELDS.get(name, OTHER) for name in one.names)) or (OTHER,),
            one.state,
            one.asked_at,
            one.decision if one.state is ChangeState.REFUSED else "",
        )
        for one in found
    ]


def _has_parcel(site: Site, order: OrderView) -> bool:
    found = logistics.shipments_of(merchant_id=site.merchant_id, order_ids=[order.id])[order.id]
    return any(one.voided_at is None for one in found)


def _count(request: HttpRequest, site: Site) -> None:
    risk.count_attempt(
        merchant_id=site.merchant_id,
        scope=Scope.CHANGES_BY_ADDRESS,
        value=origin(request).address,
        limit=ASKED_MAX,
        window_seconds=ASKED_SECONDS,
    )


def _show(ask: Ask, *, problem: Problem | None = None, status: int = 200) -> HttpResponse:
    site, order = ask.site, ask.order
    rows = change_rows(site, order)
    return page(
        ask.request, site, "change", status=status,
        order=order, noindex=True, can=ask.can, problem=problem,
        # Giving up asks for no contact; the page shows the fields all the same.
        form=ask.form, contact=AskForm(contact=ask.can.contact) if ask.cancels else ask.form,
        whom=(ask.whom or RecipientForm(None)) if ask.can.recipient else None,
        now_whom=shipping.masked_recipient(merchant_id=site.merchant_id, order_id=order.id),
        changes=rows, waits=any(one.state is ChangeState.ASKED for one in rows),
        order_url=site.url("order", number=order.number),
        problem_url=site.url("case_new", number=order.number),
    )  # fmt: skip
