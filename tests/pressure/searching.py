"""Looking for a text in files, in whichever form it may have been written down."""

import mmap
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path


def forms_of(text: str) -> list[bytes]:
    """The bytes that a text becomes: as it is, in UTF-16, in hexadecimal, in base64."""
    plain = text.encode()
    found = [plain, text.encode("utf-16-le"), text.encode("utf-16-be")]
    for raw in tuple(found):
        found += [raw.hex().encode(), raw.hex().upper().encode()]
        for offset in range(3):
            whole = b64encode(bytes(offset) + raw)
            # Letters that hold a bit of what stands before or behind are left out.
            found.append(whole[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6])
    return found


def files_with(text: str, places: Sequence[Path]) -> list[str]:
    """Return the files below these places that hold a text in any of its forms."""
    forms = forms_of(text)
    return [str(file) for place in places for file in _files(place) if _holds(file, forms)]


def _files(place: Path) -> Iterator[Path]:
    for path in [place] if place.is_file() else sorted(place.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _holds(path: Path, forms: Sequence[bytes]) -> bool:
    try:
        if not path.stat().st_size:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
            return any(body.find(form) >= 0 for form in forms)
    except FileNotFoundError:
        # A file of the database that has just been let go of.
        return False
