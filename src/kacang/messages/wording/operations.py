"""What others may do: keep own words for a message, go back, switch a channel (N1)."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.messages.events import Event
from kacang.messages.webhooks import events as hooks
from kacang.messages.wording import texts
from kacang.messages.wording.house import channels_of, house_words, language_of, told_by
from kacang.messages.wording.models import MessageSwitch, MessageWording
from kacang.messages.wording.queries import SETTINGS, is_fixed
from kacang.messages.wording.texts import Wording
from kacang.messages.wording.variables import EMAIL, WEBHOOK
from kacang.shared.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """Which message is meant: of an event, by a channel, in a language."""

    event: str
    channel: str
    language: str


class NoSuchChannel(NotFound):
    """There is no such event, or it is not told by this channel."""

    code = "messages.no_such_channel"


class AlwaysSent(Conflict):
    """This message cannot be switched off: nothing works without it."""

    code = "messages.always_sent"


def save_words(*, merchant_id: int, place: Place, wording: Wording, actor: Actor) -> int:
    """Keep a merchant's own words as the newest version, and return its number; 0: no change.

    Raises:
        NoSuchChannel: The event is not told by this channel.
        BadWording, BadBraces, UnknownVariable, MissingVariable: As `texts.checked` says.
    """
    about = event_of(place.event, place.channel)
    kept = texts.checked(about, place.channel, wording)
    # Whoever writes the house's own words wants them, also when the house's change.
    if kept == house_words(about, place.channel, language_of(place.language)):
        kept = Wording("", "")
    return _add(merchant_id, place, kept, actor, "messages.wording")


def reset_words(*, merchant_id: int, place: Place, actor: Actor) -> int:
    """Go back to the house's words; the merchant's own stay in the history.

    Raises:
        NoSuchChannel: The event is not told by this channel.
    """
    event_of(place.event, place.channel)
    return _add(merchant_id, place, Wording("", ""), actor, "messages.wording_reset")


def switch(*, merchant_id: int, event: str, channel: str, on: bool, actor: Actor) -> None:
    """Say whether an event is told by a channel.

    Raises:
        NoSuchChannel: The event is not told by this channel.
        UnknownEvent: Other systems are told of no such event.
        AlwaysSent: It cannot be switched off.
    """
    if channel == WEBHOOK:
        (name,) = hooks.checked([event])
        _switch(merchant_id, name, channel, on=on, actor=actor)
        return
    about = told(event, channel)
    if is_fixed(about, channel):
        raise AlwaysSent
    if channel == EMAIL and about in SETTINGS:
        change_settings(merchant_id=merchant_id, values={SETTINGS[about]: on}, actor=actor)
        return
    _switch(merchant_id, about, channel, on=on, actor=actor)


def _switch(merchant_id: int, event: str, channel: str, *, on: bool, actor: Actor) -> None:
    with acting_as(merchant_id):
        MessageSwitch.objects.update_or_create(
            merchant_id=merchant_id, event=event, channel=channel, defaults={"is_on": on}
        )
        _log(merchant_id, actor, "messages.switch", f"{event}/{channel}", on=on)


def told(event: str, channel: str) -> Event:
    """Return the event of this name, if it is told by the channel, in whoever's words.

    Raises:
        NoSuchChannel: There is none, or it is not.
    """
    if event not in set(Event) or channel not in told_by(Event(event)):
        raise NoSuchChannel
    return Event(event)


def event_of(event: str, channel: str) -> Event:
    """Return the event of this name, if it has words of ours in the channel.

    Raises:
        NoSuchChannel: There is none, or it is not.
    """
    if event not in set(Event) or channel not in channels_of(Event(event)):
        raise NoSuchChannel
    return Event(event)


def _add(merchant_id: int, place: Place, wording: Wording, actor: Actor, action: str) -> int:
    kept_in = language_of(place.language)
    with acting_as(merchant_id):
        with connection.cursor() as cursor:
            # Of two who save at once, the second one's is the newer version.
            cursor.execute(
                "select 1 from merchant where id = %s::bigint for no key update", [merchant_id]
            )
        rows = MessageWording.objects.filter(
            merchant_id=merchant_id, event=place.event, channel=place.channel, language=kept_in
        )
        newest = rows.order_by("-version").first()
        present = Wording(newest.subject, newest.body) if newest else Wording("", "")
        if wording == present:
            return 0
        version = (newest.version if newest else 0) + 1
        MessageWording.objects.create(
            merchant_id=merchant_id,
            event=place.event,
            channel=place.channel,
            language=kept_in,
            version=version,
            subject=wording.subject,
            body=wording.body,
            made_by=actor.label[:120],
        )
        which = f"{place.event}/{place.channel}/{kept_in}"
        _log(merchant_id, actor, action, which, version=version)
    return version


def _log(merchant_id: int, actor: Actor, action: str, which: str, **after: Any) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="message",
        object_uid=which[:60], after=after,
    )  # fmt: skip
