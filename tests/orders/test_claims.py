"""Rules 3 and 7: how cards are claimed, and where the search for them begins."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

import kacang
from kacang.catalog.models import Strategy
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.payments import queries as payments
from kacang.vault import operations as vault
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import holding_back, settle, time_shifted

SOURCE = Path(kacang.__file__).parent
STATEMENTS = sorted((SOURCE / "orders" / "sql").glob("*.sql"))


def run(merchant: int, sql: str) -> list[tuple[int, ...]]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def parts(text: str) -> Iterator[tuple[str, str, str]]:
    """Each named part of a statement: its name, whether it is materialized, what it says."""
    for found in re.finditer(r"^(?:with )?(\w+) as (materialized )?\($", text, re.MULTILINE):
        body = text[found.end() :]
        yield found[1], found[2] or "", re.split(r"^\)", body, maxsplit=1, flags=re.MULTILINE)[0]


class TestLocks:
    def test_rule_3_a_card_that_is_just_referred_to_can_be_sold(self, merchant, database, settings):
        """Checks of foreign keys hold a lock on the card; a sale must not go round it."""
        made = make.sku(merchant, cards=3)
        account = make.account(merchant)
        look = f"select id from card where merchant_id = {merchant} for key share"
        with holding_back(database, merchant, look):
            first = make.order(made, 2)
            make.order(made, 1)
            with time_shifted(settings, 3600):  # those of the first are overdue, and taken
                late = make.order(made, 2)
            settle(account, make.notice(late))
            settle(account, make.notice(first))

        assert make.card_states(made)[CardState.SOLD] >= 2

    @pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
    def test_rule_3_no_lock_is_stronger_and_none_is_taken_twice(self, path):
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))

        assert re.search(r"\bfor (update|share)\b", text) is None
        locking = [(name, how) for name, how, body in parts(text) if "for no key update" in body]
        assert [name for name, how in locking if not how] == []
        assert len(re.findall("for no key update", text)) >= len(locking)

    def test_rule_3_whoever_skips_what_is_locked_locks_no_keys(self):
        lines = [
            (path.name, line.strip())
            for room in ("orders", "vault")
            for path in sorted((SOURCE / room).rglob("*"))
            if path.suffix in {".py", ".sql"}
            for line in path.read_text(encoding="utf-8").splitlines()
            if re.search(r"\bfor (no key )?update\b.*skip locked", line)
        ]
        assert len(lines) > 4
        assert [line for line in lines if "for no key update" not in line[1]] == []


class TestMark:
    @pytest.fixture
    def made(self, merchant):
        made = make.sku(merchant, cards=6, strategy=Strategy.FIRST_IN)
        make.account(merchant)
        vault.move_marks(merchant_id=merchant)
        return made

    def reserved(self, made: make.Stocked) -> list[int]:
        return [
            key
            for (key,) in run(
                made.merchant_id, "select pick_key from card where state = 1 order by pick_key"
            )
        ]

    def test_rule_7_the_search_begins_at_the_mark(self, merchant, made):
        run(merchant, "update pick_mark set pick_key = 4")

        make.order(made, 2)

        assert self.reserved(made) == [4, 5]

    def test_rule_7_so_does_that_of_a_late_payment(self, merchant, made):
        account = payments.account_for(merchant_id=merchant, provider="sandbox")
        placed = make.order(made, 1)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        run(merchant, "update pick_mark set pick_key = 5")

        settle(account, make.notice(placed))

        assert run(merchant, "select pick_key from card where state = 2") == [(5,)]

    def test_rule_7_nothing_above_the_mark_is_looked_for_once_from_the_start(self, merchant, made):
        run(merchant, "update pick_mark set pick_key = 6")

        make.order(made, 4)

        assert self.reserved(made) == [1, 2, 3, 6]

    def test_rule_7_a_card_given_back_below_the_mark_lowers_it(self, merchant, made):
        placed = make.order(made, 2)
        assert self.reserved(made) == [1, 2]
        run(merchant, "update pick_mark set pick_key = 5")

        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)

        assert run(merchant, "select pick_key from pick_mark") == [(1,)]
        make.order(made, 1)
        assert self.reserved(made) == [1]
