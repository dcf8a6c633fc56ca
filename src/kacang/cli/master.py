"""`kacang master-key`: where the key of keys comes from, and changing it (V4)."""

import json
import sys

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Json
from kacang.shared.errors import DomainError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The key under which all keys are wrapped.")
    group.command("status")(status)
    group.command("new")(new)
    group.command("rewrap")(rewrap)
    app.add_typer(group, name="master-key")


def status(data: Data = DATA, as_json: Json = False) -> None:  # noqa: FBT002 - an option
    """Say where the master key comes from and what is still under the previous one."""
    with installation(data):
        state = inside("keys").master_key_state()
        under = inside("keys").under_previous() if state.usable else 0
    facts = {
        "source": state.source,
        "usable": state.usable,
        "unreachable_seconds": state.unreachable_seconds,
        "usable_seconds": state.usable_seconds,
        "problem": state.problem,
        "keys_under_previous": under,
    }
    if as_json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name}: {value}")
    raise typer.Exit(0 if state.usable else 1)


def new(data: Data = DATA) -> None:
    """Have the key service make a master key; print it wrapped: KACANG_MASTER_KEY_WRAPPED."""
    with installation(data):
        try:
            print(inside("keys").make_wrapped_key())
        except DomainError as problem:
            raise CommandProblem(
                f"The key service is not set up: {problem.detail.get('problem', problem.code)}"
            ) from None
    print("Only the service can open it. Keep a copy with your backups.", file=sys.stderr)


def rewrap(data: Data = DATA, as_json: Json = False) -> None:  # noqa: FBT002 - an option
    """Wrap every merchant's keys under the present master key. May be cut off and run again.

    The one before it is given as KACANG_MASTER_KEY_PREVIOUS, to every process, until this is done.
    """
    with installation(data):
        keys, people = inside("keys").rewrap()
    if as_json:
        print(json.dumps({"keys": keys, "people": people}))
    else:
        print(f"{keys} keys and the second factors of {people} people are under the present one.")
