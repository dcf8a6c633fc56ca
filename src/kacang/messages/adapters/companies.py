"""What senders of text messages have in common: keys, templates, and calls whose end is unknown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kacang.messages.ports import NotSent, TextMessage
from kacang.shared.errors import DomainError
from kacang.shared.outbound import Answer, AnswerTooLarge, NotReached, Outbound

LATER = ("sms_later", False)
SERVER_FAULT = 500
# Nothing had been sent yet when the call broke with these.
BEFORE_SENDING = ("ConnectError", "ConnectTimeout", "")
CHINA = "+86"


@dataclass(frozen=True, slots=True)
class Template:
    """A template at the company: its code, and our names in the order of its places."""

    code: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """What the operator has set up: key, signature, and a template per event and language."""

    id: str
    secret: str = field(repr=False)
    sign_name: str
    templates: Mapping[str, Template]
    app: str = ""
    endpoint: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str], *, needs_app: bool = False) -> "Keys | None":
        """Read what the environment says; None where something that is needed misses.

        `templates` is JSON: `{"order.delivered": ["SMS_1", ["order"]]}`, or with a language after
        the event, `order.delivered/en`.

        Raises:
            ValueError, TypeError: The templates are not such JSON.
        """
        wanted = [given["id"], given["secret"], given["sign_name"], given["templates"]]
        if not all(wanted) or (needs_app and not given["app"]):
            return None
        said = json.loads(given["templates"])
        if not isinstance(said, dict):
            raise TypeError("templates")
        templates = {
            str(event): Template(str(code), tuple(map(str, names)))
            for event, (code, names) in said.items()
        }
        return cls(
            given["id"], given["secret"], given["sign_name"], templates, given["app"],
            given["endpoint"],
        )  # fmt: skip


def template_for(keys: Keys, message: TextMessage) -> Template:
    """Return the template for a message, in its language where there is one.

    Raises:
        NotSent: The operator has named none for this event.
    """
    own = keys.templates.get(f"{message.event}/{message.language.split('-')[0]}")
    found = own or keys.templates.get(message.event)
    if found is None:
        raise NotSent("sms_no_template", is_final=True)
    return found


def call(http: Outbound, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Call a company.

    Raises:
        NotSent: It was not reached (later), or it was and nobody knows what it did: final, since
            these companies send a second message when they are asked twice.
    """
    try:
        answer = http.post(url, body, headers=headers)
    except NotReached as problem:
        never_left = str(problem.detail.get("why", "")) in BEFORE_SENDING
        raise NotSent(
            "not_reached" if never_left else "unknown", is_final=not never_left
        ) from problem
    except AnswerTooLarge as problem:
        raise NotSent("unknown", is_final=True) from problem
    except DomainError as problem:
        raise NotSent("not_reached", is_final=False) from problem
    if answer.status >= SERVER_FAULT:
        raise NotSent(f"unknown {answer.status}", is_final=True)
    return answer


def answer_of(answer: Answer) -> dict[str, Any]:
    """Return what a company says.

    Raises:
        NotSent: It cannot be read: whether it took the message is unknown.
    """
    try:
        said = json.loads(answer.body)
    except ValueError as problem:
        raise NotSent("unknown", is_final=True) from problem
    if not isinstance(said, dict):
        raise NotSent("unknown", is_final=True)
    return said


def national(phone: str) -> str:
    """Return a number as Aliyun wants it: Chinese ones without, others with their country."""
    return phone.removeprefix(CHINA) if phone.startswith(CHINA) else "00" + phone.lstrip("+")
