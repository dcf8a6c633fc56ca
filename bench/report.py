"""Telling what was measured: a table for people, one JSON object for programs."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table


def machine() -> str:
    """Return what was measured on: every figure depends on it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {python}"


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table."""
    made = Table(title=title, title_justify="left")
    for head in heads:
        made.add_column(head, justify="left" if head == heads[0] else "right")
    for row in rows:
        made.add_row(*(_text(value) for value in row))
    Console(width=None if sys.stdout.isatty() else 110).print(made)


@dataclass(frozen=True)
class Aim:
    """What was aimed at and what was found, in a unit that the name says.

    `least`: the figure must be at least so large; else it must not be larger.
    """

    name: str
    aimed: float
    found: float
    least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it was reached."""
        return self.found >= self.aimed if self.least else self.found <= self.aimed


def aims(title: str, found: Sequence[Aim]) -> dict[str, object]:
    """Print what was aimed at beside what was found; return the same for the JSON line."""
    table(
        title,
        ["", "aimed at", "found", "met"],
        [
            [aim.name, f"{'≥' if aim.least else '≤'} {_text(aim.aimed)}", aim.found,
             "yes" if aim.is_met else "no"]
            for aim in found
        ],
    )  # fmt: skip
    return {
        aim.name: {"aimed": aim.aimed, "found": round(aim.found, 3), "met": aim.is_met}
        for aim in found
    }


def say(words: str) -> None:
    """Say what is being done, where it does not mix with results."""
    print(words, file=sys.stderr, flush=True)


def finish(figures: Mapping[str, object], *, as_json: bool, good: bool) -> int:
    """Print the JSON line when it is wanted; return the exit code."""
    if as_json:
        print(json.dumps({**figures, "machine": machine()}), flush=True)
    return 0 if good else 1


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the smallest, the median and the largest."""
    return min(values), median(values), max(values)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
