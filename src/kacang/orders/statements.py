"""Run a statement of the hot path on the connection of the open transaction."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import RawCursor

_NAME = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Statement:
    """A text with `$1`, `$2` … and the names of what goes there."""

    text: bytes
    names: tuple[str, ...]


def statement(text: str) -> Statement:
    """Turn `%(name)s` into `$1` once, so that no call parses the text again: half its time."""
    names = tuple(dict.fromkeys(_NAME.findall(text)))
    places = {name: f"${place}" for place, name in enumerate(names, start=1)}
    return Statement(_NAME.sub(lambda found: places[found[1]], text).encode(), names)


_compiled = lru_cache(maxsize=200)(statement)


def rows(sql: Statement | str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows. The hot clock's shift is added (rule 10)."""
    assert connection.in_atomic_block
    sql = _compiled(sql) if isinstance(sql, str) else sql
    given = {"shift": float(settings.HOT_CLOCK_SHIFT_SECONDS), "all": 2**31, **parameters}
    with connection.wrap_database_errors, RawCursor(connection.connection) as cursor:
        cursor.execute(sql.text, [given[name] for name in sql.names])
        # `description` would describe every column, at each call.
        result = cursor.pgresult
        return cursor.fetchall() if result is not None and result.nfields else []


def table(records: Iterable[Mapping[str, Any]]) -> str:
    """Return records as the JSON that a statement reads as rows; bytes become hexadecimal.

    One parameter for a whole table: an array for each column costs more to adapt than the rest
    of the call.
    """
    return json.dumps(list(records), default=_hex, separators=(",", ":"))


def _hex(value: object) -> str:
    assert isinstance(value, bytes), type(value)
    return value.hex()
