"""Which senders of text messages there are: entry points (J4)."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

import structlog

from kacang.messages.ports import PORT_VERSION, NotConfigured, SmsSender

GROUP = "kacang.sms_senders"
log = structlog.get_logger()


def sms_sender() -> SmsSender | None:
    """Return the sender of text messages: of several, the first by name; None without any."""
    return min(_senders(), key=lambda one: one.name, default=None)


def can_text(merchant_id: int) -> bool:
    """Whether text messages of a merchant can be sent at all."""
    del merchant_id  # the company is the installation's
    return sms_sender() is not None


def forget_senders() -> None:
    """Look again at the next call: packages were added or taken away."""
    _senders.cache_clear()


@cache
def _senders() -> tuple[SmsSender, ...]:
    built = (_build(entry) for entry in entry_points(group=GROUP))
    return tuple(made for made in built if made is not None)


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
