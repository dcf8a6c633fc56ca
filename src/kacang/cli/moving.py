"""`kacang migrate-from`: move here from another system."""

import enum
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json, Merchant
from kacang.cli.trade import Language
from kacang.cli.watching import watched


class System(enum.StrEnum):
    """Where a shop comes from; `workbook` is for every other system."""

    ACG_FAKA = "acg-faka"
    DUJIAOKA = "dujiaoka"
    DUJIAO_NEXT = "dujiao-next"
    WORKBOOK = "workbook"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate-from")(migrate_from)


def migrate_from(
    system: Annotated[System, typer.Argument(help="The system that the file is of.")],
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="Text dump of its database (SQL), or the workbook."
        ),
    ],
    merchant: Merchant,
    language: Annotated[Language, typer.Option(help="Of the report.")] = Language.CHINESE,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Take over products, cards with their state, and finished orders of another system.

    Run it again with the same or a newer dump: only what is new comes. Products stay off sale
    until you put them on. What was not taken is in a workbook in the console.
    """
    with installation(data):
        cards, moving = inside("cards"), inside("moving")
        started = moving.start(
            file, system=system.value, merchant=merchant, language=language.value.lower()
        )
        ended = watched(cards, started, as_json=as_json)
    _tell(ended, as_json=as_json)


def _tell(ended: Any, *, as_json: bool) -> None:
    state, result = ended.state.name.lower(), ended.result
    if as_json:
        answer = {"job": ended.uid, "state": state, "error": ended.error, **result}
        print(json.dumps(answer, ensure_ascii=False))
        if state != "done":
            raise typer.Exit(1)
        return
    if state != "done":
        parts = [str(result[key]) for key in ("problem", "line") if result.get(key)]
        raise CommandProblem(f"Not moved ({', '.join([ended.error or state, *parts])}).")
    print(
        f"{result['products']} SKUs, {result['cards']} cards, {result['orders']} orders came over."
    )
    if result["bad"]:
        reasons = ", ".join(f"{name} {count}" for name, count in result["reasons"].items())
        print(f"{result['bad']} were not taken or need a look: {reasons}.", file=sys.stderr)
