"""What is asked of a company that carries short messages (短信), in our words (N1, S4).

A company is one class, named under the entry point group `kacang.sms_senders`; a package of
somebody else may bring more. Without one that is set up, by the operator or by a merchant, nothing
about text messages is offered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self, runtime_checkable

PORT_VERSION = 1


class NotConfigured(Exception):
    """Raised by a company's constructor: the operator has not set it up, it is not offered."""


class NotSent(Exception):
    """The company did not take a message. `reason` is a code, perhaps with the company's own.

    `is_final`: it never will (a number that is none, a template that was refused); else it may
    later, and is asked again.
    """

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class BadReport(Exception):
    """What arrived as a report of a company cannot be read. Nothing is kept of it."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One message to one number.

    Args:
        reference: Our name for it, the same at every try. A company that knows it again answers as
            it did then and sends nothing; one that does not must say `unknown`, for good, when a
            call broke after it began: nobody asks it a second time by himself.
        phone: E.164, such as "+8613800138000"; of a mini-program message the reader's openid.
        event: What it is about, such as "staff.low_stock": companies that send only by template
            choose theirs by this.
        language: "zh-Hans" or "en".
        sender: The shop's name.
        text: The words in full.
        values: What the words were made of, for templates.
    """

    reference: str
    phone: str
    event: str
    language: str
    sender: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a company said when it took a message: its own number, and as how many it counts it.

    Empty and 0: it said nothing of that.
    """

    number: str = ""
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message that a company had taken.

    Args:
        is_delivered: It reached the phone; else it never will.
        code: The company's word for why not.
        reference: Our name for it, or "": the company tells it by its number.
        number: The company's.
        phone: As the company writes it; only the last digits are compared.
        parts: As how many it was counted; 0: not said.
    """

    is_delivered: bool
    code: str = ""
    reference: str = ""
    number: str = ""
    phone: str = ""
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which message is asked what became of it."""

    reference: str
    number: str
    phone: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Template:
    """A template at the company: its code, and our names in the order of its places."""

    code: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """What an account at a company is: keys, signature, and a template per event.

    `templates` is by event, or event and language: "order.delivered", "order.delivered/en".
    """

    id: str
    secret: str = field(repr=False)
    sign_name: str
    templates: Mapping[str, Template]
    app: str = ""


class SmsSender(Protocol):
    """One company. Built without arguments: its keys are the operator's, from the environment.

    Used by many threads at once, never inside a transaction.
    """

    name: str
    port_version: int

    def send(self, message: TextMessage) -> Taken | None:
        """Hand a message over; return once the company has taken it. Ends within 15 seconds.

        Raises:
            NotSent: It was not taken.
        """
        ...


class AccountSender(SmsSender, Protocol):
    """A company at which merchants may have accounts of their own.

    One that carries another channel than text messages says so by `channel`.
    """

    needs_app: bool

    def knows(self, event: str) -> bool:
        """Whether the account has a template for an event."""
        ...

    @classmethod
    def of(cls, keys: Keys) -> Self:
        """Build it for an account. The company's address is the operator's all the same."""
        ...


@runtime_checkable
class ReportingSender(Protocol):
    """A company that says what became of a message, by itself or when it is asked."""

    # What is answered to a report that was taken: body and type.
    thanks: tuple[bytes, str]

    def report_on(self, asked: Asked) -> Report | None:
        """Ask what became of a message; None: that is not known yet.

        Raises:
            NotSent: The company could not be asked.
        """
        ...

    @staticmethod
    def read_reports(body: bytes) -> list[Report]:
        """Read what the company tells by itself. It does not sign: the address is the secret.

        Raises:
            BadReport: It cannot be read.
        """
        ...
