"""What a merchant chose for its shop."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from kacang.merchants import queries as merchants
from kacang.shared.texts import Text


class ContactRule(Enum):
    """What a buyer must leave. E-mail and phone are always offered."""

    NONE = "none"
    EITHER = "either"
    EMAIL = "email"
    PHONE = "phone"

    def missing(self, given: Collection[str]) -> list[str]:
        """Return which of "email" and "phone" must still be filled in."""
        if self is ContactRule.EITHER:
            return [] if given else ["phone"]
        wanted = {ContactRule.EMAIL: "email", ContactRule.PHONE: "phone"}.get(self, "")
        return [wanted] if wanted and wanted not in given else []


@dataclass(frozen=True, slots=True)
class ShopOptions:
    """The settings that the shop's pages obey."""

    name: str
    brand: str
    logo_url: str
    announcement: Text
    support: Text
    language: str
    contact: ContactRule
    remembers: bool


def read_options(*, merchant_id: int) -> ShopOptions:
    """Return what the merchant chose, or the defaults."""
    chosen = merchants.settings_of(merchant_id=merchant_id)
    return ShopOptions(
        name=str(chosen["shop_name"]),
        brand=str(chosen["shop_colour"]),
        logo_url=str(chosen["shop_logo"]),
        announcement=_text(chosen["shop_announcement"]),
        support=_text(chosen["support_contact"]),
        language=str(chosen["default_language"]),
        contact=ContactRule(chosen["contact_required"]),
        remembers=bool(chosen["remember_buyers"]),
    )


def _text(value: object) -> Text:
    return value if isinstance(value, dict) else {}
