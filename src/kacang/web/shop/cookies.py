"""What a buyer's browser keeps: a device name, a cart, and the keys to its last orders.

All are signed, so that nobody can write them but us, and none is readable by scripts. They hold
no row ids: merchants are named by uid (rule 21).
"""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from kacang.shared.ids import new_token

DEVICE, CART, ORDERS, WALLET = "kc_device", "kc_cart", "kc_orders", "kc_wallet"
STORE = "kc_store"
HOURS_12 = 12 * 3600
DAYS_180 = 180 * 24 * 3600
ORDERS_KEPT = 20
MERCHANTS_KEPT = 4
# Browsers drop a cookie past 4,096 bytes; name and attributes need some of them.
BYTES_MAX = 3_700
_DEVICE = re.compile(r"[0-9A-Za-z_-]{20,64}")

OrderKeys = list[tuple[str, str]]


def brings_device(request: HttpRequest) -> bool:
    """Say whether the browser keeps our cookies: it has brought the name of its device."""
    return bool(_DEVICE.fullmatch(request.COOKIES.get(DEVICE, "")))


def device_of(request: HttpRequest) -> str:
    """Return the random name of the device that asks; a new one gets it here."""
    if brings_device(request):
        return request.COOKIES[DEVICE]
    if not hasattr(request, "new_device"):
        request.new_device = new_token()[:24]  # type: ignore[attr-defined]
    return str(request.new_device)  # type: ignore[attr-defined]


def name_device(request: HttpRequest, response: HttpResponse) -> None:
    """Let a device that has no name yet keep the one that it was given."""
    if not brings_device(request):
        _set(response, DEVICE, device_of(request))


def order_keys(request: HttpRequest, merchant_uid: str) -> OrderKeys:
    """Return (number, token) of the orders that this browser may open, newest first."""
    kept = _read(request, ORDERS).get(merchant_uid, [])
    return [(number, token) for number, token in _pairs(kept)]


def token_for(request: HttpRequest, merchant_uid: str, number: str) -> str:
    """Return the browser's token for one order, or ""."""
    return dict(order_keys(request, merchant_uid)).get(number, "")


def keep_order(
    request: HttpRequest, response: HttpResponse, merchant_uid: str, key: tuple[str, str]
) -> None:
    """Remember (number, token) in the browser, with the last orders before it."""
    kept = _read(request, ORDERS)
    mine = [pair for pair in order_keys(request, merchant_uid) if pair[0] != key[0]]
    others = {uid: pairs for uid, pairs in kept.items() if uid != merchant_uid}
    _set(response, ORDERS, _signed(ORDERS, _last({merchant_uid: [key, *mine], **others})))


def wallet_token(request: HttpRequest, merchant_uid: str) -> str:
    """Return the token of the customer's session at a merchant, or ""."""
    found = _read(request, WALLET).get(merchant_uid, "")
    return found if isinstance(found, str) else ""


def keep_wallet(
    request: HttpRequest, response: HttpResponse, merchant_uid: str, token: str
) -> None:
    """Remember the customer's session in the browser; "" forgets it."""
    kept = {uid: v for uid, v in _read(request, WALLET).items() if uid != merchant_uid}
    mine = {merchant_uid: token} if token else {}
    _set(response, WALLET, _signed(WALLET, dict(list({**mine, **kept}.items())[:MERCHANTS_KEPT])))


def store_code(request: HttpRequest, merchant_uid: str) -> str:
    """Return the code of the store of a merchant whose address was opened here lately, or ""."""
    found = _read(request, STORE, HOURS_12).get(merchant_uid, "")
    return found if isinstance(found, str) else ""


def keep_store(response: HttpResponse, merchant_uid: str, code: str) -> None:
    """Remember in which store a browser is; the last one counts."""
    _set(response, STORE, _signed(STORE, {merchant_uid: code}), HOURS_12)


def read_cart(request: HttpRequest, merchant_uid: str) -> list[Any]:
    """Return the raw lines of a merchant's cart."""
    found = _read(request, CART).get(merchant_uid, [])
    return found if isinstance(found, list) else []


def write_cart(
    request: HttpRequest, response: HttpResponse, merchant_uid: str, lines: list[Any]
) -> bool:
    """Keep a merchant's cart. False when it is too large for a cookie; nothing is kept then."""
    carts = {uid: v for uid, v in _read(request, CART).items() if uid != merchant_uid}
    if lines:
        carts = {merchant_uid: lines, **carts}
    text = _signed(CART, dict(list(carts.items())[:MERCHANTS_KEPT]))
    if len(text) > BYTES_MAX:
        text = _signed(CART, {merchant_uid: lines})
    if len(text) > BYTES_MAX:
        return False
    _set(response, CART, text)
    return True


def _read(request: HttpRequest, name: str, seconds: int = DAYS_180) -> dict[str, Any]:
    try:
        found = signing.loads(request.COOKIES.get(name, ""), salt=name, max_age=seconds)
    except signing.BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def _pairs(kept: object) -> list[tuple[str, str]]:
    if not isinstance(kept, list):
        return []
    return [(str(pair[0]), str(pair[1])) for pair in kept if len(pair) == 2]  # noqa: PLR2004 - a pair


def _last(kept: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Keep the last orders over all merchants; the merchant just bought from comes first."""
    left = ORDERS_KEPT
    result = {}
    for uid, pairs in kept.items():
        if left <= 0:
            break
        result[uid] = _pairs([list(pair) for pair in pairs])[:left]
        left -= len(result[uid])
    return result


def _signed(name: str, value: object) -> str:
    return signing.dumps(value, salt=name, compress=True)


def _set(response: HttpResponse, name: str, value: str, seconds: int = DAYS_180) -> None:
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="Lax", secure=settings.HTTPS
    )
