"""The sandbox's pages and its questions' answers: another company under our roof.

The address of a pay page is sealed by the shop's secret and is the way in; the questions are
signed like the messages.
"""

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants.queries import merchant
from kacang.payments.ports import BadNotice, BadSignature
from kacang.payments.queries import UnknownAccount
from kacang.payments.sandbox import cashier, cashier_refunds
from kacang.payments.sandbox.cashier import Deed, PageAddress, RefundMode
from kacang.shared.clock import utc_now
from kacang.shared.states import WrongState
from kacang.web.access import machine, public
from kacang.web.design.parts import ShopShell
from kacang.web.errors import problem
from kacang.web.headers import Headers

BODY_MAX = 16 * 1024
FULL_URL_MAX = 500
WORDS = {
    Deed.LOSE: (_("Pay, but lose the notice"), _("The shop has to ask by itself.")),
    Deed.LATE: (_("Pay, notify later"), _("After as many seconds as you say below.")),
    Deed.REPEAT: (_("Pay, notify five times at once"), _("One delivery, five times success.")),
    Deed.FORGED: (_("Pay, break the signature"), _("The notice is refused; the shop asks.")),
    Deed.UNORDERED: (_("Pay, notify in the wrong order"), _("“Pending” comes after “paid”.")),
    Deed.LESS: (_("Pay one unit too little"), _("No delivery; the money waits for a person.")),
    Deed.MORE: (_("Pay one unit too much"), _("No delivery; the money waits for a person.")),
    Deed.CURRENCY: (_("Pay in another currency"), _("No delivery; the money waits for a person.")),
}


MODES = {
    RefundMode.AT_ONCE: _("At once"),
    RefundMode.LATER: _("Pending first, done after five seconds"),
    RefundMode.FAILS_LATER: _("Pending first, failed after five seconds"),
    RefundMode.REFUSES: _("Refused: not enough money"),
    RefundMode.IS_SILENT: _("Done, but the answer is lost"),
}


class ModeForm(forms.Form):
    """What the sandbox is to do when it is asked to give the money back."""

    refunds = forms.TypedChoiceField(
        coerce=lambda value: RefundMode(int(value)), choices=[(int(mode), mode) for mode in MODES]
    )


class DeedForm(forms.Form):
    """What was chosen at the pay page."""

    deed = forms.TypedChoiceField(coerce=Deed, choices=[(deed.value, deed.value) for deed in Deed])
    seconds = forms.IntegerField(
        min_value=1, max_value=cashier.LATE_SECONDS_MAX, required=False, initial=30
    )


@public
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, account_uid: str, number: str) -> HttpResponse:
    """Show the pay page, or do what was chosen there and show it again."""
    address = PageAddress(
        account_uid=account_uid,
        number=number,
        minor=request.GET.get("m", ""),
        currency=request.GET.get("c", ""),
        seal=request.GET.get("s", ""),
    )
    if request.method == "POST":
        return _act(request, address)
    charge = cashier.look(address=address)
    payee = merchant(merchant_id=charge.merchant_id)
    back_url = _back_url(request, payee.slug)
    values = {
        "charge": charge,
        "payee": payee,
        "back_url": back_url,
        "page_url": request.build_absolute_uri()[:FULL_URL_MAX],
        "modes": MODES.items(),
        "misdeeds": [(deed.value, *words) for deed, words in WORDS.items()],
        "shop": ShopShell(name=str(_("Sandbox cashier")), home_url=back_url, is_trial=True),
    }
    with timezone.override(ZoneInfo(payee.time_zone)):
        response = render(request, "cashier/pay.html", values)
    response.headers["Cache-Control"] = "no-store"
    # The address pays: it must not travel on in a referrer.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@machine
@csrf_exempt
@require_POST
def query(request: HttpRequest) -> HttpResponse:
    """Answer what became of a payment."""
    return _answer(request, "query")


@machine
@csrf_exempt
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Take no money for a payment any more."""
    return _answer(request, "close")


@machine
@csrf_exempt
@require_POST
def refund(request: HttpRequest) -> HttpResponse:
    """Give money back, once for a number."""
    return _answer(request, "refund")


@machine
@csrf_exempt
@require_POST
def refund_query(request: HttpRequest) -> HttpResponse:
    """Answer what became of money that was to go back."""
    return _answer(request, "refund_query")


def _act(request: HttpRequest, address: PageAddress) -> HttpResponse:
    if "outside" in request.POST:
        cashier_refunds.give_back_here(address=address)
        return HttpResponseRedirect(_same_page(request))
    mode = ModeForm(request.POST)
    if mode.is_valid():
        cashier_refunds.set_mode(address=address, mode=mode.cleaned_data["refunds"])
        return HttpResponseRedirect(_same_page(request))
    form = DeedForm(request.POST)
    if form.is_valid():
        try:
            cashier.act(
                address=address,
                deed=form.cleaned_data["deed"],
                seconds=form.cleaned_data["seconds"] or 30,
                times=5,
                now=utc_now(),
            )
        except WrongState:
            # Pressed twice: the page says what is so.
            return HttpResponseRedirect(_same_page(request))
    return HttpResponseRedirect(_same_page(request))


def _same_page(request: HttpRequest) -> str:
    kept = {name: request.GET[name] for name in ("m", "c", "s", "r") if name in request.GET}
    return f"{request.path}?{urlencode(kept)}"


def _back_url(request: HttpRequest, slug: str) -> str:
    wanted = request.GET.get("r", "")
    # A path of this site and nothing else: "//evil.example" is another site.
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted:
        return wanted
    return f"/s/{slug}/"


def _answer(request: HttpRequest, what: str) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX:
        return HttpResponse(status=413)
    answer = cashier_refunds.answer_refund if what.startswith("refund") else cashier.answer
    try:
        said = answer(what=what, headers=Headers(request.META), body=request.body, now=utc_now())
    except cashier_refunds.AnswerLost:
        return HttpResponse(status=502)
    except (BadNotice, BadSignature, UnknownAccount) as error:
        return problem(error, request)
    return JsonResponse(said)
