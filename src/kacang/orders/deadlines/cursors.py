"""Where a list goes on that is in order of a time: opaque, and no secret."""

import base64
import json
from datetime import datetime


def make_cursor(at: datetime, last_id: int) -> str:
    """Return the place after a row."""
    text = json.dumps([at.isoformat(), last_id]).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, int] | None:
    """Undo `make_cursor`; None: it was not made by it."""
    try:
        at, last_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError, RecursionError):
        return None
    is_id = isinstance(last_id, int) and not isinstance(last_id, bool) and 0 <= last_id < 2**62
    return (moment, last_id) if is_id and moment.tzinfo is not None else None
