"""What every template is given: the frame of the face it belongs to."""

from typing import Any, cast

from django.http import HttpRequest

from kacang.web.console.frame import operator_shell, shell_of
from kacang.web.requests import ConsoleRequest


def face(request: HttpRequest) -> dict[str, Any]:
    """Give `shell` to pages of the console, the operators' too, and `shop` to pages of a shop.

    The console's comes from `request.membership`, which `needs` sets; a shop's is
    `request.shop`, a `parts.ShopShell`, set by the shop's own views.
    """
    values: dict[str, Any] = {}
    if getattr(request, "is_operators", False):
        values["shell"] = operator_shell(cast(ConsoleRequest, request))
    elif getattr(request, "membership", None) is not None:
        values["shell"] = shell_of(cast(ConsoleRequest, request))
    shop = getattr(request, "shop", None)
    if shop is not None:
        values["shop"] = shop
    return values
