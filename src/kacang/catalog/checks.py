"""What may stand in a category, product or SKU."""

import unicodedata
from collections.abc import Mapping

from kacang.shared.errors import Invalid
from kacang.shared.texts import LANGUAGES, Text


class BadText(Invalid):
    """A text is missing, too long, or in an unknown language. `field` says which."""

    code = "catalog.bad_text"


class BadValue(Invalid):
    """A number or choice is outside of what is allowed. `field` says which."""

    code = "catalog.bad_value"


def read_text(
    field: str, raw: Mapping[str, str], *, limit: int, required: bool = False, lines: bool = False
) -> Text:
    """Return `raw` with surrounding space and empty languages dropped.

    Args:
        field: Its name, for the error.
        raw: A text by language.
        limit: The most characters in one language.
        required: Whether some language must have it.
        lines: Whether it may have more than one line.

    Raises:
        BadText: It is none.
    """
    text: Text = {}
    for language, wording in raw.items():
        if language not in LANGUAGES or not isinstance(wording, str):
            raise BadText(field=field)
        clean = wording.replace("\r\n", "\n").strip()
        if len(clean) > limit or not _is_printable(clean, lines=lines):
            raise BadText(field=field, limit=limit)
        if clean:
            text[language] = clean
    if required and not text:
        raise BadText(field=field, limit=limit)
    return text


def _is_printable(text: str, *, lines: bool) -> bool:
    allowed = "\n\t" if lines else ""
    return all(
        letter in allowed or unicodedata.category(letter) not in ("Cc", "Cs") for letter in text
    )


def within(field: str, value: int, low: int, high: int) -> int:
    """Return `value`, or raise BadValue unless low ≤ value ≤ high."""
    if not low <= value <= high:
        raise BadValue(field=field, low=low, high=high)
    return value
