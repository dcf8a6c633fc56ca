"""`kacang stock purchase-list`: what to buy, and why."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json, Merchant

SPANS = (7, 30)


def register(app: typer.Typer) -> None:
    """Add the command."""
    stock = typer.Typer(no_args_is_help=True, help="What is in stock, and what to buy.")
    stock.command("purchase-list")(purchase_list)
    # With one command alone, typer would take it for the group itself.
    stock.callback()(lambda: None)
    app.add_typer(stock, name="stock")


def purchase_list(
    merchant: Merchant,
    span: Annotated[int, typer.Option(help="By how many days' sales: 7 or 30.")] = 7,
    needed: Annotated[bool, typer.Option("--needed", help="Only what is to be bought.")] = False,  # noqa: FBT002 - an option
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write an xlsx instead.")
    ] = None,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Tell for each SKU how many to buy, and what that rests on."""
    if span not in SPANS:
        raise CommandProblem("--span is 7 or 30.")
    with installation(data):
        asked = {"merchant": merchant, "span": span, "needed": needed}
        if xlsx is not None:
            inside("purchasing").write_workbook(**asked, file=xlsx)
            print(f"The list is in {xlsx}.")
            return
        found = inside("purchasing").purchase_list(**asked)
    if as_json:
        print(json.dumps({"items": found}, ensure_ascii=False))
        return
    for row in found:
        print(
            f"{row['sku_id']}  {row['title']}: buy {row['to_buy']:,} ({row['waiting']:,} waiting,"
            f" {row['available']:,} available, {row[f'sold_{span}_days']:,} sold in {span} days)"
        )
