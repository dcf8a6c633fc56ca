"""Which payment companies there are: entry points, ours and those of other packages (J4)."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

import structlog
from django.conf import settings

from kacang.payments.companies import outside
from kacang.payments.ports import PORT_VERSION, PaymentProvider, Surroundings
from kacang.shared.errors import NotFound

GROUP = "kacang.payment_providers"
log = structlog.get_logger()


class UnknownProvider(NotFound):
    """No package brings this payment company."""

    code = "payments.unknown_provider"


def provider(name: str) -> PaymentProvider:
    """Return one company's adapter, or raise UnknownProvider."""
    try:
        return providers()[name]
    except KeyError:
        raise UnknownProvider(provider=name[:30]) from None


@cache
def providers() -> dict[str, PaymentProvider]:
    """Return every company's adapter by name; each is built once per process."""
    surroundings = Surroundings(public_url=settings.PUBLIC_URL, http=outside.client())
    built = (_build(entry, surroundings) for entry in entry_points(group=GROUP))
    return {made.name: made for made in built if made is not None}


def _build(entry: EntryPoint, surroundings: Surroundings) -> PaymentProvider | None:
    try:
        made: PaymentProvider = entry.load()(surroundings)
    except Exception:
        # A broken package of somebody else must not stop the others.
        log.exception("payment_provider_broken", entry_point=entry.value)
        return None
    if made.port_version != PORT_VERSION:
        log.error("payment_provider_outdated", entry_point=entry.value, port=made.port_version)
        return None
    return made
