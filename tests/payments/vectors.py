"""Signatures that somebody else has computed: adapters and simulators are both held to them.

One file per company, `{name: {what it is made of, what it must be}}`; the keys are public.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_suffix("")


def vector(name: str) -> dict[str, Any]:
    """Return one vector; the file is named for the first word of `name`."""
    text = (FOLDER / f"{name.partition('_')[0]}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)[name]
    return found


def public_key(whose: str) -> str:
    """Return the public key of "merchant" or "platform" in PEM."""
    return (FOLDER / f"{whose}_public.pem").read_text(encoding="utf-8")
