"""The database: reachable, of a version we know, with the right rights, migrated, in time."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from kacang.cli.doctor.findings import Finding, bad, ok, warn
from kacang.embedded import APP

_OLDEST, _NEWEST = 16, 18
_SKEW_SECONDS = 2.0
_HEARTBEAT_SECONDS = 45
_SUPERUSER_ADVICE = "Let the processes log in as kacang_app, which owns nothing."
Connection = psycopg.Connection[Any]


def server(connection: Connection) -> Finding:
    """Look at the version."""
    major = connection.info.server_version // 10000
    found = f"PostgreSQL {connection.info.parameter_status('server_version')}"
    if _OLDEST <= major <= _NEWEST:
        return ok("database", found)
    return bad("database", found, f"Use PostgreSQL {_OLDEST} to {_NEWEST}.")


def rights(connection: Connection) -> Finding:
    """Look at what the role of pages and jobs may do: policies must bind it (rule 17)."""
    row = connection.execute(
        "select current_user::text, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
        " (select count(*) from pg_class where relowner = r.oid)"
        " from pg_roles r where rolname = current_user"
    ).fetchone()
    assert row is not None
    name, *flags, owned = row
    names = ("is superuser", "bypasses the policies", "makes roles", "makes databases")
    wrong = [words for words, flag in zip(names, flags, strict=True) if flag]
    if owned:
        wrong.append(f"owns {owned} tables or indexes")
    if wrong:
        return bad("rights", f"{name} {', '.join(wrong)}", _SUPERUSER_ADVICE)
    return ok("rights", f"{name} is bound by the policies of every merchant")


def limits(connection: Connection) -> Finding:
    """Look whether a statement of the app is ever stopped (rule 26)."""
    row = connection.execute(
        "select current_setting('lock_timeout'), current_setting('statement_timeout')"
    ).fetchone()
    assert row is not None
    if "0" in row:
        return warn(
            "limits",
            f"lock_timeout {row[0]}, statement_timeout {row[1]}",
            f"alter role {APP} set lock_timeout = '3s'; likewise statement_timeout = '30s'",
        )
    return ok("limits", f"lock_timeout {row[0]}, statement_timeout {row[1]}")


def clock(connection: Connection) -> Finding:
    """Compare the clock of the database, which decides, with ours."""
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    skew = abs((datetime.now(UTC) - row[0]).total_seconds())
    found = f"differs by {skew:.2f} s from the database's"
    if skew > _SKEW_SECONDS:
        return warn("clock", found, "Synchronise the clocks (NTP): callbacks are refused by time.")
    return ok("clock", found)


def workers(connection: Connection, *, expected: bool) -> Finding:
    """Look whether somebody does the jobs, and whether any wait for long."""
    try:
        row = connection.execute(
            "select count(*) filter (where last_heartbeat > now() - make_interval(secs => %s)),"
            " (select count(*) from procrastinate_jobs j where status = 'todo'"
            "  and coalesce(scheduled_at, (select max(at) from procrastinate_events e"
            "               where e.job_id = j.id and e.type = 'deferred'), '-infinity')"
            "      < now() - interval '5 minutes')"
            " from procrastinate_workers",
            [_HEARTBEAT_SECONDS],
        ).fetchone()
    except psycopg.errors.UndefinedTable:
        connection.rollback()
        return warn("workers", "there are no tables of jobs yet", "Run kacang migrate.")
    assert row is not None
    alive, late = row
    if late and not expected:
        return ok("workers", f"{late} jobs wait for the next start")
    if late:
        return bad("workers", f"{late} jobs wait, {alive} workers live", "See the workers' logs.")
    if alive or not expected:
        return ok("workers", f"{alive} live, no job waits")
    return bad("workers", "none lives", "Start them: kacang up, or kacang worker.")
