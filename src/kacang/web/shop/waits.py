"""Being told when something is back: leaving an address, and having it forgotten (S4)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from kacang.shared.contacts import EMAIL_MAX, BadEmail
from kacang.shared.errors import TooMany
from kacang.supply import operations as supply
from kacang.web.errors import status_of
from kacang.web.shop import browsing
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, language, origin, page, private, shop_page
from kacang.web.wait_tokens import uid_of


@require_POST
@shop_page
def wait(request: HttpRequest, site: Site, uid: str) -> HttpResponse:
    """Take down an address for a SKU that is sold out; the answer is the same for everybody."""
    sku = request.POST.get("sku", "")[:32]
    try:
        supply.wait_for(
            merchant_id=site.merchant_id,
            sku_uid=sku,
            email=request.POST.get("email", "")[: EMAIL_MAX + 1],
            language=language(),
            address=origin(request).address,
        )
    except BadEmail:
        problem = Problem(_("Please check the e-mail address."))
        return private(browsing.show_product(request, site, uid, problem=problem, status=422))
    except TooMany as error:
        problem = problem_of(site, error)
        status = status_of(error)
        return private(browsing.show_product(request, site, uid, problem=problem, status=status))
    query = urlencode({"sku": sku, "noted": "1"})
    return redirect(f"{site.url('product', uid=uid)}?{query}#wait")


# A mail program ends it with one POST that carries no cookie (RFC 8058): the link is the proof.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def stop(request: HttpRequest, site: Site, token: str) -> HttpResponse:
    """Ask whether an address is to be forgotten, and forget it. Only looking does nothing."""
    uid = uid_of(token)
    done = request.method == "POST"
    if done:
        supply.stop_waiting(merchant_id=site.merchant_id, uid=uid)
    return private(page(request, site, "wait_stop", done=done, noindex=True))
