"""Texts with names in them: what a merchant may write, and how it is filled.

A text knows names in double braces and nothing else: no conditions, no code. Values are put in
once and never read again, so that a value that looks like a name stays as it is. Mails show text
as text: markup in it is shown, not obeyed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kacang.messages.events import Event
from kacang.messages.wording.variables import EMAIL, IN_APP, SMS, needed, variables
from kacang.shared.errors import Invalid

SUBJECT_MAX = 150
BODY_MAX = {EMAIL: 5_000, IN_APP: 500, SMS: 450}
# Characters of one text message, and of each when there are several, in Chinese encoding.
ONE_PART, EACH_PART = 70, 67
_NAME = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


class BadWording(Invalid):
    """A text is empty, too long, or has characters that no message has."""

    code = "messages.bad_wording"


class BadBraces(Invalid):
    """Braces that are no name: only names in double braces are known."""

    code = "messages.bad_braces"


class UnknownVariable(Invalid):
    """A name that this event does not have in this channel."""

    code = "messages.unknown_variable"


class MissingVariable(Invalid):
    """A name without which the message is of no use."""

    code = "messages.missing_variable"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a message says. A text message has no subject; a console notice's is its title."""

    subject: str
    body: str


def names_in(text: str) -> list[str]:
    """Return the names in a text, in order."""
    return _NAME.findall(text)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Put the values in; a name without a value is left out."""
    return _NAME.sub(lambda found: str(values.get(found[1], "")), text)


def checked(event: Event, channel: str, wording: Wording) -> Wording:
    """Return a merchant's wording as it is kept.

    Raises:
        BadWording: Empty, too long, or with characters that no message has.
        BadBraces: Something in braces is no name.
        UnknownVariable: A name that the event does not have in this channel.
        MissingVariable: A name that the message needs.
    """
    subject = " ".join(wording.subject.split()) if channel != SMS else ""
    body = wording.body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if channel != EMAIL:
        body = " ".join(body.split())
    if channel != SMS:
        _check_text(subject, "subject", SUBJECT_MAX)
    _check_text(body, "body", BODY_MAX[channel])
    known = {one.name for one in variables(event, channel)}
    if strange := sorted({*names_in(subject), *names_in(body)} - known):
        raise UnknownVariable(name=strange[0])
    if missing := sorted(needed(event, channel) - set(names_in(body))):
        raise MissingVariable(name=missing[0])
    return Wording(subject, body)


def _check_text(text: str, field: str, limit: int) -> None:
    if not 0 < len(text) <= limit or not text.replace("\n", "").isprintable():
        raise BadWording(field=field, limit=limit)
    if found := _BRACES.search(_NAME.sub("", text)):
        raise BadBraces(braces=found[0])


def parts_of(text: str, sign_name: str = "") -> int:
    """Return how many text messages a text counts as, with the signature before it."""
    length = len((f"【{sign_name}】" if sign_name else "").encode("utf-16-le")) // 2
    length += len(text.encode("utf-16-le")) // 2
    return 1 if length <= ONE_PART else -(-length // EACH_PART)
