"""What a setting is: its type, default and bounds, and how a value is held to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise

from kacang.shared.errors import Invalid

Words = str | Promise
Value = bool | int | str | dict[str, str]

COLOUR = re.compile(r"#[0-9a-f]{6}")
PICTURE = re.compile(r"data:image/(webp|png);base64,[A-Za-z0-9+/]{1,60000}={0,2}")
TEXT_LANGUAGES = frozenset({"zh-Hans", "en"})


class BadSetting(Invalid):
    """The value is not one that the setting may have."""

    code = "settings.bad_value"


class Type(Enum):
    """What kind of value a setting has."""

    SWITCH = "switch"
    NUMBER = "number"
    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"
    COLOUR = "colour"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Spec:
    """One setting. Bounds are of the number, or of the length of a text."""

    name: str
    group: str
    label: Words
    type: Type
    default: Value
    lowest: int = 0
    highest: int = 0
    choices: Mapping[str, Words] | None = None
    help: Words = ""
    unit: Words = ""
    # What must be installed for the setting to mean anything: "sms", a sender of text messages.
    needs: str = ""

    def checked(self, value: object) -> Value:
        """Return `value` as it is stored.

        Raises:
            BadSetting: It has another type, or lies outside the bounds.
        """
        try:
            return _CHECKS[self.type](self, value)
        except (TypeError, ValueError):
            raise BadSetting(name=self.name) from None


def _switch(_spec: Spec, value: object) -> Value:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(spec: Spec, value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    if not spec.lowest <= value <= spec.highest:
        raise ValueError
    return value


def _line(spec: Spec, value: object) -> Value:
    if not isinstance(value, str):
        raise TypeError
    value = value.strip()
    if not spec.lowest <= len(value) <= spec.highest or not value.isprintable():
        raise ValueError
    return value


def _text(spec: Spec, value: object) -> Value:
    if not isinstance(value, dict) or set(value) - TEXT_LANGUAGES:
        raise TypeError
    if any(not isinstance(one, str) or len(one) > spec.highest for one in value.values()):
        raise ValueError
    return {language: one.strip() for language, one in value.items() if one.strip()}


def _choice(spec: Spec, value: object) -> Value:
    if not isinstance(value, str) or value not in (spec.choices or {}):
        raise ValueError
    return value


def _colour(_spec: Spec, value: object) -> Value:
    if not isinstance(value, str) or not COLOUR.fullmatch(value):
        raise ValueError
    return value


def _picture(_spec: Spec, value: object) -> Value:
    if not isinstance(value, str) or (value and not PICTURE.fullmatch(value)):
        raise ValueError
    return value


_CHECKS = {
    Type.SWITCH: _switch,
    Type.NUMBER: _number,
    Type.LINE: _line,
    Type.TEXT: _text,
    Type.CHOICE: _choice,
    Type.COLOUR: _colour,
    Type.PICTURE: _picture,
}
