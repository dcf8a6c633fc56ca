"""The token of a checkout form: however often the form is sent, it makes one order."""

import secrets
from dataclasses import dataclass, replace

from django.core import signing
from django.http import HttpRequest

from kacang.web.shop import cookies
from kacang.web.shop.site import Site

SALT = "kacang.shop.checkout"
HOURS_24 = 24 * 3600


@dataclass(frozen=True, slots=True)
class FormToken:
    """A form's own name, and the price that it showed."""

    name: str
    total_minor: int

    @property
    def external_number(self) -> str:
        """The name under which the order of this form is known, once there is one."""
        return f"shop-{self.name}"

    def at(self, total_minor: int) -> "FormToken":
        """Return the token for the same form, shown again with another price."""
        return replace(self, total_minor=total_minor)


def new_token(total_minor: int) -> FormToken:
    """Return the token of a form that is shown for the first time."""
    return FormToken(secrets.token_urlsafe(16), total_minor)


def written(request: HttpRequest, site: Site, token: FormToken) -> str:
    """Return a token for a hidden field, signed for this shop and this device."""
    return signing.dumps([token.name, token.total_minor, _owner(request, site)], salt=SALT)


def read(request: HttpRequest, site: Site) -> FormToken | None:
    """Return the token that a form brings, if it was made for this shop and device within a day."""
    try:
        name, total, owner = signing.loads(
            request.POST.get("token", ""), salt=SALT, max_age=HOURS_24
        )
    except (signing.BadSignature, ValueError):
        return None
    return FormToken(str(name), int(total)) if owner == _owner(request, site) else None


def _owner(request: HttpRequest, site: Site) -> str:
    return f"{site.merchant.uid}/{cookies.device_of(request)}"
