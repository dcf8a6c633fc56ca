"""The two calls that a sale is made of, without what pages need: placing, and the notice of money.

Only what is plain goes this way. Whatever is not, in form or in fact, is answered by nobody here
(`None`), and then the ordinary way: an error is worded in one place. Nothing may be done before
that is decided.
"""

import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from django.http import HttpResponse
from pydantic_core import from_json

from kacang.merchants import operations as merchants
from kacang.merchants.operations import KeyIdentity
from kacang.orders import operations as orders
from kacang.orders.types import PlacedOrder
from kacang.outbox.idempotency import Answer
from kacang.payments import queries as payments
from kacang.payments.companies import outside, registry
from kacang.payments.companies.strangers import is_expected
from kacang.payments.ports import BadNotice, BadSignature, IncomingMessage, VerifiedNotice
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.web import errors
from kacang.web.api import order_views, rates
from kacang.web.api.answers import JSON, answer
from kacang.web.api.keys import BEARER, Caller
from kacang.web.api.orders import wish_of
from kacang.web.api.paging import REPEAT_KEY
from kacang.web.api.repeats import kept_answer, slot_of
from kacang.web.api.schemas import OrderIn
from kacang.web.callbacks import answer_of
from kacang.web.headers import Headers
from kacang.web.requests import WebRequest

PLACE = "/api/v1/orders"
_NOTICE = re.compile(r"/callbacks/payments/([0-9A-Za-z_]{1,32})/([0-9A-Za-z_]{1,32})")
BODY_BYTES_MAX = 64 * 1024
_SCOPE = "orders:write"

Way = Callable[[WebRequest, Executor], Awaitable[HttpResponse | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One of the two ways, and what the figures call it."""

    way: Way
    name: str


def route_of(environ: dict[str, str]) -> Route | None:
    """Say which way a request may go; None: the ordinary one."""
    if environ["REQUEST_METHOD"] != "POST" or environ["QUERY_STRING"]:
        return None
    size = environ.get("CONTENT_LENGTH", "")
    if not (size.isdecimal() and 0 < int(size[:9]) <= BODY_BYTES_MAX):
        return None
    path = environ["PATH_INFO"]
    if path == PLACE:
        return _PLACING
    return _NOTIFYING if _NOTICE.fullmatch(path) else None


async def place(request: WebRequest, executor: Executor) -> HttpResponse | None:
    """Place an order: the operation `place_order` of the API."""
    identity = _identity(request)
    if identity is None or request.META.get("CONTENT_TYPE") != JSON:
        return None
    caller = Caller(identity.merchant_id, identity.id, identity.actor_label, request.client_address)
    if not caller.is_known:
        return None
    try:
        data = OrderIn.model_validate(from_json(request.body, allow_inf_nan=False))
        wish = wish_of(data, caller)
        repeat = _repeat(request, caller)
    except (ValueError, DomainError):
        return None
    if wish.password or data.remember:
        return None
    rates.count_call(identity.id, identity.rate_per_minute)
    outcome = await orders.promise_order(
        merchant_id=caller.merchant_id, request=wish, executor=executor, repeat=repeat
    )
    if isinstance(outcome, PlacedOrder):
        return answer(order_views.placed(outcome, caller), 201)
    return None if isinstance(outcome, orders.KeyTaken) else errors.problem(outcome, request)


async def notice(request: WebRequest, executor: Executor) -> HttpResponse | None:
    """Take in what a payment company says: the view `payment_callback`."""
    found = _NOTICE.fullmatch(request.path)
    assert found is not None
    account = payments.remembered_account(found[2])
    if account is None or account.provider != found[1]:
        return None
    if not is_expected(account, request.client_address):
        return None
    try:
        company = registry.provider(account.provider)
        message = IncomingMessage("POST", "", Headers(request.META), request.body)
        # One that must ask its company first, for a new certificate, is read the ordinary way.
        with outside.no_calls():
            told = company.read_notice(account, message, utc_now())
    except (BadSignature, BadNotice, registry.UnknownProvider, outside.NotHere):
        return None
    if not isinstance(told, VerifiedNotice):
        return None
    await orders.promise_settlement(account=account, notice=told, executor=executor)
    return answer_of(company.taken)


_PLACING = Route(place, "api/v1/orders")
_NOTIFYING = Route(notice, "callbacks/payments/<str:provider>/<str:account_uid>")


def _identity(request: WebRequest) -> KeyIdentity | None:
    match = BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        return None
    identity = merchants.recognise(key=match[1], address=request.client_address)
    return identity if identity is not None and _SCOPE in identity.scopes else None


def _repeat(request: WebRequest, caller: Caller) -> orders.Repeat | None:
    """Return the idempotency key of an order.

    Raises:
        ValueError: It is none.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not REPEAT_KEY.fullmatch(key):
        raise ValueError("no key")
    slot = slot_of(request, caller, key)

    def kept(order: PlacedOrder) -> Answer:
        body = order_views.placed(order, caller)
        return kept_answer(slot, body, status=201, secret=order_views.OPENS)

    return orders.Repeat(slot, kept)
