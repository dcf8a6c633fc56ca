"""A job on the terminal: its progress until it has ended."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def watched(cards: Any, started: Any, *, as_json: bool) -> Any:
    """Show a job's progress until it has ended; return how it ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True, quiet=as_json)
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task("cards", total=None)

        def show(found: Any) -> None:
            progress.update(bar, completed=found.done, total=found.total or None)

        return cards.watch(started, show)
