"""`kacang cards stock`, `undo`, `change`: what is in stock, and what is done to a whole batch."""

import enum
import json
from typing import Annotated

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json, Merchant
from kacang.cli.watching import watched

_SHOWN = ("available", "reserved", "sold", "frozen", "faulty", "expired", "void")


class Change(enum.StrEnum):
    """What can be done to the cards of a batch that are not sold."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    VOID = "void"
    FAULTY = "faulty"
    RESTORE = "restore"


Batch = Annotated[str, typer.Argument(metavar="BATCH", help="Its id, such as bat_….")]


def add_to(cards: typer.Typer) -> None:
    """Add the commands."""
    cards.command("stock")(stock)
    cards.command("undo")(undo)
    cards.command("change")(change)


def stock(
    merchant: Merchant,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Tell how many cards of each SKU are in which state."""
    with installation(data):
        found = inside("stock").levels(merchant=merchant)
    if as_json:
        print(json.dumps({"items": found}, ensure_ascii=False))
        return
    for row in found:
        counts = ", ".join(f"{row[name]:,} {name}" for name in _SHOWN if row[name])
        print(f"{row['sku_id']}  {row['title']}: {counts or 'no cards'}")


def undo(
    batch: Batch,
    merchant: Merchant,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Take back a batch that nobody has bought from, within ten minutes of its arrival."""
    with installation(data):
        cards = inside("stock").undo(merchant=merchant, batch=batch)
    print(
        json.dumps({"batch": batch, "cards": cards})
        if as_json
        else f"{cards} cards are taken back."
    )


def change(
    what: Annotated[Change, typer.Argument(help="What to do.")],
    batch: Batch,
    merchant: Merchant,
    reason: Annotated[str, typer.Option(help="Why: it is written to the log.")],
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Freeze, put back, void or mark as faulty what is left of a batch.

    Cards that are reserved or were ever sold stay as they are.
    """
    with installation(data):
        started = inside("stock").start_change(
            merchant=merchant, batch=batch, change=what.value, reason=reason
        )
        ended = watched(inside("cards"), started, as_json=as_json)
    state = ended.state.name.lower()
    if as_json:
        print(json.dumps({"job": ended.uid, "state": state, **ended.result}, ensure_ascii=False))
    elif state == "done":
        print(f"{ended.result['changed']} cards changed, {ended.result['stayed']} stayed.")
    if state != "done":
        if as_json:
            raise typer.Exit(1)
        raise CommandProblem(f"The change ended before it was done ({ended.error or state}).")
