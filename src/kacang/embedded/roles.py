"""The roles and the database that every Kacang expects."""

import secrets
from collections.abc import Mapping

import psycopg
from psycopg import sql

from kacang.embedded.places import Places, write_private

SUPERUSER = "postgres"
OWNER = "kacang_owner"
APP = "kacang_app"
BACKUP = "kacang_backup"
DATABASE = "kacang"

_PASSWORD_BYTES = 24

# Limits live with the role: behind a pooler nothing may be set per session.
_ROLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    OWNER: ("NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS", {"lock_timeout": "5s"}),
    APP: (
        "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
        {
            "lock_timeout": "3s",
            "statement_timeout": "30s",
            "idle_in_transaction_session_timeout": "60s",
        },
    ),
    BACKUP: (
        "NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS",
        {"default_transaction_read_only": "on"},
    ),
}


def new_password(places: Places, role: str) -> str:
    """Make a random password, keep it closed, and return it."""
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    write_private(places.password_file(role), password)
    return password


def provide(places: Places, *, superuser_dsn: str) -> None:
    """Bring roles and database to what this version expects; repeating changes nothing."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, (rights, limits) in _ROLES.items():
            _provide_role(connection, places, role)
            connection.execute(
                sql.SQL("alter role {} with login {}").format(
                    sql.Identifier(role),
                    sql.SQL(rights),
                )
            )
            for name, value in limits.items():
                connection.execute(
                    sql.SQL("alter role {} set {} = {}").format(
                        sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
                    )
                )
        connection.execute(sql.SQL("grant pg_read_all_data to {}").format(sql.Identifier(BACKUP)))
        _provide_database(connection, DATABASE)


def _provide_role(
    connection: psycopg.Connection[tuple[object, ...]], places: Places, role: str
) -> None:
    exists = connection.execute("select from pg_roles where rolname = %s", [role]).fetchone()
    if exists is None:
        connection.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
    elif places.password_file(role).exists():
        return
    # The server sees only the verifier, so that no log of its can hold the password.
    verifier = connection.pgconn.encrypt_password(
        new_password(places, role).encode(), role.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(
        sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
    )


def _provide_database(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    exists = connection.execute("select from pg_database where datname = %s", [database]).fetchone()
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    if exists is None:
        connection.execute(sql.SQL("create database {} owner {}").format(name, owner))
    connection.execute(sql.SQL("revoke all on database {} from public").format(name))
    for role, rights in ((APP, "connect, temporary"), (BACKUP, "connect")):
        connection.execute(
            sql.SQL("grant {} on database {} to {}").format(
                sql.SQL(rights),
                name,
                sql.Identifier(role),
            )
        )
