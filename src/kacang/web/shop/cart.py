"""A small cart in a signed cookie: SKUs, quantities, and the numbers that a buyer picked."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse

from kacang.shared.errors import Conflict
from kacang.web.shop import cookies

LINES_MAX = 20
QUANTITY_MAX = 10_000
PICKS_MAX = 20
NAME_MAX = 80


class CartFull(Conflict):
    """The cart holds as much as it can."""

    code = "shop.cart_full"


@dataclass(frozen=True, slots=True)
class CartLine:
    """So many of one SKU. With `picks`, the quantity is their number."""

    sku_uid: str
    quantity: int
    picks: tuple[str, ...] = ()


def read_cart(request: HttpRequest, merchant_uid: str) -> list[CartLine]:
    """Return what is in the cart of one merchant."""
    raw = cookies.read_cart(request, merchant_uid)
    lines = [_read_line(item) for item in raw[:LINES_MAX]]
    return [line for line in lines if line is not None]


def write_cart(
    request: HttpRequest, response: HttpResponse, merchant_uid: str, lines: list[CartLine]
) -> None:
    """Keep a cart in the browser.

    Raises:
        CartFull: It is larger than a cookie can be; nothing is changed.
    """
    raw = [[line.sku_uid, line.quantity, *line.picks] for line in lines]
    if len(lines) > LINES_MAX or not cookies.write_cart(request, response, merchant_uid, raw):
        raise CartFull


def with_added(lines: list[CartLine], new: CartLine) -> list[CartLine]:
    """Return the cart with `new` in it: joined with a line of the same SKU."""
    for index, line in enumerate(lines):
        if line.sku_uid == new.sku_uid:
            return [*lines[:index], _joined(line, new), *lines[index + 1 :]]
    return [*lines, new]


def with_quantity(lines: list[CartLine], sku_uid: str, quantity: int) -> list[CartLine]:
    """Return the cart with another quantity of a SKU; 0 takes the line out."""
    if quantity <= 0:
        return [line for line in lines if line.sku_uid != sku_uid]
    return [
        # Numbers that were picked by hand are not made more or fewer by a figure.
        replace(line, quantity=quantity) if line.sku_uid == sku_uid and not line.picks else line
        for line in lines
    ]


def make_line(sku_uid: str, quantity: str, picks: list[str]) -> CartLine:
    """Read a line as a form sends it; what cannot be a quantity counts as 1."""
    chosen = tuple(dict.fromkeys(pick[:NAME_MAX] for pick in picks if pick))[:PICKS_MAX]
    count = int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 6 else 1  # noqa: PLR2004 - at most 10,000
    return CartLine(sku_uid[:NAME_MAX], len(chosen) or min(max(count, 1), QUANTITY_MAX), chosen)


def _joined(line: CartLine, new: CartLine) -> CartLine:
    if line.picks or new.picks:
        picks = tuple(dict.fromkeys((*line.picks, *new.picks)))[:PICKS_MAX]
        return CartLine(line.sku_uid, len(picks), picks)
    return replace(line, quantity=min(line.quantity + new.quantity, QUANTITY_MAX))


def _read_line(item: Any) -> CartLine | None:
    if not isinstance(item, list) or len(item) < 2 or not isinstance(item[1], int):  # noqa: PLR2004 - SKU and quantity
        return None
    return CartLine(str(item[0]), item[1], tuple(str(pick) for pick in item[2:]))
