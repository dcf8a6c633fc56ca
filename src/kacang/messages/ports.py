"""What is asked of a company that sends text messages (短信), in our words (N1, S4).

A company is one class, named under the entry point group `kacang.sms_senders`; a package of
somebody else may bring more. Without one that is set up, nothing about text messages is offered
to merchants.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One message to one number.

    Args:
        reference: Our name for it, the same at every try. A company that knows it again answers as
            it did then and sends nothing; one that does not must say `unknown`, for good, when a
            call broke after it began: nobody asks it a second time by himself.
        phone: E.164, such as "+8613800138000".
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


class SmsSender(Protocol):
    """One company. Built without arguments: its keys are the operator's, from the environment.

    Used by many threads at once, never inside a transaction.
    """

    name: str
    port_version: int

    def send(self, message: TextMessage) -> None:
        """Hand a message over; return once the company has taken it. Ends within 15 seconds.

        Raises:
            NotSent: It was not taken.
        """
        ...
