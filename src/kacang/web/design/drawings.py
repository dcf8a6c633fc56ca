"""Small pictures made on the server: icons, covers, QR codes, lines. HTML without styles."""

import base64
import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import segno
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from kacang.web.design.parts import Chart

SPRITE = "kacang/icons.svg"
ICON_NAMES = frozenset((Path(__file__).parent / "icons.txt").read_text().split())
SIZES = frozenset({"", "sm", "lg"})

# A kind of goods, and the icon on its cover; shop.css and app.css have its colours.
KINDS = {
    "video": "player-play",
    "music": "music",
    "game": "device-gamepad-2",
    "phone": "device-mobile",
    "key": "key",
    "gift": "gift",
    "coffee": "coffee",
    "crab": "fish",
    "rice": "plant-2",
    "card": "credit-card",
    "parcel": "package",
    "travel": "route",
    "book": "file-text",
    "cloud": "cloud",
}
DEFAULT_KIND = "card"
SPARK_WIDTH, SPARK_HEIGHT = 84, 34


class UnknownIcon(LookupError):
    """The sprite has no such icon: add it to icons.txt and run the refresh."""


def icon(name: str, size: str = "") -> SafeString:
    """Return an icon of the sprite. `size`: "", "sm" or "lg"."""
    if name not in ICON_NAMES:
        raise UnknownIcon(name)
    classes = f"ic ic-{size}" if size in SIZES and size else "ic"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        classes, static(SPRITE), name,
    )  # fmt: skip


def cover_class(kind: str) -> str:
    """Return the class with the colours of a kind."""
    return f"k-{kind if kind in KINDS else DEFAULT_KIND}"


def thumb(kind: str, *, size: str = "", image: str = "") -> SafeString:
    """Return a product's cover. `size`: "", "s", "l" or "fill"."""
    if image:
        return format_html(
            '<img class="{}" src="{}" alt="" loading="lazy" decoding="async">',
            f"thumb {size}".strip(), image,
        )  # fmt: skip
    known = kind if kind in KINDS else DEFAULT_KIND
    return format_html(
        '<span class="{}">{}</span>',
        f"thumb {size} k-{known}".replace("  ", " "), icon(KINDS[known]),
    )  # fmt: skip


def copy_button(text: str, *, label: str, done: str, look: str) -> SafeString:
    """Return a button that copies `text`. Without scripts it is not shown (`needs-js`)."""
    return format_html(
        '<button type="button" class="{} needs-js" data-copy="{}" data-ok="{}">{}</button>',
        look, text, done or gettext("Copied"), label or gettext("Copy"),
    )  # fmt: skip


def qr_svg(text: str, *, label: str, size: str = "") -> SafeString:
    """Return a QR code as inline SVG. Its ground is white in the dark too, or phones miss it."""
    matrix = list(segno.make(text, error="m", micro=False).matrix)
    path = "".join(_row_path(number, row) for number, row in enumerate(matrix))
    return format_html(
        '<svg class="{}" viewBox="-2 -2 {} {}" role="img" aria-label="{}">'
        '<path class="qr-ground" d="M-2-2h{}v{}h-{}z"/><path class="qr-ink" d="{}"/></svg>',
        f"qr-code {size}".strip(), len(matrix) + 4, len(matrix) + 4, label or gettext("QR code"),
        len(matrix) + 4, len(matrix) + 4, len(matrix) + 4, path,
    )  # fmt: skip


def qr_data(text: str) -> str:
    """Return a QR code as a PNG in a `data:` address."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8, border=3)
    return f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"


def qr_image(text: str, *, label: str, size: str = "") -> SafeString:
    """Return a QR code as a picture that phones can save."""
    return format_html(
        '<img class="{}" src="{}" alt="{}">',
        f"qr-code {size}".strip(), qr_data(text), label or gettext("QR code"),
    )  # fmt: skip


def spark(values: Sequence[float]) -> SafeString:
    """Return the course of a figure as a line without axes; fewer than two values give nothing."""
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return SafeString("")
    low, high = min(values), max(values)
    step = (SPARK_WIDTH - 2) / (len(values) - 1)
    scale = (SPARK_HEIGHT - 6) / ((high - low) or 1)
    points = (
        (f"{1 + index * step:.1f}", f"{SPARK_HEIGHT - 3 - (value - low) * scale:.1f}")
        for index, value in enumerate(values)
    )
    return format_html(
        '<svg class="sp" viewBox="0 0 {} {}" aria-hidden="true"><polyline points="{}"/></svg>',
        SPARK_WIDTH, SPARK_HEIGHT, format_html_join(" ", "{},{}", points),
    )  # fmt: skip


def chart_data(chart: Chart) -> dict[str, Any]:
    """Return a chart as the script reads it."""
    return {
        "kind": chart.kind,
        "unit": str(chart.unit),
        "labels": list(chart.labels),
        "series": [
            {"name": row.name, "data": list(row.data), "kind": row.kind, "second": row.second_axis}
            for row in chart.series
        ],
    }


def _row_path(number: int, row: Sequence[int]) -> str:
    edges = [index for index, (left, right) in enumerate(pairwise([0, *row, 0])) if left != right]
    return "".join(
        f"M{start} {number}h{end - start}v1h-{end - start}z"
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )
