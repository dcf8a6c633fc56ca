"""The command `kacang`: every way in for the person who runs an installation."""

import errno
import sys

import typer

from kacang.cli import commands, testing
from kacang.cli.errors import CommandProblem, Stopped
from kacang.cli.lifeline import follow_parent
from kacang.cli.refusals import sentence
from kacang.embedded import EmbeddedProblem
from kacang.shared.errors import DomainError

app = typer.Typer(
    name="kacang",
    help="卡仓 Kacang: sell, deliver and track card secrets, top-ups and pickup cards.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
commands.register(app)
testing.register(app)


def main() -> None:
    """Run the command: 0 done, 1 refused with one sentence, 2 wrong use."""
    follow_parent()
    try:
        app(prog_name="kacang")
    except (CommandProblem, EmbeddedProblem) as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            raise
        print(f"The disk of {problem.filename or 'the data folder'} is full.", file=sys.stderr)
        sys.exit(1)
    except DomainError as problem:
        print(sentence(problem), file=sys.stderr)
        sys.exit(1)
    except Stopped:
        print("Stopped before it was ready; nothing is left running.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
