"""What others may ask: a merchant's own words, their history, what is switched on (N1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kacang.merchants.queries import setting
from kacang.merchants.tenancy import acting_as
from kacang.messages.events import WATCHED, Event
from kacang.messages.wording.house import channels_of, house_words, language_of, told_by
from kacang.messages.wording.models import MessageSwitch, MessageWording
from kacang.messages.wording.texts import Wording
from kacang.messages.wording.variables import CARRIED, EMAIL, IN_APP, SMS

HISTORY_MOST = 50
# Mails that somebody asked for, or that nothing works without.
ALWAYS = frozenset(
    {
        Event.ORDER_CODE,
        Event.WALLET_CODE,
        Event.RESTOCKED,
        Event.ORDER_EXPIRING,
        Event.ORDER_CONTACT_CHANGED,
        *WATCHED,
    }
)
# Where a setting says whether mails are sent.
SETTINGS: dict[Event, str] = {
    Event.ORDER_DELIVERED: "mail_order_delivered",
    Event.ORDER_READY: "mail_order_delivered",
    Event.ORDER_SHIPPED: "mail_order_shipped",
    Event.ORDER_WAITING: "mail_order_waiting",
    Event.ORDER_CANCELLED: "mail_order_cancelled",
    Event.ORDER_REFUNDED: "mail_order_refunded",
    Event.ORDER_UNPAID: "mail_order_unpaid",
    Event.CASE_ANSWERED: "mail_case",
    Event.CASE_DECIDED: "mail_case",
    Event.WITHDRAWAL: "mail_withdrawals",
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a merchant's words. Without a body: back to the house's."""

    version: int
    wording: Wording
    made_by: str
    created_at: datetime

    @property
    def is_house(self) -> bool:
        """Whether this version went back to the house's words."""
        return not self.wording.body


@dataclass(frozen=True, slots=True)
class Cell:
    """How an event is told by a channel."""

    event: Event
    channel: str
    is_on: bool
    is_fixed: bool
    own: tuple[str, ...]  # the languages in which the merchant has own words


def own_words(
    *, merchant_id: int, channel: str, events: Iterable[str] = ()
) -> dict[tuple[str, str], Wording]:
    """Return a merchant's own words of a channel by event and language, of some events or all."""
    with acting_as(merchant_id):
        rows = MessageWording.objects.filter(merchant_id=merchant_id, channel=channel)
        if events:
            rows = rows.filter(event__in=list(events))
        newest = rows.order_by("event", "language", "-version").distinct("event", "language")
        return {
            (row.event, row.language): Wording(row.subject, row.body) for row in newest if row.body
        }


def words_of(*, merchant_id: int, event: str, channel: str, language: str) -> Wording | None:
    """Return a merchant's own words for one message, or None for the house's."""
    own = own_words(merchant_id=merchant_id, channel=channel, events=[event])
    return own.get((event, language_of(language)))


def present_words(
    *, merchant_id: int, event: Event, channel: str, language: str
) -> tuple[Wording, bool]:
    """Return what a message says now, and whether those are the merchant's own words."""
    own = words_of(merchant_id=merchant_id, event=event, channel=channel, language=language)
    return own or house_words(event, channel, language_of(language)), own is not None


def history(*, merchant_id: int, event: Event, channel: str, language: str) -> list[Version]:
    """Return the versions of a merchant's words, the newest first."""
    with acting_as(merchant_id):
        rows = MessageWording.objects.filter(
            merchant_id=merchant_id, event=event, channel=channel, language=language_of(language)
        )
        return [
            Version(row.version, Wording(row.subject, row.body), row.made_by, row.created_at)
            for row in rows.order_by("-version")[:HISTORY_MOST]
        ]


def cells(*, merchant_id: int) -> list[Cell]:
    """Return how every event is told by every channel that it has."""
    with acting_as(merchant_id):
        rows = MessageWording.objects.filter(merchant_id=merchant_id)
        newest = rows.order_by("event", "channel", "language", "-version")
        own = [
            (row.event, row.channel, row.language)
            for row in newest.distinct("event", "channel", "language")
            if row.body
        ]
        said = _said(merchant_id)
    return [
        Cell(
            event=event,
            channel=channel,
            is_on=_is_on(merchant_id, event, channel, said),
            is_fixed=is_fixed(event, channel),
            own=tuple(language for *what, language in own if what == [event, channel]),
        )
        for event in Event
        for channel in channels_of(event)
    ]


def is_told_by(*, merchant_id: int, channel: str) -> frozenset[str]:
    """Return the events that are told by a channel now."""
    with acting_as(merchant_id):
        said = _said(merchant_id)
    return frozenset(
        event.value
        for event in Event
        if channel in told_by(event) and _is_on(merchant_id, event, channel, said)
    )


def is_on(*, merchant_id: int, event: Event, channel: str) -> bool:
    """Whether an event is told by a channel."""
    with acting_as(merchant_id):
        said = _said(merchant_id, [event])
    return _is_on(merchant_id, event, channel, said)


def switched_off(merchant_id: int, events: Iterable[str]) -> set[tuple[str, str]]:
    """Return what of these events is not told by which channel. In the caller's transaction."""
    names = sorted(set(events))
    said = _said(merchant_id, names)
    return {
        (name, channel)
        for name in names
        for channel in told_by(Event(name))
        if not _is_on(merchant_id, Event(name), channel, said)
    }


def switched_off_for(*, merchant_id: int, events: Iterable[str]) -> set[tuple[str, str]]:
    """Return what of these events a merchant has told by no channel of which."""
    with acting_as(merchant_id):
        return switched_off(merchant_id, events)


def is_fixed(event: Event, channel: str) -> bool:
    """Whether nobody can switch it: mails that nothing works without, visits of the operator."""
    return (channel == EMAIL and event in ALWAYS) or (channel == IN_APP and event in WATCHED)


def _said(merchant_id: int, events: Iterable[str] = ()) -> dict[tuple[str, str], bool]:
    rows = MessageSwitch.objects.filter(merchant_id=merchant_id)
    if events:
        rows = rows.filter(event__in=list(events))
    return {(row.event, row.channel): row.is_on for row in rows}


def _is_on(
    merchant_id: int, event: Event, channel: str, said: Mapping[tuple[str, str], bool]
) -> bool:
    if is_fixed(event, channel):
        return True
    if channel == EMAIL and event in SETTINGS:
        return bool(setting(merchant_id=merchant_id, name=SETTINGS[event]))
    # A text message costs money: only what was always sent is on by itself.
    at_first = channel not in CARRIED or (channel == SMS and event == Event.STAFF_LOW_STOCK)
    return said.get((event, channel), at_first)
