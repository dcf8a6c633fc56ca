"""`kacang doctor`: says what is wrong with an installation, and what to do."""

import json

import typer
from rich.console import Console
from rich.table import Table

from kacang.cli.doctor import Finding, Level, examine
from kacang.cli.options import DATA, Data, Json

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.BAD: "red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(data: Data = DATA, as_json: Json = False) -> None:  # noqa: FBT002 - an option
    """Look at the installation and say what is wrong and what to do. Changes nothing."""
    findings = examine(data.absolute())
    bad = any(finding.level is Level.BAD for finding in findings)
    if as_json:
        checks = [
            {"check": found.check, "level": found.level, "found": found.found, "do": found.advice}
            for found in findings
        ]
        print(json.dumps({"healthy": not bad, "checks": checks}, ensure_ascii=False))
    else:
        _show(findings)
    raise typer.Exit(1 if bad else 0)


def _show(findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for column in range(3):
        table.add_column(overflow="fold", no_wrap=column == 0)
    for finding in findings:
        colour = _COLOURS[finding.level]
        advice = f"\n[bold]→ {finding.advice}[/bold]" if finding.advice else ""
        words = f"{finding.found}{advice}"
        table.add_row(f"[{colour}]{finding.level}[/{colour}]", finding.check, words)
    Console().print(table)
