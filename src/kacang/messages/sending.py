"""Sending one message that waits: to the mail server, or to a company for text messages (N1).

It leaves outside any transaction. What came of it is noted after; what a crash leaves in between
is a mail that goes twice under the same Message-ID, or a text message of which nobody knows and
which is not sent again by itself: its company is asked instead.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from kacang.merchants.queries import merchant, setting
from kacang.merchants.tenancy import acting_as
from kacang.messages import rendering
from kacang.messages.events import Event
from kacang.messages.models import Message, MessageState
from kacang.messages.ports import Taken, TextMessage
from kacang.messages.posting import NotPosted, post, post_text
from kacang.messages.restraint.holding import verdict
from kacang.messages.senders.queries import Carrier, carrier, carrier_of
from kacang.messages.wording.queries import words_of
from kacang.messages.wording.texts import parts_of
from kacang.messages.wording.variables import CARRIED, EMAIL, SMS, WECHAT, examples
from kacang.queue import enqueue
from kacang.shared.errors import NotFound

# Seconds until the next try; after the last the message has failed, for a person to see.
BACK_OFF = (60, 300, 1800, 7200, 21_600)
# When the company is asked what became of a text message, after it was sent, while it says nothing.
FIRST_ASKED_AFTER = timedelta(minutes=10)
# The mark of a message that is an example, in its context.
EXAMPLE = "example"
UNKNOWN = "unknown"


class UnknownMessage(NotFound):
    """There is no such message."""

    code = "messages.unknown"


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that is about to be sent, for whoever adds what is kept nowhere."""

    merchant_id: int
    uid: str
    event: Event
    context: Mapping[str, Any] = field(repr=False)
    recipient: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Filling:
    """What is added to a message when it is sent, and is kept nowhere.

    Args:
        values: More values for the template.
        address: Where it goes, when the row names somebody by another name than the address.
        unsubscribe_url: Where a POST alone ends such mails; "": nowhere.
        switches_url: Where the reader chooses what they are told; named below the mail.
    """

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    address: str = field(default="", repr=False)
    unsubscribe_url: str = field(default="", repr=False)
    switches_url: str = field(default="", repr=False)


# None: the occasion has passed, and nothing is sent.
Filler = Callable[[Sending], Filling | None]


@dataclass(frozen=True, slots=True)
class _Try:
    """One try of one message."""

    row: Message
    shop: str
    now: datetime


def send(*, merchant_id: int, uid: str, now: datetime, fill: Filler | None = None) -> MessageState:
    """Try to send one mail or text that waits; a try that failed for now queues the next.

    It leaves outside any transaction; must not be called inside one. A crash between sending and
    noting it sends a mail twice, with the same Message-ID; a text message is not sent again then.

    Raises:
        UnknownMessage: The merchant has none of that uid.
    """
    sender = merchant(merchant_id=merchant_id)
    name = str(setting(merchant_id=merchant_id, name="shop_name")) or sender.name
    row = _begin(merchant_id, uid, now)
    if row.held_until is not None or row.state != MessageState.WAITING:
        return MessageState(row.state)
    tried = _Try(row, name, now)
    if row.channel in CARRIED and row.tries > 1 and not row.error:
        # An earlier try began and noted no end: a phone may have it.
        return _not_sent(tried, NotPosted(UNKNOWN, is_final=True))
    if EXAMPLE in row.context:
        context = {**examples(Event(row.event), row.channel, row.language), "shop": name}
        return _sent(tried, context, Filling())
    context = {"shop": name, **row.context}
    sending = Sending(merchant_id, uid, Event(row.event), context, row.recipient)
    filling = fill(sending) if fill else Filling()
    if filling is None:
        return _not_sent(tried, NotPosted("outdated", is_final=True))
    return _sent(tried, context, filling)


def queue_messages(merchant_id: int, uids: Iterable[str], after_seconds: int) -> None:
    """Queue the sending of messages."""
    for uid in uids:
        enqueue(
            "messages.send",
            queue="mail",
            lock=f"messages.send/{uid}",
            after_seconds=after_seconds,
            merchant_id=merchant_id,
            uid=uid,
        )


def _sent(tried: _Try, context: Mapping[str, Any], filling: Filling) -> MessageState:
    row = tried.row
    try:
        if row.channel in CARRIED:
            taken = _text(tried, context)
        else:
            _mail(tried, context, filling)
            taken = Taken()
    except NotPosted as problem:
        return _not_sent(tried, problem)
    values: dict[str, Any] = {}
    if row.channel == WECHAT:
        values = {"company_number": taken.number}
    elif row.channel == SMS:
        values = {
            "company_number": taken.number,
            "parts": taken.parts or row.parts,
            "price_milli": _price(row.merchant_id),
            "report_at": tried.now + FIRST_ASKED_AFTER,
        }
    _note(row, state=MessageState.SENT, error="", sent_at=tried.now, **values)
    return MessageState.SENT


def _text(tried: _Try, context: Mapping[str, Any]) -> Taken:
    row = tried.row
    if EXAMPLE in row.context and row.account:
        # It is this very account that is tried out, on or off.
        found = carrier_of(merchant_id=row.merchant_id, uid=row.account)
    else:
        found = carrier(merchant_id=row.merchant_id, channel=row.channel)
    if found is None:
        raise NotPosted("no_sms_sender" if row.channel == SMS else "no_wechat", is_final=True)
    text = rendering.short(row.event, row.language, context, _words(row))
    _note_carrier(row, found, parts_of(text, tried.shop) if row.channel == SMS else 0)
    return post_text(
        sender=found.sender,
        message=TextMessage(
            reference=row.uid,
            phone=row.recipient,
            event=row.event,
            language=row.language,
            sender=tried.shop,
            text=text,
            values=rendering.values_of(row.event, row.language, context),
        ),
    )


def _mail(tried: _Try, context: Mapping[str, Any], filling: Filling) -> None:
    row = tried.row
    post(
        uid=row.uid,
        sender_name=tried.shop,
        recipient=filling.address or row.recipient,
        mail=rendering.mail(
            row.event,
            row.language,
            {**context, **filling.values},
            _words(row),
            switches_url=filling.switches_url,
        ),
        unsubscribe_url=filling.unsubscribe_url,
    )


def _words(row: Message) -> Any:
    return words_of(
        merchant_id=row.merchant_id, event=row.event, channel=row.channel, language=row.language
    )


def _price(merchant_id: int) -> int:
    return int(str(setting(merchant_id=merchant_id, name="sms_price_milli")))


def _begin(merchant_id: int, uid: str, now: datetime) -> Message:
    """Count a try, unless the message is held, or left out on purpose."""
    with acting_as(merchant_id):
        rows = Message.objects.filter(
            merchant_id=merchant_id, uid=uid, channel__in=(EMAIL, *CARRIED)
        )
        row = rows.select_for_update(no_key=True).first()
        if row is None:
            raise UnknownMessage
        if row.state != MessageState.WAITING:
            row.held_until = None
            return row
        said = verdict(row, now)
        if said.held_until is not None:
            _hold(row, said.held_until, now)
            return row
        row.held_until = None
        if said.left_out:
            row.state, row.error = MessageState.SKIPPED, said.left_out
        else:
            row.tries += 1
        row.save(update_fields=["held_until", "state", "error", "tries"])
    return row


def _hold(row: Message, until: datetime, now: datetime) -> None:
    """Note until when a message is held, and queue it for then: both or neither, and once."""
    if row.held_until == until:
        return
    row.held_until = until
    row.save(update_fields=["held_until"])
    queue_messages(row.merchant_id, [row.uid], ceil((until - now).total_seconds()))


def _note_carrier(row: Message, found: Carrier, parts: int) -> None:
    """Write down who is about to be called: whoever asks later what became of it must know."""
    row.company, row.account, row.parts = found.sender.name[:20], found.account, parts
    with acting_as(row.merchant_id):
        row.save(update_fields=["company", "account", "parts"])


def _not_sent(tried: _Try, problem: NotPosted) -> MessageState:
    row = tried.row
    if problem.is_final or row.tries > len(BACK_OFF):
        asks = problem.reason.startswith(UNKNOWN) and row.channel == SMS and bool(row.company)
        report_at = tried.now + FIRST_ASKED_AFTER if asks else None
        _note(row, state=MessageState.FAILED, error=problem.reason[:200], report_at=report_at)
        return MessageState.FAILED
    with acting_as(row.merchant_id):
        _note(row, state=MessageState.WAITING, error=problem.reason[:200])
        queue_messages(row.merchant_id, [row.uid], BACK_OFF[row.tries - 1])
    return MessageState.WAITING


def _note(row: Message, **values: Any) -> None:
    with acting_as(row.merchant_id):
        Message.objects.filter(
            merchant_id=row.merchant_id, uid=row.uid, state=MessageState.WAITING
        ).update(**values)
