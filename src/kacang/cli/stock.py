"""`kacang cards stock`, `undo`, `change`, `replace`: what is in stock, and what is done to many."""

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
    cards.command("replace")(replace)


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


def replace(
    merchant: Merchant,
    reason: Annotated[str, typer.Option(help="Why: it is written to the log.")],
    batch: Annotated[
        str, typer.Argument(metavar="[BATCH]", help="Its id, such as bat_…, when all of it is bad.")
    ] = "",
    card: Annotated[
        list[str],
        typer.Option(metavar="CARD", help="Or a card's id, such as crd_…. Several times for more."),
    ] = [],  # noqa: B006 - typer's own way; never changed
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Give the buyers of bad cards other ones; mark as faulty what is unsold. It cannot be undone.

    Cards that are reserved or in use, and those without another card in stock, stay as they are.
    """
    with installation(data):
        started = inside("stock").start_replacing(
            merchant=merchant, batch=batch, cards=card, reason=reason
        )
        ended = watched(inside("cards"), started, as_json=as_json)
    state, result = ended.state.name.lower(), ended.result
    if as_json:
        print(json.dumps({"job": ended.uid, "state": state, **result}, ensure_ascii=False))
    elif state == "done":
        marked = result.get("marked", 0)
        print(f"{result['replaced']} cards replaced, {result['stayed']} stayed; {marked} marked.")
        for code, count in sorted(result["reasons"].items()):
            print(f"  {count} stayed: {code}")
    if state != "done":
        if as_json:
            raise typer.Exit(1)
        raise CommandProblem(f"The job ended before it was done ({ended.error or state}).")
