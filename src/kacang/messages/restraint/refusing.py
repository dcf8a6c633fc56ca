"""What the reader of our mails does not want: known by the address alone, in or out of an account.

The link in a mail is the proof: it names the merchant, the event and the address's fingerprint,
signed; the address itself is not in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core import signing

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages.events import Event
from kacang.messages.restraint.holding import address_print
from kacang.messages.restraint.models import MessageOptOut
from kacang.messages.restraint.rules import OPTIONAL
from kacang.shared.errors import Invalid, NotFound

_SALT = "kacang.messages.refusing"
# A reader who came by no link.
_ANY = Event.ORDER_SHIPPED


class UnknownReader(NotFound):
    """The link was changed, or is none of ours."""

    code = "messages.unknown_reader"


class MustBeTold(Invalid):
    """Somebody has to be told of this: it cannot be refused."""

    code = "messages.must_be_told"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever has an address, and about which event the link was that they came by."""

    merchant_id: int
    event: Event
    address_print: bytes


def token_for(merchant_id: int, event: Event, address: str) -> str:
    """Return what the link in a mail about an event to an address carries."""
    mark = address_print(merchant_id, address).hex()
    return signing.Signer(salt=_SALT).sign(f"{merchant_id}.{event.value}.{mark}")


def reader_of(merchant_id: int, token: str) -> Reader:
    """Return whose link it is.

    Raises:
        UnknownReader: It is none of this merchant's.
    """
    try:
        said = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        raise UnknownReader from None
    of, _dot, rest = said.partition(".")
    event, _dot, mark = rest.rpartition(".")
    if int(of) != merchant_id or event not in set(Event):
        raise UnknownReader
    return Reader(merchant_id, Event(event), bytes.fromhex(mark))


def refused(reader: Reader) -> frozenset[Event]:
    """Return the events that somebody refused."""
    with acting_as(reader.merchant_id):
        rows = MessageOptOut.objects.filter(
            merchant_id=reader.merchant_id, address_print=reader.address_print
        )
        return frozenset(Event(name) for name in rows.values_list("event", flat=True))


def refused_at(*, merchant_id: int, addresses: Iterable[str]) -> frozenset[Event]:
    """Return the events that are refused at each of these addresses; none of them: nothing is."""
    prints = {address_print(merchant_id, one) for one in addresses if one}
    found = [refused(Reader(merchant_id, _ANY, mark)) for mark in prints]
    return frozenset.intersection(*found) if found else frozenset()


def choose_at(
    *,
    merchant_id: int,
    addresses: Iterable[str],
    unwanted: Iterable[str],
    subject: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Take what somebody with several addresses has told the shop that they do not want to hear.

    Args:
        merchant_id: Whose.
        addresses: By whichever of them they would be told.
        unwanted: Events, all of which can be refused; the others are told again.
        subject: Whose choice it is, for the log: a customer's uid.
        actor: Who wrote it down.
        now: Since when.

    Raises:
        MustBeTold: One of them cannot be refused. Nothing was changed.
    """
    events = set(unwanted)
    if not events <= OPTIONAL:
        raise MustBeTold
    with acting_as(merchant_id):
        for mark in {address_print(merchant_id, one) for one in addresses if one}:
            choose(Reader(merchant_id, _ANY, mark), wanted=OPTIONAL - events, now=now)
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="customers.notices",
            object_kind="customer",
            object_uid=subject,
            after={"refused": sorted(events)},
        )


def refuse(reader: Reader, *, now: datetime) -> None:
    """Refuse the event that the link was about; again changes nothing (RFC 8058)."""
    choose(reader, wanted=OPTIONAL - refused(reader) - {reader.event}, now=now)


def choose(reader: Reader, *, wanted: Iterable[str], now: datetime) -> None:
    """Take what is wanted of what can be refused, and refuse the rest."""
    unwanted = OPTIONAL - set(wanted)
    with acting_as(reader.merchant_id):
        rows = MessageOptOut.objects.filter(
            merchant_id=reader.merchant_id, address_print=reader.address_print
        )
        rows.exclude(event__in=[event.value for event in unwanted]).delete()
        MessageOptOut.objects.bulk_create(
            [
                MessageOptOut(
                    merchant_id=reader.merchant_id,
                    address_print=reader.address_print,
                    event=event.value,
                    since=now,
                )
                for event in sorted(unwanted)
            ],
            ignore_conflicts=True,
        )
