"""What others may do: have something told, send what waits, mark what was read (N1).

A message is a row first and is sent by a job: it exists if and only if what it tells of has
committed. The row holds template, recipient and plain values; words and secrets (a link with a
token, a one-time code) are made when it is sent and kept nowhere (rule 27).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from kacang.merchants.queries import merchant, setting
from kacang.merchants.tenancy import acting_as
from kacang.messages import rendering
from kacang.messages.events import Event
from kacang.messages.models import MESSAGE_STEPS, Message, MessageState
from kacang.messages.ports import TextMessage
from kacang.messages.posting import NotPosted, post, post_text
from kacang.messages.wording.operations import Place, event_of
from kacang.messages.wording.queries import switched_off, words_of
from kacang.messages.wording.variables import EMAIL, IN_APP, SMS, examples
from kacang.queue import enqueue
from kacang.shared import states
from kacang.shared.errors import NotFound, TooMany
from kacang.shared.ids import new_uid

# Seconds until the next try; after the last the message has failed, for a person to see.
BACK_OFF = (60, 300, 1800, 7200, 21_600)


EXAMPLE, EXAMPLES_MAX = "example", 10


class TooManyExamples(TooMany):
    """Examples of messages come too often."""

    code = "messages.too_many_examples"


class UnknownMessage(NotFound):
    """There is no such message."""

    code = "messages.unknown"


@dataclass(frozen=True, slots=True)
class Tell:
    """Something to be told.

    Args:
        event: What it is about.
        once: Names the occasion: the same thing is told to the same recipient once, however
            often the job runs.
        context: What the template is filled from; ids and plain values, never a secret.
        emails: Addresses to mail.
        phones: Numbers to send a text message to, where that is possible.
        in_app: Whether the staff see it in the console.
        language: Of the mails.
        is_asked_for: Whether somebody asked for it: it is told though its channel is switched off.
    """

    event: Event
    once: str
    context: Mapping[str, Any]
    emails: Iterable[str] = ()
    phones: Iterable[str] = ()
    in_app: bool = False
    language: str = "zh-Hans"
    is_asked_for: bool = False


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
    """

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    address: str = field(default="", repr=False)
    unsubscribe_url: str = field(default="", repr=False)


# None: the occasion has passed, and nothing is sent.
Filler = Callable[[Sending], Filling | None]


def tell(*, merchant_id: int, message: Tell) -> int:
    """Store what is to be told, and queue the sending of it; return how many are new."""
    return tell_all(merchant_id=merchant_id, told=[message])


def tell_all(*, merchant_id: int, told: Iterable[Tell]) -> int:
    """Store many things to be told by two statements, and queue what is to be sent.

    Returns how many messages are new.
    """
    told = list(told)
    with acting_as(merchant_id):
        off = switched_off(merchant_id, [message.event for message in told])
        rows = [
            row
            for message in told
            for row in _rows(merchant_id, message)
            if message.is_asked_for or (row.event, row.channel) not in off
        ]
        Message.objects.bulk_create(rows, ignore_conflicts=True)
        new = dict(
            Message.objects.filter(
                merchant_id=merchant_id, uid__in=[row.uid for row in rows]
            ).values_list("uid", "channel")
        )
        sent = [uid for uid in (row.uid for row in rows) if new.get(uid, IN_APP) != IN_APP]
        _enqueue(merchant_id, sent, 0)
    return len(new)


def send(*, merchant_id: int, uid: str, now: datetime, fill: Filler | None = None) -> MessageState:
    """Try to send one mail or text that waits; a try that failed for now queues the next.

    It leaves outside any transaction; must not be called inside one. A crash between sending and
    noting it sends a mail twice, with the same Message-ID; a text message is not sent again then.

    Raises:
        UnknownMessage: The merchant has none of that uid.
    """
    sender = merchant(merchant_id=merchant_id)
    name = str(setting(merchant_id=merchant_id, name="shop_name")) or sender.name
    row = _begin(merchant_id, uid)
    if row is None or row.state != MessageState.WAITING:
        return MessageState(row.state if row else MessageState.FAILED)
    if row.channel == SMS and row.tries > 1 and not row.error:
        # An earlier try began and noted no end: a phone may have it.
        return _not_sent(merchant_id, row, NotPosted("unknown", is_final=True))
    if EXAMPLE in row.context:
        return _send_example(row, name, now)
    context = {"shop": name, **row.context}
    sending = Sending(merchant_id, uid, Event(row.event), context, row.recipient)
    filling = fill(sending) if fill else Filling()
    if filling is None:
        return _not_sent(merchant_id, row, NotPosted("outdated", is_final=True))
    try:
        _post(row, name, context, filling)
    except NotPosted as problem:
        return _not_sent(merchant_id, row, problem)
    _note(merchant_id, uid, MessageState.SENT, "", now)
    return MessageState.SENT


def tell_example(*, merchant_id: int, place: Place, recipient: str, now: datetime) -> None:
    """Send somebody a message as it reads now, filled with examples.

    Raises:
        NoSuchChannel: The event is not told by this channel.
        TooManyExamples: That address got ten within an hour.
    """
    event = event_of(place.event, place.channel)
    with acting_as(merchant_id):
        lately = Message.objects.filter(
            merchant_id=merchant_id, recipient=recipient, created_at__gt=now - timedelta(hours=1)
        )
        if lately.filter(context__has_key=EXAMPLE)[:EXAMPLES_MAX].count() >= EXAMPLES_MAX:
            raise TooManyExamples(retry_seconds=3600)
        row = _row(
            merchant_id,
            Tell(event, new_uid("try"), {EXAMPLE: 1}, language=place.language),
            place.channel,
            recipient,
        )
        row.save(force_insert=True)
        _enqueue(merchant_id, [row.uid], 0)


def send_again(*, merchant_id: int, uid: str) -> None:
    """Give a message that has failed another round of tries.

    Raises:
        UnknownMessage: The merchant has none of that uid.
        WrongState: It was sent, or waits already.
    """
    with acting_as(merchant_id):
        row = (
            Message.objects.select_for_update()
            .filter(merchant_id=merchant_id, uid=uid, channel__in=(EMAIL, SMS))
            .first()
        )
        if row is None:
            raise UnknownMessage
        states.check(MESSAGE_STEPS, now=MessageState(row.state), to=MessageState.WAITING)
        Message.objects.filter(merchant_id=merchant_id, uid=uid).update(
            state=MessageState.WAITING, tries=0, error=""
        )
        _enqueue(merchant_id, [uid], 0)


def mark_read(*, merchant_id: int, now: datetime, uids: Iterable[str] | None = None) -> int:
    """Note that the staff have read these notices of the console, or all; return how many."""
    with acting_as(merchant_id):
        rows = Message.objects.filter(merchant_id=merchant_id, channel=IN_APP, read_at__isnull=True)
        if uids is not None:
            rows = rows.filter(uid__in=list(uids)[:500])
        return rows.update(read_at=now)


def _send_example(row: Message, shop: str, now: datetime) -> MessageState:
    context = {**examples(Event(row.event), row.channel, row.language), "shop": shop}
    try:
        _post(row, shop, context, Filling())
    except NotPosted as problem:
        return _not_sent(row.merchant_id, row, problem)
    _note(row.merchant_id, row.uid, MessageState.SENT, "", now)
    return MessageState.SENT


def _rows(merchant_id: int, message: Tell) -> list[Message]:
    rows = [_row(merchant_id, message, EMAIL, address) for address in message.emails if address]
    rows += [_row(merchant_id, message, SMS, phone) for phone in message.phones if phone]
    if message.in_app:
        rows.append(_row(merchant_id, message, IN_APP, ""))
    return rows


def _post(row: Message, shop: str, context: Mapping[str, Any], filling: Filling) -> None:
    own = words_of(
        merchant_id=row.merchant_id, event=row.event, channel=row.channel, language=row.language
    )
    if row.channel == SMS:
        post_text(
            message=TextMessage(
                reference=row.uid,
                phone=row.recipient,
                event=row.event,
                language=row.language,
                sender=shop,
                text=rendering.short(row.event, row.language, context, own),
                values=rendering.values_of(row.event, row.language, context),
            )
        )
        return
    post(
        uid=row.uid,
        sender_name=shop,
        recipient=filling.address or row.recipient,
        mail=rendering.mail(row.event, row.language, {**context, **filling.values}, own),
        unsubscribe_url=filling.unsubscribe_url,
    )


def _row(merchant_id: int, message: Tell, channel: str, recipient: str) -> Message:
    return Message(
        merchant_id=merchant_id,
        uid=new_uid("msg"),
        channel=channel,
        event=message.event.value,
        language=message.language[:8],
        recipient=recipient[:254],
        context=dict(message.context),
        once=f"{message.event.value}/{message.once}"[:120],
        # What is shown in the console is where it belongs at once.
        state=MessageState.SENT if channel == IN_APP else MessageState.WAITING,
    )


def _begin(merchant_id: int, uid: str) -> Message | None:
    with acting_as(merchant_id):
        rows = Message.objects.filter(merchant_id=merchant_id, uid=uid, channel__in=(EMAIL, SMS))
        rows.filter(state=MessageState.WAITING).update(tries=F("tries") + 1)
        row = rows.first()
    if row is None:
        raise UnknownMessage
    return row


def _not_sent(merchant_id: int, row: Message, problem: NotPosted) -> MessageState:
    if problem.is_final or row.tries > len(BACK_OFF):
        _note(merchant_id, row.uid, MessageState.FAILED, problem.reason, None)
        return MessageState.FAILED
    with acting_as(merchant_id):
        _note(merchant_id, row.uid, MessageState.WAITING, problem.reason, None)
        _enqueue(merchant_id, [row.uid], BACK_OFF[row.tries - 1])
    return MessageState.WAITING


def _note(
    merchant_id: int, uid: str, state: MessageState, error: str, sent_at: datetime | None
) -> None:
    with acting_as(merchant_id):
        Message.objects.filter(merchant_id=merchant_id, uid=uid, state=MessageState.WAITING).update(
            state=state, error=error[:200], sent_at=sent_at
        )


def _enqueue(merchant_id: int, uids: Iterable[str], after_seconds: int) -> None:
    for uid in uids:
        enqueue(
            "messages.send",
            queue="mail",
            lock=f"messages.send/{uid}",
            after_seconds=after_seconds,
            merchant_id=merchant_id,
            uid=uid,
        )
