"""What others may do: have something told, and send what waits (N1).

A message is a row first and is sent by a job: it exists if and only if what it tells of has
committed. The row holds template, recipient and plain values; words and secrets (a link with a
token, a one-time code) are made when it is sent and kept nowhere (rule 27).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.messages.events import Event
from kacang.messages.models import MESSAGE_STEPS, Message, MessageState
from kacang.messages.restraint import members
from kacang.messages.sending import (
    EXAMPLE,
    Filler,
    Filling,
    Sending,
    UnknownMessage,
    queue_messages,
    send,
)
from kacang.messages.wording.operations import Place, told
from kacang.messages.wording.queries import switched_off
from kacang.messages.wording.variables import CARRIED, EMAIL, IN_APP, SMS, WECHAT
from kacang.shared import states
from kacang.shared.errors import TooMany
from kacang.shared.ids import new_uid

__all__ = [
    "Filler", "Filling", "Sending", "Tell", "TooManyExamples", "UnknownMessage", "send",
    "send_again", "tell", "tell_all", "tell_example", "try_text",
]  # fmt: skip

EXAMPLES_MAX = 10


class TooManyExamples(TooMany):
    """Examples of messages come too often."""

    code = "messages.too_many_examples"


def _is_for_all(_reach: frozenset[str]) -> bool:
    """Say of what names no order that it is not for a role that sees some alone."""
    return False


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
        openids: Readers of the mini-program.
        in_app: Whether the staff see it in the console.
        language: Of the mails.
        is_asked_for: Whether somebody asked for it: it is told though its channel is switched off.
        is_within: Whether a role with such a reach sees what it is of (I1). A member whose role
            reaches to some orders only is mailed nothing else.
    """

    event: Event
    once: str
    context: Mapping[str, Any]
    emails: Iterable[str] = ()
    phones: Iterable[str] = ()
    openids: Iterable[str] = ()
    in_app: bool = False
    language: str = "zh-Hans"
    is_asked_for: bool = False
    is_within: Callable[[frozenset[str]], bool] = _is_for_all


def tell(*, merchant_id: int, message: Tell) -> int:
    """Store what is to be told, and queue the sending of it; return how many are new."""
    return tell_all(merchant_id=merchant_id, told=[message])


def tell_all(*, merchant_id: int, told: Iterable[Tell]) -> int:
    """Store many things to be told by two statements, and queue what is to be sent.

    Returns how many messages are new.
    """
    told = _with_members(merchant_id, list(told))
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
        queue_messages(merchant_id, sent, 0)
    return len(new)


def tell_example(*, merchant_id: int, place: Place, recipient: str, now: datetime) -> None:
    """Send somebody a message as it reads now, filled with examples.

    Raises:
        NoSuchChannel: The event is not told by this channel.
        TooManyExamples: That address got ten within an hour.
    """
    _example(merchant_id, place, recipient, now)


def try_text(
    *, merchant_id: int, place: Place, phone: str, account: str, now: datetime
) -> tuple[bool, str]:
    """Send an example by an account, on or off, at once; return whether it was taken, or why not.

    It is a message like any other: in the log, and counted. Must not run inside a transaction.

    Raises:
        NoSuchChannel, TooManyExamples: As `tell_example`.
    """
    # Should we die meanwhile, the job finds that a try began, and says so.
    uid = _example(merchant_id, place, phone, now, account=account, after_seconds=60)
    state = send(merchant_id=merchant_id, uid=uid, now=now)
    with acting_as(merchant_id):
        error = Message.objects.values_list("error", flat=True).get(
            merchant_id=merchant_id, uid=uid
        )
    return state == MessageState.SENT, error


def _example(
    merchant_id: int,
    place: Place,
    recipient: str,
    now: datetime,
    *,
    account: str = "",
    after_seconds: int = 0,
) -> str:
    event = told(place.event, place.channel)
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
        row.account, row.is_asked_for = account, True
        row.save(force_insert=True)
        queue_messages(merchant_id, [row.uid], after_seconds)
    return row.uid


def send_again(*, merchant_id: int, uid: str) -> None:
    """Give a message that has failed another round of tries.

    Raises:
        UnknownMessage: The merchant has none of that uid.
        WrongState: It was sent, or waits already.
    """
    with acting_as(merchant_id):
        row = (
            Message.objects.select_for_update()
            .filter(merchant_id=merchant_id, uid=uid, channel__in=(EMAIL, *CARRIED))
            .first()
        )
        if row is None:
            raise UnknownMessage
        states.check(MESSAGE_STEPS, now=MessageState(row.state), to=MessageState.WAITING)
        Message.objects.filter(merchant_id=merchant_id, uid=uid).update(
            state=MessageState.WAITING, tries=0, error="", held_until=None, is_asked_for=True
        )
        queue_messages(merchant_id, [uid], 0)


def _with_members(merchant_id: int, told: list[Tell]) -> list[Tell]:
    """Add the own addresses of those members who want a mail of what the staff are told."""
    names = {message.event.value for message in told if message.event in members.NEEDED}
    mailed = members.mailed(merchant_id=merchant_id, events=names) if names else {}
    return [
        replace(message, emails=dict.fromkeys([*message.emails, *_own(message, mailed)]))
        if message.event.value in mailed
        else message
        for message in told
    ]


def _own(message: Tell, mailed: Mapping[str, list[members.Mailed]]) -> list[str]:
    return [
        one.email
        for one in mailed[message.event.value]
        if one.reach is None or message.is_within(one.reach)
    ]


def _rows(merchant_id: int, message: Tell) -> list[Message]:
    rows = [_row(merchant_id, message, EMAIL, address) for address in message.emails if address]
    rows += [_row(merchant_id, message, SMS, phone) for phone in message.phones if phone]
    rows += [_row(merchant_id, message, WECHAT, openid) for openid in message.openids if openid]
    if message.in_app:
        rows.append(_row(merchant_id, message, IN_APP, ""))
    return rows


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
        is_asked_for=message.is_asked_for,
    )
