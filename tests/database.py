"""A database of its own for one test session, on a cluster that is thrown away.

`python -m tests.database` makes the tables once, in the database that KACANG_TEST_TEMPLATE names:
sessions that are given its name begin with a copy. Without, each makes them itself.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import django
import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kacang.embedded import throw_away

# The cluster is reached from this machine only and ends with the session.
PASSWORD = "only-for-tests"
ROLES = {
    "kacang_owner": "login",
    "kacang_app": "login",
    "kacang_backup": "login bypassrls",
}
TEMPLATE = "KACANG_TEST_TEMPLATE"
LIMITS = ("lock_timeout = '3s'", "statement_timeout = '30s'")


@dataclass(frozen=True)
class Database:
    """One database, as each of the roles reaches it."""

    superuser: str
    name: str

    def dsn(self, role: str = "kacang_app") -> str:
        """The connection string of one role, or of the superuser."""
        if role == "superuser":
            return make_conninfo(self.superuser, dbname=self.name)
        return make_conninfo(self.superuser, dbname=self.name, user=role, password=PASSWORD)

    def url(self, role: str = "kacang_app") -> str:
        """The same for `DATABASE_URL`: libpq's own key=value form."""
        return self.dsn(role)

    def django(self, role: str) -> dict[str, str]:
        """The same as Django's settings name it."""
        parts = conninfo_to_dict(self.dsn(role))
        return {
            "NAME": self.name,
            "USER": role,
            "PASSWORD": PASSWORD,
            "HOST": str(parts.get("host", "")),
            "PORT": str(parts.get("port", "")),
        }


@contextmanager
def a_cluster() -> Iterator[str]:
    """Yield a superuser's connection string: the cluster we were given, or one of our own."""
    if given := os.environ.get("KACANG_TEST_CLUSTER"):
        yield given
        return
    with throw_away() as cluster:
        yield cluster.dsn("postgres", database="postgres")


@contextmanager
def a_database() -> Iterator[Database]:
    """Make a database with all tables, owned by kacang_owner, and drop it afterwards."""
    template = os.environ.get(TEMPLATE)
    name = f"kacang_test_{secrets.token_hex(6)}"
    with a_cluster() as superuser:
        with psycopg.connect(superuser, autocommit=True) as admin:
            _make_roles(admin)
            copied = f"template {template}" if template else ""
            admin.execute(f"create database {name} owner kacang_owner {copied}")
        made = Database(superuser, name)
        try:
            if not template:
                migrate(made)
            yield made
        finally:
            with psycopg.connect(superuser, autocommit=True) as admin:
                admin.execute(f"drop database {name} with (force)")


def migrate(made: Database) -> None:
    """Make all tables as their owner, by a connection that is closed again."""
    connection.settings_dict.update(made.django("kacang_owner"))
    call_command("migrate", verbosity=0)
    connection.close()


def _make_template() -> None:
    name = os.environ[TEMPLATE]
    with a_cluster() as superuser:
        with psycopg.connect(superuser, autocommit=True) as admin:
            _make_roles(admin)
            admin.execute(f"create database {name} owner kacang_owner")
        migrate(Database(superuser, name))


def _make_roles(admin: psycopg.Connection) -> None:
    # Sessions side by side share a cluster: one at a time changes its roles.
    admin.execute("select pg_advisory_lock(7151)")
    for role, rights in ROLES.items():
        known = admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
        verb = "alter" if known else "create"
        admin.execute(f"{verb} role {role} {rights} password '{PASSWORD}'")
    for limit in LIMITS:
        admin.execute(f"alter role kacang_app set {limit}")
    admin.execute("select pg_advisory_unlock(7151)")


if __name__ == "__main__":
    django.setup()
    _make_template()
