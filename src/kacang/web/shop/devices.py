"""What the buyer holds, and who pays: companies show each device another way (P1)."""

from django.http import HttpRequest

from kacang.orders.operations import Payer
from kacang.payments.ports import Device
from kacang.web.shop.site import Site, language

# Of these words in a browser's name the first decides; whoever lies sees another button.
_MARKS = (
    ("MicroMessenger", Device.WECHAT),
    ("AlipayClient", Device.ALIPAY),
    ("Mobile", Device.PHONE),
    ("Android", Device.PHONE),
    ("iPhone", Device.PHONE),
)


def device_of(request: HttpRequest) -> Device:
    """Say what the buyer holds, by the name of the browser."""
    name = request.META.get("HTTP_USER_AGENT", "")
    return next((device for mark, device in _MARKS if mark in name), Device.DESKTOP)


def payer_of(request: HttpRequest, site: Site, number: str, name: str = "") -> Payer:
    """Return who pays an order; `name` is what the company calls the buyer, if it must know."""
    return Payer(
        device=device_of(request),
        address=str(getattr(request, "client_address", "")),
        name=name,
        back_url=request.build_absolute_uri(site.url("pay", number=number)),
        language=language(),
    )
