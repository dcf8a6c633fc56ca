"""Rule 16: lists of the log find their rows by index, as the app's role, under the policy."""

import re

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.merchants import operations, queries
from kacang.merchants.queries import AuditFilter
from kacang.merchants.tenancy import acting_as

ROWS = 20_000


@pytest.fixture(scope="module")
def filled(database):
    """Two merchants with long logs, as numbers that exist nowhere else."""
    mine, theirs = 910_001, 910_002
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        for merchant_id in (mine, theirs):
            owner.execute(
                "insert into audit_entry (merchant_id, actor_kind, actor_label, action, object_uid,"
                " address) select %s, 'user', 'u' || n %% 40, 'act.' || n %% 30, 'x' || n,"
                " case when n %% 2 = 0 then '' else '192.0.2.' || n %% 200 end"
                " from generate_series(1, %s) n",
                [merchant_id, ROWS],
            )
        owner.execute("analyze audit_entry")
    return mine


def plans_of(merchant_id, ask):
    """Run `ask` and return how each of its selects is planned."""
    with CaptureQueriesContext(connection) as seen:
        ask()
    statements = [
        q["sql"] for q in seen if q["sql"].lstrip().upper().startswith(("SELECT", "WITH"))
    ]
    assert statements
    plans = []
    for statement in statements:
        with acting_as(merchant_id), connection.cursor() as cursor:
            cursor.execute("explain " + statement.replace("%", "%%"))
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
    return plans


@pytest.mark.parametrize(
    "where",
    [
        AuditFilter(),
        AuditFilter(actor="u7"),
        AuditFilter(action="act.3"),
        AuditFilter(object_uid="x17"),
        AuditFilter(address="192.0.2.7"),
    ],
    ids=["all", "actor", "action", "object", "address"],
)
def test_each_page_of_the_log_is_found_by_index(filled, where):
    for plan in plans_of(
        filled, lambda: queries.audit_page(merchant_id=filled, where=where, cursor="9999999")
    ):
        # Empty partitions of months to come cost nothing, whatever reads them.
        big = [line for line in plan.splitlines() if re.search(r"rows=\d{3,}", line)]
        assert not any("Seq Scan" in line for line in big), plan
        # "Sort Key" alone is the merging of months that are in order already.
        assert (
            where.object_uid
            or where.address
            or not re.search(r"^\s*(->\s+)?(Incremental )?Sort  \(", plan, re.MULTILINE)
        ), plan


def test_the_list_of_actions_hops(filled):
    (plan,) = plans_of(filled, lambda: queries.audit_actions(merchant_id=filled))
    assert "Index Only Scan" in plan, plan
    assert len(queries.audit_actions(merchant_id=filled)) == 30


def test_rows_to_seal_are_found_by_index(filled):
    head = operations.seals._Head(filled, "audit", 1, 0, 0, 5, b"")

    def ask():
        with acting_as(filled):
            operations.seals._read(head)

    for plan in plans_of(filled, ask):
        assert "_merchant_id_xid_idx" in plan, plan
