"""What an examination finds."""

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How much it matters."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        level: How much it matters.
        check: What was looked at.
        found: What was found.
        advice: What to do, when something should be done.
    """

    level: Level
    check: str
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """Say that all is well."""
    return Finding(Level.OK, check, found)


def warn(check: str, found: str, advice: str) -> Finding:
    """Say that something should be looked at."""
    return Finding(Level.WARN, check, found, advice)


def bad(check: str, found: str, advice: str) -> Finding:
    """Say that something does not work."""
    return Finding(Level.BAD, check, found, advice)
