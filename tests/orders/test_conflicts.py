"""L1: what the database refuses because of somebody else is done again, and nobody notices."""

import ast
import re
import threading
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection

import kacang.orders
from kacang.merchants.retrying import TRIES, retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.models import Event, OrderState
from kacang.payments.models import NoticeOutcome
from tests import make
from tests.orders.looking import settle, sum_of, wait_for_a_waiter
from tests.threads import at_once

SOURCE = Path(kacang.orders.__file__).parent


def test_L1_a_deadlock_is_no_reason_to_keep_the_buyer_waiting(merchant, database):
    """Two transactions each hold what the other wants; the callback is the one that is ended."""
    made = make.sku(merchant)
    account = make.account(merchant)
    placed = make.order(made)
    notice = make.notice(placed)
    said: list[object] = []

    with (
        psycopg.connect(database.dsn("superuser"), autocommit=True) as watcher,
        psycopg.connect(database.dsn("superuser")) as held,
    ):
        # Whoever waited longest looks for the deadlock first; this one never does.
        held.execute("set deadlock_timeout = '60s'")
        held.execute(
            "select 1 from sale_order where merchant_id = %s and number = %s for update",
            [merchant, placed.number],
        )
        callback = threading.Thread(
            target=lambda: said.extend(at_once([lambda: settle(account, notice)]))
        )
        callback.start()
        wait_for_a_waiter(watcher, held.info.backend_pid)
        # The callback has stored its notice and waits for the order: wait for the notice in turn.
        held.execute(
            """insert into notice (merchant_id, account_id, notice_id, payment_number,
                   provider_number, amount_minor, currency, is_final, raw, received_at, outcome)
               values (%s, %s, %s, '', '', 1, 'CNY', false, '', now(), 3)""",
            [merchant, account.id, notice.notice_id],
        )
        held.rollback()
        callback.join(30)

    assert said == [NoticeOutcome.SETTLED]
    view = queries.order(merchant_id=merchant, number=placed.number)
    assert view.state == OrderState.DELIVERED
    assert sum_of(merchant, 1100) == 1999


def test_rule_10_the_clock_is_read_after_the_lock(merchant, database):
    """The time to pay ends while the callback waits for the order: its money is late."""
    made = make.sku(merchant)
    account = make.account(merchant)
    placed = make.order(made)
    notice = make.notice(placed)
    mine = [merchant, placed.number]

    with (
        psycopg.connect(database.dsn("superuser"), autocommit=True) as watcher,
        psycopg.connect(database.dsn("superuser")) as held,
    ):
        held.execute(
            "select 1 from sale_order where merchant_id = %s and number = %s for update", mine
        )
        callback = threading.Thread(target=at_once, args=([lambda: settle(account, notice)],))
        callback.start()
        wait_for_a_waiter(watcher, held.info.backend_pid)
        held.execute(
            "update sale_order set pay_by = clock_timestamp()"
            " where merchant_id = %s and number = %s",
            mine,
        )
        held.commit()
        callback.join(30)

    events = [e.event for e in queries.timeline(merchant_id=merchant, number=placed.number)]
    assert Event.LATE_PAYMENT in events
    assert Event.PAID not in events


class TestRetryConflicts:
    @pytest.fixture
    def refusals(self, merchant):
        """Fail so many times in the database with a given SQLSTATE; count the tries."""

        def make_one(times: int, code: str):
            tries: list[int] = []

            @retry_conflicts
            def operation() -> int:
                tries.append(1)
                with acting_as(merchant), connection.cursor() as cursor:
                    if len(tries) <= times:
                        cursor.execute(f"do $$ begin raise sqlstate '{code}'; end $$")
                return len(tries)

            return operation, tries

        return make_one

    @pytest.mark.parametrize("code", ["40P01", "55P03", "40001"])
    def test_goes_on_after_a_conflict(self, refusals, code):
        operation, _ = refusals(TRIES - 1, code)
        assert operation() == TRIES

    def test_gives_up_in_the_end(self, refusals):
        operation, tries = refusals(99, "40P01")
        with pytest.raises(OperationalError):
            operation()
        assert len(tries) == TRIES

    def test_repeats_nothing_else(self, refusals):
        operation, tries = refusals(99, "57014")  # cancelled: it took too long
        with pytest.raises(OperationalError):
            operation()
        assert len(tries) == 1

    def test_leaves_a_conflict_inside_a_transaction_to_its_owner(self, merchant, refusals):
        operation, tries = refusals(99, "40P01")
        with pytest.raises(OperationalError), acting_as(merchant):
            operation()
        assert len(tries) == 1


def test_L1_every_hot_transaction_is_tried_again():
    """What opens a transaction of the hot path is wrapped; a new one cannot be forgotten."""
    hot, bare = 0, []
    for file in set(SOURCE.rglob("*.py")) - {SOURCE / "queries.py"}:  # reading locks nothing
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or not re.search(
                r"\bhot=True", ast.unparse(node)
            ):
                continue
            hot += 1
            if "retry_conflicts" not in {ast.unparse(one) for one in node.decorator_list}:
                bare.append(f"{file.name}: {node.name}")
    assert hot > 4
    assert bare == []
