"""What senders of text messages have in common: keys, templates, and calls whose end is unknown.

Both companies send only by template, name a message by our reference, and send a second one when
they are asked twice: what follows from that is here, and their signatures are with each.
"""

import json
from collections.abc import Mapping
from typing import Any

from kacang.messages import outside
from kacang.messages.ports import (
    BadReport,
    Keys,
    NotConfigured,
    NotSent,
    Template,
    TextMessage,
)
from kacang.shared.errors import DomainError
from kacang.shared.outbound import Answer, AnswerTooLarge, NotReached

LATER = ("sms_later", False)
Words = Mapping[str, tuple[str, bool]]
SERVER_FAULT = 500
# Nothing had been sent yet when the call broke with these.
BEFORE_SENDING = ("ConnectError", "ConnectTimeout", "")
CHINA = "+86"
REPORTS_MAX = 1_000


def operators_keys(given: Mapping[str, str], *, needs_app: bool = False) -> Keys:
    """Read what the environment says.

    `templates` is JSON: `{"order.delivered": ["SMS_1", ["order"]]}`, or with a language after
    the event, `order.delivered/en`.

    Raises:
        NotConfigured: Something that is needed misses.
        ValueError, TypeError: The templates are not such JSON.
    """
    wanted = [given["id"], given["secret"], given["sign_name"], given["templates"]]
    if not all(wanted) or (needs_app and not given["app"]):
        raise NotConfigured
    said = json.loads(given["templates"])
    if not isinstance(said, dict):
        raise TypeError("templates")
    templates = {
        str(event): Template(str(code), tuple(map(str, names)))
        for event, (code, names) in said.items()
    }
    return Keys(given["id"], given["secret"], given["sign_name"], templates, given["app"])


def template_for(keys: Keys, message: TextMessage) -> Template:
    """Return the template for a message, in its language where there is one.

    Raises:
        NotSent: The account has none for this event.
    """
    own = keys.templates.get(f"{message.event}/{message.language.split('-')[0]}")
    found = own or keys.templates.get(message.event)
    if found is None:
        raise NotSent("sms_no_template", is_final=True)
    return found


def has_template(keys: Keys, event: str) -> bool:
    """Whether an account has a template for an event, in some language."""
    return any(key.partition("/")[0] == event for key in keys.templates)


def host_of(endpoint: str) -> str:
    """Return the host of a company's address, as it is signed."""
    return endpoint.split("://", 1)[1].rstrip("/")


def said_by(endpoint: str, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Call a company at the operator's address of it, and return what it says.

    Raises:
        NotSent: It was not reached (later), or it was and nobody knows what it did: final, since
            these companies send a second message when they are asked twice.
    """
    try:
        answer = outside.operators_client(endpoint).post(url, body, headers=headers)
    except NotReached as problem:
        never_left = str(problem.detail.get("why", "")) in BEFORE_SENDING
        raise NotSent(
            "not_reached" if never_left else "unknown", is_final=not never_left
        ) from problem
    except AnswerTooLarge as problem:
        raise NotSent("unknown", is_final=True) from problem
    except DomainError as problem:
        raise NotSent("not_reached", is_final=False) from problem
    return _read(answer)


def refuse(code: str, words: Words) -> None:
    """Raise what a company's code means; the longest beginning that is known decides.

    Raises:
        NotSent: Always.
    """
    starts = [start for start in words if code.startswith(start)]
    reason, is_final = words[max(starts, key=len)] if starts else ("sms_refused", True)
    raise NotSent(f"{reason} {code}"[:100], is_final=is_final)


def reported_rows(body: bytes) -> list[dict[str, Any]]:
    """Return the rows of a report that a company sends by itself: a list of objects.

    Raises:
        BadReport: It is none.
    """
    try:
        said = json.loads(body)
    except ValueError:
        raise BadReport from None
    if not isinstance(said, list) or len(said) > REPORTS_MAX:
        raise BadReport
    if not all(isinstance(row, dict) for row in said):
        raise BadReport
    return said


def number_of(value: object) -> int:
    """Return how many parts a company counts, or 0 for what is none."""
    text = str(value or "")
    return min(int(text), 100) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - more digits than any message has parts


def national(phone: str) -> str:
    """Return a number as Aliyun wants it: Chinese ones without, others with their country."""
    return phone.removeprefix(CHINA) if phone.startswith(CHINA) else "00" + phone.lstrip("+")


def _read(answer: Answer) -> dict[str, Any]:
    if answer.status >= SERVER_FAULT:
        raise NotSent(f"unknown {answer.status}", is_final=True)
    try:
        said = json.loads(answer.body)
    except ValueError as problem:
        raise NotSent("unknown", is_final=True) from problem
    if not isinstance(said, dict):
        raise NotSent("unknown", is_final=True)
    return said
