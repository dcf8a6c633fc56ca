"""A part of an export: lines of csv, and the cards that are files, one behind the other.

Codes are byte for byte what came in (L11): nothing is put before one that a spreadsheet would take
for a formula, for then it would not be the code any more.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from struct import Struct
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, override

from kacang.merchants import queries as merchants
from kacang.merchants.keys import cipher_for
from kacang.shared.ciphers import CannotOpen
from kacang.vault.changing.results import STATE_TEXTS
from kacang.vault.finding.listing import face_value
from kacang.vault.models import Batch, Card, CardState
from kacang.vault.revealing import opened

FOLDER = "files"
_NAME_MOST = 120
_FORBIDDEN = '<>:"|?*'
_HEAD = Struct(">HI")


@dataclass(frozen=True, slots=True)
class Words:
    """What does not change from line to line: words, and the time zone of the merchant."""

    states: Mapping[CardState, str]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Part:
    """Some cards in the open: to be sealed at once. Never log it."""

    cards: int
    files: int
    lines: bytes = field(repr=False)
    pack: bytes = field(repr=False)


def words_in(language: str, merchant_id: int) -> Words:
    """Return the words of a language."""
    with override(language):
        states = {state: gettext(text) for state, text in STATE_TEXTS.items()}
    return Words(states, ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone))


def heading(language: str) -> bytes:
    """Return the first line of the csv, with a mark by which spreadsheets know UTF-8."""
    with override(language):
        names = [
            gettext("Card number"),
            gettext("Code"),
            gettext("File"),
            gettext("State"),
            gettext("Batch"),
            gettext("Valid until"),
            gettext("Remark"),
            gettext("Card"),
            gettext("Face value"),
            gettext("Batch data"),
        ]
    return "\ufeff".encode() + _line(names)


def part_of(merchant_id: int, rows: Iterable[Card], *, start: int, words: Words) -> Part:
    """Open these cards, given with their batches.

    `start` is how many came before: files are numbered through.

    Raises:
        CannotOpen: A secret was changed, or the key is another one.
    """
    cipher = cipher_for(merchant_id)
    lines, pack = io.BytesIO(), io.BytesIO()
    cards = files = 0
    for row in rows:
        card = opened(cipher, row)
        cards += 1
        name = ""
        if card.file:
            files += 1
            name = f"{FOLDER}/{start + cards:07d}-{_safe(card.file.name)}"
            content = card.file.content
            pack.write(_HEAD.pack(len(name.encode()), len(content)) + name.encode() + content)
        state, until = words.states[card.state], _time(card.expires_at, words.zone)
        lines.write(
            _line(
                [
                    card.number,
                    card.secret,
                    name,
                    state,
                    row.batch.number,
                    until,
                    card.remark,
                    card.uid,
                    _face(row.batch),
                    "; ".join(f"{label}: {text}" for label, text in row.batch.facts),
                ]
            )
        )
    return Part(cards, files, lines.getvalue(), pack.getvalue())


def unpacked(pieces: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Return the files of a pack, by name, from its pieces.

    Raises:
        CannotOpen: It ends within a file.
    """
    held = bytearray()
    for piece in pieces:
        held += piece
        while (size := _size(held)) and len(held) >= size:
            names, content = _HEAD.unpack_from(held)
            at = _HEAD.size + names
            yield held[_HEAD.size : at].decode(), bytes(held[at : at + content])
            del held[:size]
    if held:
        raise CannotOpen


def _size(held: bytearray) -> int:
    return _HEAD.size + sum(_HEAD.unpack_from(held)) if len(held) >= _HEAD.size else 0


def _line(cells: list[str]) -> bytes:
    body = io.StringIO()
    csv.writer(body).writerow(cells)
    return body.getvalue().encode()


def _face(batch: Batch) -> str:
    """Return "50.00 USD": not in the way of a language, so that programs can read it."""
    value = face_value(batch)
    return f"{value.plain} {value.currency}" if value else ""


def _time(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if instant else ""


def _safe(name: str) -> str:
    """Return a name that unpacks into its folder on every system."""
    bare = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = (letter if letter.isprintable() and letter not in _FORBIDDEN else "_" for letter in bare)
    return "".join(kept)[-_NAME_MOST:]
