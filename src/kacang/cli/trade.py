"""Commands that work on a merchant's keys and books."""

import enum
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json, Merchant

_ALL = "all"


class Language(enum.StrEnum):
    """The languages of what people read."""

    CHINESE = "zh-Hans"
    ENGLISH = "en"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    key = typer.Typer(no_args_is_help=True, help="Make keys for machines that call the API.")
    key.command("create")(key_create)
    app.add_typer(key, name="key")
    audit = typer.Typer(no_args_is_help=True, help="Check the log of who did what.")
    audit.command("verify")(audit_verify)
    app.add_typer(audit, name="audit")
    ledger = typer.Typer(no_args_is_help=True, help="Export the books.")
    ledger.command("export")(ledger_export)
    app.add_typer(ledger, name="ledger")


def key_create(
    merchant: Merchant,
    scopes: Annotated[
        str, typer.Option(help="Names separated by commas, such as orders:read,orders:write.")
    ] = _ALL,
    name: Annotated[str, typer.Option(help="By which people tell keys apart.")] = "command line",
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Make an API key. It is printed once and kept nowhere."""
    wanted = tuple(scope.strip() for scope in scopes.split(",") if scope.strip())
    with installation(data):
        made = inside("keys").create_key(merchant=merchant, name=name, scopes=wanted)
    if as_json:
        print(json.dumps({"id": made.uid, "api_key": made.key}))
    else:
        print(made.key)
        print("Note it now: it is not shown again.", file=sys.stderr)


def audit_verify(
    merchant: Annotated[str, typer.Option(help="One merchant; all when not given.")] = "",
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Compare the logs with their seals, and say how recent the last seal is."""
    with installation(data):
        found = inside("books").verify(merchant=merchant)
    reports = [
        {
            "merchant": slug,
            "log": report.log,
            "sound": report.is_sound,
            "seals": report.seals,
            "entries": report.entries,
            "unsealed": report.unsealed,
            "last_sealed_at": report.last_sealed_at and report.last_sealed_at.isoformat(),
            "broken": [{"seal": seal.number, "reason": seal.reason} for seal in report.broken],
        }
        for slug, logs in found.items()
        for report in logs
    ]
    sound = all(report["sound"] for report in reports)
    if as_json:
        print(json.dumps({"sound": sound, "logs": reports}))
    else:
        for report in reports:
            print(_verified(report))
    raise typer.Exit(0 if sound else 1)


def _verified(report: dict[str, object]) -> str:
    state = "sound" if report["sound"] else f"BROKEN {report['broken']}"
    last = report["last_sealed_at"] or "never"
    return (
        f"{report['merchant']} {report['log']}: {state}, {report['entries']} entries under "
        f"{report['seals']} seals, {report['unsealed']} not sealed yet, last seal {last}"
    )


def ledger_export(
    merchant: Merchant,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Instead of the screen.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the words.")] = Language.CHINESE,
    data: Data = DATA,
) -> None:
    """Write a merchant's books in beancount syntax."""
    with installation(data):
        pieces = inside("books").export(merchant=merchant, language=str(language))
        if output is None:
            sys.stdout.writelines(pieces)
        else:
            _write(output, pieces)


def _write(path: Path, pieces: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
    except OSError as problem:
        raise CommandProblem(f"The file {path} cannot be written: {problem.strerror}.") from None
