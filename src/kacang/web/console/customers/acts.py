"""What staff do to a customer: name, level, addresses, merging, forgetting (H1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kacang.customers import operations, queries
from kacang.customers.operations import ConsentWay, ContactTaken
from kacang.orders.customers import linking, reading
from kacang.orders.customers.reading import NOTHING
from kacang.web.console.access import needs
from kacang.web.console.customers.forms import ContactForm, CustomerForm
from kacang.web.console.customers.pages import show
from kacang.web.console.desk import desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


@needs("customers.edit")
@require_POST
def change(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give a customer a name and a level."""
    desk = desk_of(request)
    form = CustomerForm(request.POST, levels=queries.levels(merchant_id=desk.merchant_id))
    if not form.is_valid():
        return show(request, uid, status=422, change_form=form)
    operations.change(
        merchant_id=desk.merchant_id,
        uid=uid,
        name=form.cleaned_data["name"],
        level=form.cleaned_data["level"],
        actor=desk.actor,
    )
    messages.success(request, _("Saved."))
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def count_again(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Have the figures that lists go by counted anew from the customer's orders."""
    desk = desk_of(request)
    operations.look_again(merchant_id=desk.merchant_id, uid=uid)
    messages.success(request, _("The list has the new figures within a minute."))
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def contact(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Add an address to a customer, or as whom they read in the mini-program; or take that away."""
    desk = desk_of(request)
    if "drop_openid" in request.POST:
        operations.drop_openids(merchant_id=request.merchant, uid=uid, actor=request.actor)
        messages.success(request, _("The openid is taken away."))
        return redirect("console_customer", uid)
    if "openid" in request.POST:
        return _openid(request, uid)
    form = ContactForm(request.POST, auto_id="add_%s")
    if not form.is_valid():
        return show(request, uid, status=422, contact_form=form)
    try:
        operations.add_contact(
            merchant_id=desk.merchant_id,
            uid=uid,
            contact=form.cleaned_data["contact"],
            actor=desk.actor,
        )
    except ContactTaken as error:
        form.add_error("contact", text_of(error))
        return show(request, uid, status=422, contact_form=form)
    messages.success(request, _("The address is added."))
    return redirect("console_customer", uid)


def _openid(request: ConsoleRequest, uid: str) -> HttpResponse:
    try:
        operations.add_openid(
            merchant_id=request.merchant,
            uid=uid,
            openid=request.POST.get("openid", "")[:80],
            actor=request.actor,
        )
    except (ContactTaken, operations.BadCustomer) as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("The address is added."))
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def merge(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Make another customer, named by an address, one with this: first asked, then done."""
    desk = desk_of(request)
    form = ContactForm(request.POST, auto_id="merge_%s")
    if not form.is_valid():
        return show(request, uid, status=422, merge_form=form)
    found = queries.customers_page(
        merchant_id=desk.merchant_id, contact=form.cleaned_data["contact"], limit=1
    ).rows
    other = found[0] if found and found[0].uid != uid else None
    if other is None:
        form.add_error("contact", _("No other customer has this address."))
        return show(request, uid, status=422, merge_form=form)
    if "sure" not in request.POST:
        sums = reading.bought(merchant_id=desk.merchant_id, customer_ids=[other.id])
        context = {
            "customer": queries.customer(merchant_id=desk.merchant_id, uid=uid),
            "other": other,
            "bought": sums.get(other.id, NOTHING),
            "counts": operations.weigh(merchant_id=desk.merchant_id, uid=other.uid),
            "orders": reading.count_orders(merchant_id=desk.merchant_id, customer_id=other.id),
            "typed": form.data["contact"],
        }
        return render(request, "console/customers/merge.html", context)
    moved = linking.merge_customers(
        merchant_id=desk.merchant_id, source=other.uid, target=uid, actor=desk.actor
    )
    messages.success(
        request,
        ngettext(
            "They are one customer now; %(count)s order came over.",
            "They are one customer now; %(count)s orders came over.",
            moved,
        )
        % {"count": moved},
    )
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def forget(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take back a customer's consent and forget them."""
    desk = desk_of(request)
    linking.forget_customer(
        merchant_id=desk.merchant_id, uid=uid, way=ConsentWay.STAFF, actor=desk.actor
    )
    messages.success(request, _("The customer is forgotten. Their orders stay as they are."))
    return redirect("console_customers")
