"""The time of day, for whoever must ask it. Use cases take `now` as an argument instead."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)
