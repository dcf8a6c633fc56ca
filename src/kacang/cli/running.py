"""Commands that run the installation, and what they run."""

import enum
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kacang.cli import up as starting
from kacang.cli import web as serving
from kacang.cli.errors import CommandProblem
from kacang.cli.installation import inside, installation
from kacang.cli.options import DATA, Data, Host, Json, Port, Workers
from kacang.cli.ports import refuse_busy
from kacang.embedded import OWNER


class Queue(enum.StrEnum):
    """The queues of jobs (rule 25)."""

    MONEY = "money"
    DELIVERY = "delivery"
    BULK = "bulk"
    MAIL = "mail"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(web)
    app.command()(worker)
    app.command()(schedule)
    app.command()(migrate)
    app.command(hidden=True)(prepare)


def _say(words: str) -> None:
    print(words, flush=True)


def up(  # noqa: PLR0913, PLR0917 - one for each option
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data: Data = DATA,
    demo: Annotated[bool, typer.Option("--demo", help="Make a demo shop on first run.")] = False,  # noqa: FBT002 - an option
    ready_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Gets address and logins as JSON when all answers."),
    ] = None,
    workers: Workers = 2,
    simulators: Annotated[  # noqa: FBT002 - an option
        bool,
        typer.Option("--simulators", help="With --demo: payment companies to play with."),
    ] = False,
) -> None:
    """Run everything on this machine: database, web, workers, schedule. Ctrl-C ends it all.

    Uses DATABASE_URL instead of the embedded database when it is set (and KACANG_OWNER_URL for
    migrations). The first run makes all keys and passwords by itself, in DIR/secrets.
    """
    if ready_file is not None:
        ready_file = ready_file.absolute()
    if simulators and not demo:
        raise CommandProblem("--simulators goes with --demo: no other shop is paid in play money.")
    wishes = starting.Wishes(host, port, data.absolute(), demo, ready_file, workers, simulators)
    starting.up(wishes, _say)


def web(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 2,
    data: Data = DATA,
) -> None:
    """Run the web server alone, beside a database that runs."""
    # The server itself would share the port with whoever has it.
    refuse_busy(host, port)
    with installation(data, starts=False):
        serving.serve(host=host, port=port, workers=workers)


def worker(
    queue: Annotated[
        list[Queue] | None, typer.Option("--queue", help="Once per queue; all when not given.")
    ] = None,
    data: Data = DATA,
) -> None:
    """Run a worker for the jobs of some queues."""
    with installation(data, starts=False):
        inside("worker").run([str(name) for name in queue or Queue])


def schedule(data: Data = DATA) -> None:
    """Run what happens by the clock, and pass news on from sales to jobs."""
    with installation(data, starts=False):
        inside("schedule").run()


def migrate(
    data: Data = DATA,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False,  # noqa: FBT002 - an option
    as_json: Json = False,  # noqa: FBT002 - an option
) -> None:
    """Bring the tables to what this version needs, as the role that owns them."""
    with installation(data, role=OWNER):
        database = inside("database")
        steps = database.migrate(verbosity=0 if quiet or as_json else 1)
        database.collect_static()
    if as_json:
        print(json.dumps({"migrations": steps}))


def prepare(
    data: Data = DATA,
    demo: Annotated[bool, typer.Option("--demo")] = False,  # noqa: FBT002 - an option
    simulators: Annotated[Path | None, typer.Option("--simulators", metavar="FILE")] = None,
    senders: Annotated[Path | None, typer.Option("--senders", metavar="FILE")] = None,
) -> None:
    """Migrate, then make the first people and the demo shop, once; print their logins as JSON.

    Both in one process, since half of a start is the loading of Django.
    """
    app_url = os.environ["DATABASE_URL"]
    with installation(data, role=OWNER):
        database = inside("database")
        database.migrate(verbosity=0)
        database.collect_static()
        database.become(app_url)
        logins = inside("first_run").provide(demo=demo, simulators=simulators, senders=senders)
    json.dump(logins, sys.stdout)
