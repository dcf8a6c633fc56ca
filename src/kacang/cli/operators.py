"""`kacang operator`: who operates the installation, and may look into every merchant."""

import json
import sys
from typing import Annotated

import typer

from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json

Email = Annotated[str, typer.Option(help="Of the account: one that is here, or a new one.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    operator = typer.Typer(no_args_is_help=True, help="Who operates the installation.")
    operator.command("add")(add)
    operator.command("remove")(remove)
    operator.command("list")(show)
    app.add_typer(operator, name="operator")


def add(
    email: Email,
    name: Annotated[str, typer.Option(help="What a new account is called.")] = "",
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Let somebody look into merchants. Without a second factor they can do nothing as such.

    A new account's password is printed once and kept nowhere.
    """
    with installation(data):
        made = inside("operators").add(email=email, name=name)
    if as_json:
        facts = {
            "email": made.email,
            "password": made.password or None,
            "second_factor": made.has_second_factor,
        }
        print(json.dumps(facts))
        return
    print(f"{made.email} {made.password}".rstrip())
    if made.password:
        print("Note the password now: it is not shown again.", file=sys.stderr)
    if not made.has_second_factor:
        print("They must set up a second factor first, at /console/operator/.", file=sys.stderr)


def remove(email: Annotated[str, typer.Option(help="Of the operator.")], data: Data = DATA) -> None:
    """Take it from somebody again. Visits of theirs end at once; the account stays."""
    with installation(data):
        inside("operators").remove(email=email)
    print(f"{email} operates no longer.")


def show(data: Data = DATA, as_json: Json = False) -> None:  # noqa: FBT002 - an option
    """Say who operates, and who of them has a second factor."""
    with installation(data):
        found = inside("operators").everybody()
    if as_json:
        rows = [
            {"email": one.email, "name": one.name, "second_factor": one.has_second_factor}
            for one in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for one in found:
        missing = "" if one.has_second_factor else "no second factor"
        print(f"{one.email}  {one.name}  {missing}".rstrip())
