"""E2: an upgrade runs beside sales: what it builds on big tables locks none of them."""

import re
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.apps import apps
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

from kacang.cli.inside import database as tables
from tests.database import Database

BIG = (
    "sale_order|order_line|order_unit|payment|receipt|notice|card|allocation|transfer|timeline"
    "|movement|audit_entry|message|outbox"
)
# The last step of each package in the first version: no database with sales is older than it.
FIRST = {
    "aftersales": 3, "catalog": 7, "customers": 3, "ledger": 5, "logistics": 3, "merchants": 8,
    "messages": 8, "orders": 26, "outbox": 3, "payments": 14, "payouts": 1, "reconciliation": 1,
    "reviews": 1, "risk": 2, "stock": 3, "supply": 2, "vault": 14, "wallets": 3,
}  # fmt: skip
LOCKS = {
    "an index is built by `create index concurrently if not exists`": re.compile(
        rf"create (?:unique )?index (?!concurrently if not exists )[^;]*? on (?:only )?(?:{BIG})\b"
    ),
    "an index goes by `drop index concurrently if exists`": re.compile(
        r"drop index concurrently (?!if exists )"
    ),
    "a constraint is added `not valid`, then validated": re.compile(
        rf"alter table (?:{BIG}) add constraint [^;]*(?<! not valid)(?:;|$)"
    ),
}


def statements(operations) -> Iterator[str]:
    """What operations do to tables, as SQL in one line each, or as something like it."""
    for one in operations:
        if isinstance(one, migrations.SeparateDatabaseAndState):
            yield from statements(one.database_operations)
        elif isinstance(one, migrations.RunSQL):
            for text in [one.sql] if isinstance(one.sql, str) else one.sql:
                bare = re.sub(r"--[^\n]*", "", str(text))
                yield from (" ".join(part.split()).lower() for part in bare.split(";"))
        elif isinstance(one, migrations.AddIndex | migrations.AddConstraint):
            what = "index" if isinstance(one, migrations.AddIndex) else "constraint"
            yield f"add {what} {one.model_name}"


def package_of(step: migrations.Migration) -> str:
    """The package that a step is of; "" for one of somebody else's."""
    found = re.match(r"kacang\.(\w+)\.migrations\.", step.__module__)
    return found[1] if found else ""


def later() -> list[migrations.Migration]:
    """The steps that come after the first version."""
    loader = MigrationLoader(connection)
    return [
        step
        for (_label, name), step in loader.disk_migrations.items()
        if int(name[:4]) > FIRST.get(package_of(step), 0) and package_of(step)
    ]


def faults_of(step: migrations.Migration) -> set[str]:
    big = {model._meta.model_name for model in apps.get_models() if is_big(model._meta.db_table)}
    found = set()
    for text in statements(step.operations):
        found |= {rule for rule, locks in LOCKS.items() if locks.search(text)}
        if re.fullmatch("add (index|constraint) (.*)", text) and text.split()[-1] in big:
            found.add("indexes and constraints of big tables are written in SQL")
        if " concurrently " in text and step.atomic:
            found.add("what is built concurrently has `atomic = False`")
    return found


def is_big(table: str) -> bool:
    return bool(re.fullmatch(BIG, table))


def test_E2_no_step_after_the_first_version_locks_a_table_that_sells():
    assert {step: faults_of(step) for step in later() if faults_of(step)} == {}


def a_step(*sql: str, atomic: bool = True) -> migrations.Migration:
    held = {"operations": [migrations.RunSQL(list(sql))], "atomic": atomic}
    step: migrations.Migration = type("Step", (migrations.Migration,), held)("0999_x", "orders")
    return step


@pytest.mark.parametrize("sql", [
    "create index a on sale_order (id)",
    "create unique index concurrently a on card (id)",
    "create index concurrently if not exists a on card (id)",
    "alter table payment add constraint a check (id > 0)",
    "drop index concurrently if exists a",
])  # fmt: skip
def test_the_walk_does_look(sql):
    assert faults_of(a_step(sql))


def test_what_locks_nothing_passes():
    step = a_step(
        "create index concurrently if not exists a on sale_order (id) where x",
        "create index b on saved_view (id)",
        "alter table payment add constraint a check (id > 0) not valid",
        "alter table payment validate constraint a",
        "drop index concurrently if exists a",
        atomic=False,
    )
    assert faults_of(step) == set()


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """A table of the owner's with a pair of equal rows; Django acts as the owner meanwhile."""
    connection.close()
    connection.settings_dict.update(database.django("kacang_owner"))
    with psycopg.connect(database.url("kacang_owner"), autocommit=True) as made:
        made.execute("create table probe (x int); insert into probe values (1), (1)")
        yield made
        made.execute("drop table probe")
    connection.close()
    connection.settings_dict.update(database.django("kacang_app"))


def test_E2_what_a_broken_build_left_goes_before_the_next_try(owner):
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("create unique index concurrently if not exists probe_x on probe (x)")
    owner.execute("create index probe_good on probe (x)")

    assert tables.drop_broken_indexes() == ["probe_x"]

    left = owner.execute("select indexname from pg_indexes where tablename = 'probe'").fetchall()
    assert left == [("probe_good",)]


def test_E2_one_that_is_being_built_is_left_alone(owner, database):
    building = "select indisvalid from pg_index where indexrelid = to_regclass('probe_now')"
    with psycopg.connect(database.url("kacang_owner")) as sale:
        # A build waits for whoever writes to its table.
        sale.execute("insert into probe values (2)")

        def build() -> None:
            with psycopg.connect(database.url("kacang_owner"), autocommit=True) as other:
                other.execute("create index concurrently if not exists probe_now on probe (x)")

        builder = threading.Thread(target=build)
        builder.start()
        until = time.monotonic() + 30
        while owner.execute(building).fetchone() != (False,) and time.monotonic() < until:
            time.sleep(0.01)

        assert owner.execute(building).fetchone() == (False,)
        assert tables.drop_broken_indexes() == []
        sale.commit()
    builder.join()

    assert owner.execute(building).fetchone() == (True,)
