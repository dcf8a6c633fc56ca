"""What a reader of mails wants to be told, by the link in a mail; no account is needed (N1)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kacang.messages.restraint import refusing
from kacang.messages.restraint.rules import OBLIGATORY, OPTIONAL
from kacang.shared.clock import utc_now
from kacang.shared.texts import pick
from kacang.web.notice_words import WORDS
from kacang.web.shop.site import Site, language, page, private, shop_page


# A mail program ends it with one POST that carries no cookie (RFC 8058): the link is the proof.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def switches(request: HttpRequest, site: Site, token: str) -> HttpResponse:
    """Show what can be refused, and what cannot and why; take the choice. Looking does nothing."""
    reader = refusing.reader_of(site.merchant_id, token)
    done = ""
    if request.method == "POST":
        if request.POST.get("choose") == "1":
            wanted = set(request.POST.getlist("wanted"))
            refusing.choose(reader, wanted=wanted, now=utc_now())
            done = "chosen"
        else:
            refusing.refuse(reader, now=utc_now())
            done = "refused"
    off = refusing.refused(reader)
    context: dict[str, Any] = {
        "optional": [
            (event.value, word, event not in off)
            for event, word in WORDS.items()
            if event in OPTIONAL
        ],
        "obligatory": [
            (word, pick(OBLIGATORY[event], language()))
            for event, word in WORDS.items()
            if event in OBLIGATORY
        ],
        "about": WORDS.get(reader.event, ""),
        "about_is_on": reader.event in OPTIONAL and reader.event not in off,
        "done": done,
        "noindex": True,
    }
    return private(page(request, site, "notice_switches", **context))
