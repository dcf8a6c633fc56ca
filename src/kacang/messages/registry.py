"""Which senders of text messages there are: entry points (J4)."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import structlog

from kacang.messages.ports import PORT_VERSION, AccountSender, NotConfigured, SmsSender
from kacang.messages.wording.variables import SMS
from kacang.shared.errors import NotFound

GROUP = "kacang.sms_senders"
log = structlog.get_logger()


class UnknownCompany(NotFound):
    """There is no such company, or merchants have no accounts of their own there."""

    code = "senders.unknown_company"


def sms_sender() -> SmsSender | None:
    """Return the operator's sender of text messages: of several, the first by name; or None."""
    return min(_senders(), key=lambda one: one.name, default=None)


def companies() -> tuple[str, ...]:
    """Return the companies at which merchants may have accounts of their own, by name."""
    return tuple(sorted(_with_accounts()))


def company(name: str) -> type[AccountSender]:
    """Return a company at which merchants may have accounts of their own.

    Raises:
        UnknownCompany: There is none of this name.
    """
    try:
        return _with_accounts()[name]
    except KeyError:
        raise UnknownCompany from None


def channel_of(kind: type[AccountSender]) -> str:
    """Return which channel a company carries: text messages, where it says nothing else."""
    return str(getattr(kind, "channel", SMS))


def forget_senders() -> None:
    """Look again at the next call: packages were added or taken away."""
    _senders.cache_clear()
    _with_accounts.cache_clear()


@cache
def _senders() -> tuple[SmsSender, ...]:
    built = (_build(entry) for entry in entry_points(group=GROUP))
    return tuple(made for made in built if made is not None)


@cache
def _with_accounts() -> dict[str, type[AccountSender]]:
    loaded = (_loaded(entry) for entry in entry_points(group=GROUP))
    return {
        one.name: one
        for one in loaded
        if hasattr(one, "of") and getattr(one, "port_version", None) == PORT_VERSION
    }


def _build(entry: EntryPoint) -> SmsSender | None:
    try:
        made: SmsSender = entry.load()()
    except NotConfigured:
        return None
    except Exception:
        # A broken package of somebody else must not stop the e-mails.
        log.exception("sms_sender_broken", entry_point=entry.value)
        return None
    if made.port_version != PORT_VERSION:
        log.error("sms_sender_outdated", entry_point=entry.value, port=made.port_version)
        return None
    return made


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception:
        log.exception("sms_sender_broken", entry_point=entry.value)
        return None
