"""Pictures from outside: decoded and written anew, so that pixels get in and nothing else.

What a file carries besides (place, camera, scripts, a second file) is left behind.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

PIXELS_MAX = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
QUALITY = 82


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A picture as WebP, and how many pixels it has."""

    body: bytes
    width: int
    height: int


class NotAPicture(ValueError):
    """The bytes cannot be decoded, or have too many pixels: `why` is "format" or "pixels"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def redraw(body: bytes, *, side_max: int) -> Redrawn:
    """Decode a JPEG, PNG, WebP or GIF and write it as WebP of at most `side_max` pixels a side.

    Raises:
        NotAPicture: It is none of these, is broken, or has more than 40 million pixels.
    """
    image = _decode(body, side_max)
    written = io.BytesIO()
    image.save(written, "WEBP", quality=QUALITY, method=4)
    return Redrawn(written.getvalue(), image.width, image.height)


def _decode(body: bytes, side_max: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures before it refuses larger ones: ours is the limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(body), formats=FORMATS)
        _refuse_huge(opened)
        opened.draft("RGB", (side_max, side_max))
        image = ImageOps.exif_transpose(opened)
        image.thumbnail((side_max, side_max))
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    except NotAPicture:
        raise
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise NotAPicture("format") from None


def _refuse_huge(opened: Image.Image) -> None:
    if opened.width * opened.height > PIXELS_MAX:
        raise NotAPicture("pixels")
