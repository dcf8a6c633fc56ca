"""Who calls: the bearer's key, its scope, its rate."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security.base import AuthBase

from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import Actor
from kacang.merchants.operations import KeyIdentity, KeyRefused
from kacang.web.api.rates import count_call

BEARER = re.compile(r"(?i:bearer) +(kc_(?:live|test)_[0-9A-Za-z]{20,80})")
_slugs: dict[int, str] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """The machine that calls, for one merchant."""

    merchant_id: int
    key_id: int
    label: str
    address: str

    @property
    def actor(self) -> Actor:
        """Who this is to the logs."""
        return Actor("key", self.key_id, self.label, self.address)

    @property
    def is_known(self) -> bool:
        """Whether all that answers need is remembered, without the database."""
        return self.merchant_id in _slugs

    def access_url(self, number: str, token: str) -> str:
        """Return the address under which the buyer opens an order."""
        return f"{settings.PUBLIC_URL}/s/{self._slug}/orders/{number}/?t={token}"

    @property
    def _slug(self) -> str:
        # A slug never changes once its merchant is open: links in mails hold it.
        slug = _slugs.get(self.merchant_id)
        if slug is None:
            slug = queries.merchant(merchant_id=self.merchant_id).slug
            _slugs[self.merchant_id] = slug
        return slug


class BearerKey(AuthBase):
    """Demands a key with these scopes; `request.auth` is the Caller afterwards."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A key of the merchant: `kc_live_…` or `kc_test_…`."

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = scopes

    def __call__(self, request: HttpRequest) -> Caller:
        """Return who calls.

        Raises:
            KeyRefused: No key, or not one that counts here.
            KeyScope: It may do other things, not this.
            TooFast: It calls too often.
        """
        identity = _identify(request)
        count_call(identity.id, identity.rate_per_minute)
        for scope in self.scopes:
            identity.demand(scope)
        return Caller(identity.merchant_id, identity.id, identity.actor_label, _address(request))


def caller_of(request: HttpRequest) -> Caller:
    """Return who calls, once BearerKey has let the request through."""
    caller: Any = request.auth  # type: ignore[attr-defined]  # set by ninja
    assert isinstance(caller, Caller)
    return caller


def _identify(request: HttpRequest) -> KeyIdentity:
    match = BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        raise KeyRefused
    return merchants.authenticate(key=match[1], address=_address(request))


def _address(request: HttpRequest) -> str:
    return str(request.client_address)  # type: ignore[attr-defined]  # set by RequestContext
