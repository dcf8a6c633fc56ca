"""Tables that a newer version has brought further are left alone (E1)."""

from collections.abc import Iterator

import psycopg
import pytest

from kacang.cli.errors import CommandProblem
from kacang.cli.inside import database as tables
from tests.database import Database


@pytest.fixture
def from_the_future(database: Database) -> Iterator[None]:
    """What a later version would leave in the record of migrations."""
    with psycopg.connect(database.url("kacang_owner"), autocommit=True) as owner:
        owner.execute(
            "insert into django_migrations (app, name, applied) values"
            " ('orders', '9901_returns', now()), ('somebody', '9901_else', now()),"
            " ('orders', '0001_before_it_was_merged', now())"
        )
        yield
        owner.execute("delete from django_migrations where name ~ '^9901_|_merged$'")


def test_our_own_are_not_newer(database: Database) -> None:
    assert tables.newer() == []


@pytest.mark.usefixtures("from_the_future")
def test_what_we_do_not_know_is_named_and_nothing_is_done() -> None:
    assert tables.newer() == ["orders 9901_returns"]

    with pytest.raises(CommandProblem, match=r"of a newer Kacang \(orders 9901_returns\)"):
        tables.migrate(verbosity=0)
