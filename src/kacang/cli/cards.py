"""`kacang cards`: take card secrets in from a file, or make them."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kacang.cli import stock
from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json
from kacang.cli.watching import watched

Sku = Annotated[str, typer.Option("--sku", metavar="ID", help="The SKU that the cards are of.")]


Face = Annotated[
    str,
    typer.Option(
        "--face-value", metavar="AMOUNT", help='What is printed on each card, such as "50.00 USD".'
    ),
]
Facts = Annotated[
    list[str],
    typer.Option(
        "--fact",
        metavar="LABEL=TEXT",
        help="What else to note of the batch. No secret. May be given several times.",
    ),
]
_SERIAL = re.compile(r"(?P<prefix>[^\[\]]*)\[(\d+)-(\d+)(?:/(\d+))?\](@?)")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    cards = typer.Typer(no_args_is_help=True, help="Import, make, count and change card secrets.")
    cards.command("import")(import_cards)
    cards.command("generate")(generate)
    stock.add_to(cards)
    app.add_typer(cards, name="cards")


def import_cards(  # noqa: PLR0913, PLR0917 - one for each option
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="xlsx, xls, ods, csv, txt; a picture or zip of files."
        ),
    ],
    sku: Sku,
    supplier: Annotated[str, typer.Option(help="From whom the cards are.")] = "",
    all_or_nothing: Annotated[  # noqa: FBT002 - an option
        bool, typer.Option("--all-or-nothing", help="Load nothing when one line is wrong.")
    ] = False,
    read: Annotated[
        list[str],
        typer.Option(
            "--read",
            metavar="WHAT=HOW",
            help="How the file is read: unit=line, block or file; separator=----, none or pairs "
            "and the like; block_end=LINE; header=yes or no; number, secret, expires, remark, "
            "cost = the number of the column, from 1. May be given several times.",
        ),
    ] = [],  # noqa: B006 - typer's own way; never changed
    face_value: Face = "",
    fact: Facts = [],  # noqa: B006 - as above
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Load a file of card secrets, byte for byte; tell what was not taken and why.

    Columns are found by their headings; without: one is the code, two are number and code, then
    expiry and remark. What goes wrong is in an error workbook in the console.
    """
    with installation(data):
        cards, vault = inside("cards"), inside("vault_types")
        request = vault.ImportRequest(
            sku_uid=sku,
            purchase=vault.Purchase(supplier=supplier, **_known(face_value, fact, vault)),
            wishes=vault.Wishes(**_wishes(read, vault.FIELDS)),
            keep_good=not all_or_nothing,
        )
        ended = watched(cards, cards.start_import(file, request), as_json=as_json)
    _tell(ended, as_json=as_json)


def generate(  # noqa: PLR0913, PLR0917 - one for each option
    sku: Sku,
    count: Annotated[int, typer.Option(min=0, help="How many; left out with --serial.")] = 0,
    pattern: Annotated[
        str, typer.Option(help="X letter or digit, # digit, A letter, {n} repeats.")
    ] = "X{4}-X{4}-X{4}-X{4}",
    number_pattern: Annotated[str, typer.Option(help="Pattern of card numbers, if any.")] = "",
    serial: Annotated[
        str,
        typer.Option(
            metavar="NUMBERS",
            help="Card numbers that count up, instead of --count: KC[00001-02000/2]@ is from "
            "KC00001 to KC02000 by two, with zeros in front and a check digit behind.",
        ),
    ] = "",
    face_value: Face = "",
    fact: Facts = [],  # noqa: B006 - typer's own way; never changed
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Make card secrets by a pattern, none twice, none that the vault has."""
    with installation(data):
        cards, vault = inside("cards"), inside("vault_types")
        request = vault.GenerateRequest(
            sku_uid=sku,
            count=count,
            pattern=pattern,
            number_pattern=number_pattern,
            serial=_serial(serial, vault) if serial else None,
            purchase=vault.Purchase(**_known(face_value, fact, vault)),
        )
        ended = watched(cards, cards.start_generation(request), as_json=as_json)
    _tell(ended, as_json=as_json)


def _serial(said: str, vault: Any) -> Any:
    """Read KC[00001-02000/2]@, or say what cannot be."""
    found = _SERIAL.fullmatch(said)
    if not found:
        raise CommandProblem(f"--serial {said} is not understood; see --help.")
    prefix, first, last, step, check = found.groups()
    width = len(last) if first.startswith("0") and len(first) == len(last) > 1 else 0
    return vault.SerialRange(
        int(first), int(last), prefix, int(step or 1), width, has_check=bool(check)
    )


def _known(face_value: str, facts: list[str], vault: Any) -> dict[str, Any]:
    """Read the face value and LABEL=TEXT, or say what cannot be."""
    amount, _, currency = face_value.strip().partition(" ")
    pairs = []
    for fact in facts:
        label, found, text = fact.partition("=")
        if not found:
            raise CommandProblem(f"--fact {fact} is not understood; see --help.")
        pairs.append((label.strip(), text.strip()))
    face = vault.Money.parse(amount, currency.strip() or "CNY") if face_value else None
    return {"face_value": face, "facts": tuple(pairs)}


def _wishes(said: list[str], fields: Sequence[str]) -> dict[str, Any]:
    """Read WHAT=HOW, or say what cannot be."""
    wishes: dict[str, Any] = {}
    columns: dict[str, int] = {}
    for item in said:
        what, found, how = item.partition("=")
        if what in fields and how.isdecimal() and int(how) > 0:
            columns[what] = int(how) - 1
        elif what == "header" and how in ("yes", "no"):
            wishes["has_header"] = how == "yes"
        elif found and what in ("unit", "separator", "block_end"):
            wishes[what] = how.replace("\\t", "\t")
        else:
            raise CommandProblem(f"--read {item} is not understood; see --help.")
    return {**wishes, "columns": columns or None}


def _tell(ended: Any, *, as_json: bool) -> None:
    state = ended.state.name.lower()
    if as_json:
        answer = {"job": ended.uid, "state": state, "error": ended.error, **ended.result}
        print(json.dumps(answer, ensure_ascii=False))
    elif state == "done":
        result = ended.result
        taken = result.get("stocked", ended.done)
        print(f"{taken} cards are in stock.")
        if result.get("bad"):
            reasons = ", ".join(f"{name} {count}" for name, count in result["reasons"].items())
            print(f"{result['bad']} lines were not taken: {reasons}.", file=sys.stderr)
    if state != "done":
        if as_json:
            raise typer.Exit(1)
        raise CommandProblem(f"No card was taken ({_why(ended)}).")


def _why(ended: Any) -> str:
    result = ended.result
    parts = [str(result[key]) for key in ("problem", "place") if result.get(key)]
    return ", ".join([ended.error or ended.state.name.lower(), *parts])
