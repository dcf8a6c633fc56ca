"""`kacang platform`: what the operator gets of a merchant's sales, and what was paid (F4)."""

import enum
import json
from datetime import datetime
from typing import Annotated

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json, Merchant

_DAY = "%Y-%m-%d"


class Period(enum.StrEnum):
    """How long a statement's time is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Day = Annotated[
    datetime | None, typer.Option(formats=[_DAY], help="In the merchant's zone; today.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    platform = typer.Typer(no_args_is_help=True, help="The operator's fee from merchants.")
    platform.command("agree")(agree)
    platform.command("end")(end)
    platform.command("statements")(statements)
    platform.command("paid")(paid)
    app.add_typer(platform, name="platform")


def agree(  # noqa: PLR0913, PLR0917 - one for each option
    merchant: Merchant,
    percent: Annotated[str, typer.Option(help="Of what is delivered, such as 1.5.")],
    fixed: Annotated[str, typer.Option(help="For each order besides, such as 0.10.")] = "0",
    period: Annotated[Period, typer.Option(help="Of a statement.")] = Period.MONTH,
    hold_days: Annotated[int, typer.Option(help="Wait for refunds before a statement.")] = 0,
    since: Day = None,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Take a fee from a merchant, from a day on."""
    with installation(data):
        try:
            uid = inside("shares").agree(
                merchant=merchant,
                rates=(percent, fixed),
                period=str(period),
                hold_days=hold_days,
                since=since.date() if since else None,
            )
        except ValueError:
            raise CommandProblem(
                "--percent is a number such as 1.5, with at most four digits after the point."
            ) from None
    print(json.dumps({"agreement": uid}) if as_json else uid)


def end(
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="Its id, such as agr_….")],
    merchant: Merchant,
    on: Day = None,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """End an agreement with a day, which is not in it any more."""
    with installation(data):
        day = inside("shares").end(
            merchant=merchant, agreement=agreement, on=on.date() if on else None
        )
    print(json.dumps({"agreement": agreement, "ends_on": day}) if as_json else f"It ends on {day}.")


def statements(
    merchant: Merchant,
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """List what a merchant was charged, by period."""
    with installation(data):
        found = inside("shares").statements(merchant=merchant)
    if as_json:
        print(json.dumps({"items": found}, ensure_ascii=False))
        return
    for row in found:
        print(
            f"{row['statement']}  {row['first_day']} to {row['last_day']}: {row['amount']}"
            f" {row['currency']}, {row['due']} due, {row['state']}"
        )


def paid(
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="Its id, such as stm_….")],
    merchant: Merchant,
    reference: Annotated[str, typer.Option(help="The bank's number of the money.")],
    amount: Annotated[str, typer.Option(help="All that is due when not given.")] = "",
    data: Data = DATA,
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Note that a merchant has paid for a statement."""
    with installation(data):
        left = inside("shares").paid(
            merchant=merchant, statement=statement, amount=amount, reference=reference
        )
    print(json.dumps({"statement": statement, "due": left}) if as_json else f"{left} are left.")
