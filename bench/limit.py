"""What PostgreSQL itself can do with the least that a sale can be, in the same run."""

import os
import re
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from bench.installation import Installation
from kacang.embedded import OWNER

FOLDER = Path(__file__).parent
WARM_UP_SECONDS = 2
# Numbers of orders that the first run cannot have reached.
_SECOND_RUN = 500_000_000
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


def prepare(made: Installation) -> None:
    """Make the limit's own tables anew: each round finds what the first one found."""
    with made.owner() as owner:
        owner.execute("drop schema if exists sale_limit cascade")
        owner.execute((FOLDER / "limit_schema.sql").read_text(encoding="utf-8"))
        owner.execute("set search_path = sale_limit")
        for table in ("card", "orders", "order_line", "payment", "ledger_entry", "outbox"):
            owner.execute(f"vacuum analyze {table}")


def run(made: Installation, *, seconds: int, clients: int) -> float:
    """Return orders per second by pgbench. Every order is two commits."""
    prepare(made)
    made.settle_down()
    # Uncounted: the first change of each page after a checkpoint is dearer.
    _pgbench(made, seconds=WARM_UP_SECONDS, clients=clients, first=0)
    return _pgbench(made, seconds=seconds, clients=clients, first=_SECOND_RUN)


def _pgbench(made: Installation, *, seconds: int, clients: int, first: int) -> float:
    parts = conninfo_to_dict(made.cluster.dsn(OWNER))
    done = subprocess.run(
        [
            made.cluster.binaries.program("pgbench"),
            *("-n", "-M", "prepared", "-f", str(FOLDER / "limit.sql")),
            *("-c", str(clients), "-j", "2", "-T", str(seconds), "-D", f"n={first}"),
            str(parts["dbname"]),
        ],
        env={
            **os.environ,
            "PGHOST": str(parts["host"]),
            "PGUSER": str(parts["user"]),
            "PGPASSWORD": str(parts["password"]),
            "PGOPTIONS": "-c search_path=sale_limit",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    found = _TPS.search(done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return float(found[1])
