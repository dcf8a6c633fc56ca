"""How to reach a buyer, brought to one form so that equal contacts compare equal."""

import re
from dataclasses import dataclass

import phonenumbers

from kacang.shared.errors import Invalid

EMAIL_MAX = 254
PHONE_TEXT_MAX = 40
_EMAIL = re.compile(r"[^@\s,;<>\"']{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}")


class BadEmail(Invalid):
    """This is not an e-mail address."""

    code = "contact.bad_email"


class BadPhone(Invalid):
    """This is not a telephone number."""

    code = "contact.bad_phone"


@dataclass(frozen=True, slots=True)
class Contact:
    """An e-mail address and a phone number, each normal or empty.

    `phone` is E.164 ("+8613826042716"); `email` is lower case without surrounding space.
    """

    email: str = ""
    phone: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no way to reach the buyer."""
        return not (self.email or self.phone)


def read_contact(*, email: str | None, phone: str | None, region: str = "CN") -> Contact:
    """Normalise what a buyer typed.

    Raises:
        BadEmail: `email` is not an address.
        BadPhone: `phone` is not a possible number of `region` or of the country it names.
    """
    return Contact(email=_email(email or ""), phone=_phone(phone or "", region))


def _email(text: str) -> str:
    text = text.strip().lower()
    if text and (len(text) > EMAIL_MAX or not _EMAIL.fullmatch(text)):
        raise BadEmail
    return text


def _phone(text: str, region: str) -> str:
    text = text.strip()
    if not text:
        return ""
    if len(text) > PHONE_TEXT_MAX:
        raise BadPhone
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise BadPhone from None
    if not phonenumbers.is_possible_number(number):
        raise BadPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
