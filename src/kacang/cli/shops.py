"""`kacang merchant`: open another merchant in the installation, or look into one."""

import enum
import json
import sys
from typing import Annotated

import typer

from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json


class Kind(enum.StrEnum):
    """What an operator opens; the trial twin of a live merchant is made in its console."""

    LIVE = "live"
    DEMO = "demo"


Change = Annotated[bool, typer.Option("--may-change", help="Let them change things, too.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    merchant = typer.Typer(no_args_is_help=True, help="Open merchants, look into them.")
    merchant.command("create")(create)
    merchant.command("visit")(visit)
    app.add_typer(merchant, name="merchant")


def create(
    slug: Annotated[str, typer.Option(help="Short name in addresses, such as lulu: /s/lulu/.")],
    name: Annotated[str, typer.Option(help="What buyers read.")],
    email: Annotated[str, typer.Option(help="Of the owner, who logs in with it.")],
    kind: Annotated[Kind, typer.Option(help="Fixed for ever.")] = Kind.LIVE,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Open a merchant and make its owner. The password is printed once and kept nowhere.

    Somebody who works in the installation already keeps the password that they have.
    """
    with installation(data):
        owner = inside("shops").open_shop(slug=slug, name=name, kind=kind, email=email)
    if as_json:
        facts = {"merchant": slug, "email": owner.email, "password": owner.password or None}
        print(json.dumps(facts))
        return
    print(f"{owner.email} {owner.password}".rstrip())
    if owner.password:
        print("Note the password now: it is not shown again.", file=sys.stderr)
    else:
        print("They log in with the password that they have.", file=sys.stderr)


def visit(
    merchant: Annotated[str, typer.Option(help="Its short name, as in /s/lulu/.")],
    email: Annotated[str, typer.Option(help="Who looks: an operator with a second factor.")],
    reason: Annotated[str, typer.Option(help="The owners are told it at once.")],
    may_change: Change = False,  # noqa: FBT002 - an option
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Print a link by which an operator looks into a merchant's console for half an hour.

    Where the merchant wants to be asked first, its owners are asked, and nothing is printed.
    """
    with installation(data):
        link = inside("shops").visit(
            slug=merchant, email=email, reason=reason, may_change=may_change
        )
    if as_json:
        print(json.dumps({"link": link or None, "asked": not link}))
    elif link:
        print(link)
    if not link:
        print("The owners are asked. Run this again once one of them has agreed.", file=sys.stderr)
        raise typer.Exit(1)
