"""Colours of a shop: eight that are known to be readable, or the merchant's own if it is.

A theme is a style sheet of a few variables, made from one colour. It depends on nothing but that
colour, so it may be kept by browsers for ever.
"""

import colorsys
import re
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.shared.errors import Invalid

DEFAULT = "#2b5ce6"
READABLE = 4.5
SURFACE_LIGHT, SURFACE_DARK = "#ffffff", "#181c23"
HEX = re.compile(r"#[0-9a-f]{6}")

PALETTE: dict[str, tuple[str, Promise]] = {
    "blue": (DEFAULT, _("Blue")),
    "indigo": ("#4f46c8", _("Indigo")),
    "purple": ("#7a3fc4", _("Purple")),
    "rose": ("#c02665", _("Rose")),
    "red": ("#c4282b", _("Red")),
    "orange": ("#b04a0b", _("Orange")),
    "green": ("#0a7a45", _("Green")),
    "teal": ("#0b7285", _("Teal")),
    "graphite": ("#3f4854", _("Graphite")),
}


class UnreadableColour(Invalid):
    """White text on this colour, or the colour as text on white, has too little contrast."""

    code = "design.unreadable_colour"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The variables that follow from a shop's colour, for one of light and dark."""

    main: str  # text and lines on the surface and on `tint`
    fill: str  # buttons, with white text
    pressed: str
    tint: str


def contrast(first: str, second: str) -> float:
    """Return the WCAG contrast of two colours, from 1 to 21."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def read_colour(text: str) -> str:
    """Return a palette name or "#rrggbb" as a colour that people can read, lower case.

    Raises:
        UnreadableColour: Not a colour, or its contrast with white is below 4.5.
    """
    text = text.strip().lower()
    if text in PALETTE:
        return PALETTE[text][0]
    if not HEX.fullmatch(text) or contrast(text, SURFACE_LIGHT) < READABLE:
        raise UnreadableColour(colour=text[:16])
    return text


def nearest_readable(colour: str) -> str:
    """Return `colour`, darkened just as far as white text on it needs."""
    shade = colour.lower()
    while contrast(shade, SURFACE_LIGHT) < READABLE:
        shade = _blend(shade, "#000000", 0.04)
    return shade


def light(colour: str) -> Tokens:
    """Return the variables for light surroundings."""
    tints = (_blend(colour, SURFACE_LIGHT, share) for share in (0.92, 0.94, 0.96, 0.98, 1))
    tint = next(shade for shade in tints if contrast(colour, shade) >= READABLE)
    return Tokens(colour, colour, _blend(colour, "#000000", 0.2), tint)


def dark(colour: str) -> Tokens:
    """Return the variables for dark surroundings: the same hue, lighter where it is text."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _parts(colour)))
    tint = _blend(colour, SURFACE_DARK, 0.78)
    main = colour
    while contrast(main, tint) < READABLE and lightness < 1:
        lightness = min(1.0, lightness + 0.02)
        main = _hex(*(part * 255 for part in colorsys.hls_to_rgb(hue, lightness, saturation)))
    return Tokens(main, colour, _blend(colour, "#000000", 0.2), tint)


def sheet(colour: str) -> str:
    """Return the style sheet of a colour."""
    bright, night = _variables(light(colour)), _variables(dark(colour))
    rule = f":root:not([data-theme=light]){{{night}}}"
    by_system = f"@media screen and (prefers-color-scheme:dark){{{rule}}}"
    chosen = f"@media screen{{:root[data-theme=dark]{{{night}}}}}"
    return f":root{{{bright}}}\n{by_system}\n{chosen}\n"


def sheet_address(colour: str) -> str:
    """Return where the style sheet of a colour is served, "" for the default or none."""
    if not colour:
        return ""
    try:
        chosen = read_colour(colour)
        return "" if chosen == DEFAULT else reverse("design:theme", args=[chosen[1:]])
    except (UnreadableColour, NoReverseMatch):
        # A page without its colour is a page; a page that fails is none.
        return ""


def _variables(tokens: Tokens) -> str:
    return f"--b:{tokens.main};--btn:{tokens.fill};--b-d:{tokens.pressed};--b-l:{tokens.tint};"


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(red: float, green: float, blue: float) -> str:
    return f"#{round(red):02x}{round(green):02x}{round(blue):02x}"


def _blend(colour: str, other: str, share: float) -> str:
    mixed = (
        one * (1 - share) + two * share
        for one, two in zip(_parts(colour), _parts(other), strict=True)
    )
    return _hex(*mixed)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB
