"""What both companies have: templates, the phones that messages reach, and moods."""

import re
from dataclasses import dataclass
from typing import Any

from simulators.payments.company import Asked, Company, Said

_NUMBER = re.compile(r"(\+|00)?[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Sms:
    """A message that reached a phone."""

    phone: str
    text: str
    sign_name: str
    reference: str


class SmsCompany(Company):
    """A server. `templates`: code → text with its places; `is_busy`: it takes nothing now."""

    def __init__(self, key_id: str, secret: str, templates: dict[str, str]) -> None:
        super().__init__()
        self.key_id, self.secret, self.templates = key_id, secret, templates
        self.is_busy = False
        self.is_empty = False
        self.sent: list[Sms] = []

    def visit(self, asked: Asked) -> Said | None:  # noqa: ARG002 - the base class asks
        """There are no pages."""
        return None

    def is_number(self, phone: str) -> bool:
        """Whether somebody could have this number."""
        return bool(_NUMBER.fullmatch(phone))


def filled(text: str, values: dict[str, Any]) -> str:
    """Put values into the places of a template."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
