"""Tags of customers at the desk: the list of them, on one customer, on many as a job (H1)."""

from dataclasses import replace

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kacang.customers import tagging, tags
from kacang.customers.finding.filters import PICKED_MAX, CustomerFilter
from kacang.customers.tagging import KIND, Act, NobodyFits, TooManyCustomers, Wish
from kacang.outbox import queries as works
from kacang.outbox import work
from kacang.outbox.queries import WorkView
from kacang.web.console.access import needs
from kacang.web.console.customers.filters import read_filter
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.orders.tags import COLOUR_WORDS
from kacang.web.console.telling import told
from kacang.web.console.work import card_of
from kacang.web.design.parts import JobCard
from kacang.web.requests import ConsoleRequest

UID_MOST, NAME_MOST, TOKEN_MOST, QUERY_MOST = 32, 60, 40, 2000
TITLES: dict[str, Promise] = {
    Act.PUT: gettext_lazy("Put a tag on customers"),
    Act.TAKE: gettext_lazy("Take a tag off customers"),
    Act.MERGE: gettext_lazy("Merge two tags of customers"),
}


@needs("customers.view")
def tag_list(request: ConsoleRequest) -> HttpResponse:
    """Show the merchant's tags of customers."""
    desk = desk_of(request)
    found = tags.tags(merchant_id=desk.merchant_id)
    counted = [(tag, tags.count_of(merchant_id=desk.merchant_id, uid=tag.uid)) for tag in found]
    context = {
        "tags": [
            (tag, min(count, tags.COUNT_MOST), count > tags.COUNT_MOST) for tag, count in counted
        ],
        "colours": COLOUR_WORDS.items(),
        "can_edit": "customers.edit" in desk.permissions,
        "is_full": len(found) >= tags.TAGS_MAX,
    }
    return render(request, "console/customers/tags.html", context)


@needs("customers.edit")
@require_POST
def make(request: ConsoleRequest) -> HttpResponse:
    """Add a tag to the list."""
    desk = desk_of(request)

    def act() -> str:
        tags.make_tag(merchant_id=desk.merchant_id, actor=desk.actor, **_wanted(request))
        return _("The tag is added.")

    told(request, act)
    return redirect("console_customer_tags")


@needs("customers.edit")
@require_POST
def change(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give a tag another name or colour."""
    desk = desk_of(request)

    def act() -> str:
        tags.change_tag(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor, **_wanted(request))
        return _("The tag is changed.")

    told(request, act)
    return redirect("console_customer_tags")


@needs("customers.edit")
@require_POST
def delete(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take a tag off the list and off all customers."""
    desk = desk_of(request)

    def act() -> str:
        tags.delete_tag(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
        return _("The tag is deleted.")

    told(request, act)
    return redirect("console_customer_tags")


@needs("customers.edit")
@require_POST
def merge(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Start to give all who have a tag another one, and to delete the first."""
    desk = desk_of(request)
    job = tagging.start_merge(
        merchant_id=desk.merchant_id,
        actor=desk.actor,
        source=uid,
        target=_field(request, "into"),
    )
    return redirect("console_customer_tagging", job)


@needs("customers.edit")
@require_POST
def put(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Put a tag on one customer, or take it off."""
    desk = desk_of(request)
    takes = request.POST.get("how") == "take"

    def act() -> str:
        tags.tag_customer(
            merchant_id=desk.merchant_id, uid=uid, tag=_field(request, "mark"), takes=takes,
            actor=desk.actor,
        )  # fmt: skip
        return _("The tag is taken off.") if takes else _("The tag is on.")

    told(request, act)
    return redirect("console_customer", uid)


@needs("customers.edit")
@require_POST
def put_many(request: ConsoleRequest) -> HttpResponse:
    """Start the job that puts a tag on the customers selected, or on all that fit; show it."""
    desk = desk_of(request)
    uid = ""

    def act() -> str:
        nonlocal uid
        wish = Wish(
            act=Act.TAKE if request.POST.get("how") == "take" else Act.PUT,
            where=chosen(request, desk),
            tag=_field(request, "mark"),
            token=request.POST.get("token", "")[:TOKEN_MOST],
        )
        uid = tagging.start_tagging(
            merchant_id=desk.merchant_id, actor=desk.actor, wish=wish, now=timezone.now()
        )
        return _("The job has begun.")

    if not told(request, act):
        return redirect("console_customers")
    return redirect("console_customer_tagging", uid)


def chosen(request: ConsoleRequest, desk: Desk) -> CustomerFilter:
    """Return whom a form of the list means: those selected, or all that fit its filter.

    Raises:
        NobodyFits: Nobody, or by a filter that makes no sense: "all that fit" would be all.
        TooManyCustomers: More than a form names one by one.
    """
    if request.POST.get("all"):
        narrowed = read_filter(QueryDict(request.POST.get("query", "")[:QUERY_MOST]), desk)
        if narrowed.problem:
            raise NobodyFits
        return narrowed.where
    picked = tuple(dict.fromkeys(uid[:UID_MOST] for uid in request.POST.getlist("pick") if uid))
    if not picked:
        raise NobodyFits
    if len(picked) > PICKED_MAX:
        raise TooManyCustomers(most=PICKED_MAX)
    return CustomerFilter(uids=tuple(uid.replace("\0", "") for uid in picked))


@needs("customers.view")
@require_safe
def job_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a job over tags: how far it is, and what came of it."""
    desk = desk_of(request)
    item = _job(desk, uid)
    card = _card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    until = tagging.undo_until(item)
    known = {tag.uid for tag in tags.tags(merchant_id=desk.merchant_id)}
    context = {
        "item": item,
        "job": card,
        "title": TITLES.get(str(item.arguments["act"]), ""),
        "about": item.arguments,
        "result": dict(item.result),
        "has_tag": item.arguments["tag"] in known,
        "can_undo": until is not None
        and until > timezone.now()
        and item.arguments["tag"] in known
        and "customers.edit" in desk.permissions,
        "until": until,
        "of_customer_max": tags.OF_CUSTOMER_MAX,
    }
    return render(request, "console/customers/tagging.html", context)


@needs("customers.edit")
@require_POST
def job_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask a job to stop; what it did stays, and can be taken back."""
    desk = desk_of(request)
    _job(desk, uid)
    work.ask_to_cancel(merchant_id=desk.merchant_id, uid=uid)
    if is_over_list(request):
        return job_part(request, _card(_job(desk, uid), desk))
    return redirect("console_customer_tagging", uid)


@needs("customers.edit")
@require_POST
def job_undo(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Start the job that takes back what a job has changed."""
    desk = desk_of(request)
    _job(desk, uid)
    undoing = uid

    def act() -> str:
        nonlocal undoing
        undoing = tagging.undo_tagging(
            merchant_id=desk.merchant_id, actor=desk.actor, uid=uid, now=timezone.now()
        )
        return _("The job has begun.")

    told(request, act)
    return redirect("console_customer_tagging", undoing)


def _job(desk: Desk, uid: str) -> WorkView:
    item = works.work(merchant_id=desk.merchant_id, uid=uid)
    if item.kind != KIND:
        raise works.UnknownWork
    return item


def _card(item: WorkView, desk: Desk) -> JobCard:
    may_stop = "customers.edit" in desk.permissions and not item.cancel_asked
    cancel = reverse("console_customer_tagging_cancel", args=[item.uid])
    return replace(
        card_of(item, desk),
        title=TITLES.get(str(item.arguments["act"]), ""),
        poll_url=reverse("console_customer_tagging", args=[item.uid]),
        result_url="",
        cancel_url=cancel if may_stop else "",
    )


def _field(request: ConsoleRequest, name: str) -> str:
    # No text in the database holds a zero byte: asking for one would be an error of ours.
    return request.POST.get(name, "").replace("\0", "")[:UID_MOST]


def _wanted(request: ConsoleRequest) -> dict[str, str]:
    return {
        "name": request.POST.get("name", "")[:NAME_MOST],
        "colour": request.POST.get("colour", "grey")[:NAME_MOST],
    }
