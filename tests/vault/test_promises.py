"""What others lean on: columns, indexes, and that no plaintext lies anywhere."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from kacang import jobs
from kacang.catalog.operations import Strategy
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql as orders_sql
from kacang.outbox import queries as outbox
from kacang.outbox import rotating
from kacang.vault import operations, queries
from kacang.vault.card_columns import PROMISED
from kacang.vault.finding import listing, searching
from kacang.vault.finding.selecting import narrowing
from tests.vault.conftest import ACTOR

CODES = [f"PLAIN-{number:03}-SECRET-{number * 7919:07}" for number in range(300)]
# Four characters that nothing else is made of: they would be seen.
ENDS = [chr(0x9F00 + number) + "鼅鼄Ж" for number in range(20)]
HIDDEN_NUMBERS = [f"HIDDEN-NUMBER-{end}" for end in ENDS]


class TestColumns:
    @pytest.mark.parametrize("table", PROMISED)
    def test_are_as_promised(self, table):
        with connection.cursor() as cursor:
            cursor.execute(
                "select column_name, data_type from information_schema.columns"
                " where table_name = %s::text",
                [table],
            )
            found = dict(cursor.fetchall())
        assert {name: found.get(name) for name in PROMISED[table]} == PROMISED[table]

    def test_statements_of_orders_name_no_other_column_of_a_card(self):
        others = {
            "fingerprint",
            "tail_print",
            "number",
            "number_mask",
            "number_sealed",
            "secret",
            "remark",
        }
        folder = Path(str(orders_sql.__file__)).parent
        for path in folder.glob("*.sql"):
            named = set(re.findall(r"\bc\.([a-z_]+)", path.read_text(encoding="utf-8")))
            assert not named & others, path.name


class TestPlaintext:
    def test_no_code_is_found_in_a_dump_of_everything(self, merchant, make, database):
        sku = make.sku(number_is_secret=True)
        lines = [*CODES[:280], *CODES[:5], ""]
        imported = make.imported(sku, "\n".join(lines).encode())
        make.imported(
            sku, "\n".join(f"{n}----{c}" for n, c in zip(HIDDEN_NUMBERS, CODES[280:], strict=True))
            .encode()
        )  # fmt: skip
        make.checked(sku, "\n".join(CODES).encode())
        make.file("\n".join(CODES).encode())
        operations.seal_lines(merchant_id=merchant, lines=CODES)
        generated = make.generated(sku, 100, "PLAIN-X{16}")
        made = [card.secret for card in make.opened(generated.result["batch"])]
        for end in ENDS:
            page = operations.search_cards(merchant_id=merchant, actor=ACTOR, text=end)
            assert len(page.items) == 1
        assert imported.result["stocked"] == 280
        phrase = operations.new_passphrase()
        zipped = self.exported(merchant, sku, phrase)
        rotating.start_rotation(merchant_id=merchant, actor=ACTOR, reason="test")
        (rotation,) = outbox.works(merchant_id=merchant, kinds=(rotating.KIND,))
        rotating.run_rotation(merchant_id=merchant, work_uid=rotation.uid, tables=jobs.SEALED)

        dump = self.dump(database)

        assert b"card_movement" in dump
        assert str(imported.result["batch"]).encode() in dump
        assert phrase.encode() not in dump
        for code in (*CODES, *HIDDEN_NUMBERS, *ENDS, *made):
            assert code.encode() not in dump
            assert code.encode().hex().encode() not in dump
            assert code.encode() not in zipped
        works = outbox.works(merchant_id=merchant)
        told = json.dumps([[dict(work.arguments), dict(work.result)] for work in works])
        assert not any(code in told for code in CODES)

    def exported(self, merchant: int, sku: str, phrase: str) -> bytes:
        uid = operations.export_cards(
            merchant_id=merchant,
            actor=ACTOR,
            request=operations.ExportRequest(reason="test", sku_uid=sku),
        )
        operations.run_export(merchant_id=merchant, work_uid=uid)
        pieces = operations.fetch_export(
            merchant_id=merchant, actor=ACTOR, uid=uid, passphrase=phrase
        )
        return b"".join(pieces)

    def dump(self, database: Any) -> bytes:
        with psycopg.connect(database.dsn("superuser")) as admin:
            (folder,) = admin.execute(
                "select setting from pg_config where name = 'BINDIR'"
            ).fetchone() or ("",)
        done = subprocess.run(
            [str(Path(folder) / "pg_dump"), database.dsn("superuser")],
            check=True,
            capture_output=True,
        )
        return done.stdout


class TestPlans:
    def plan(self, merchant: int, sql: str, values: dict[str, Any]) -> str:
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("set local enable_seqscan = on")
            cursor.execute("explain " + sql, {"merchant": merchant, **values})
            return "\n".join(row[0] for row in cursor.fetchall())

    def extent(self, merchant: int, batch_uid: str) -> dict[str, Any]:
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select id, first_card_id, last_card_id from batch"
                " where merchant_id = %s::bigint and uid = %s::text",
                [merchant, batch_uid],
            )
            return dict(zip(("batch", "first", "last"), cursor.fetchone(), strict=True))

    def test_rule_16_counts_searches_and_lists_use_indexes(self, merchant, make, database):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, [f"K{number:08}----P-{number}" for number in range(20_000)])
        for _ in range(30):
            make.imported(sku, [f"Q-{_}-{number}" for number in range(20)])
        with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
            owner.execute("analyze card; analyze card_movement; analyze batch")
        card = make.cards(batch.result["batch"])[0]
        sku_id = make.sku_id(sku)

        plans = {
            "by fingerprint": self.plan(
                merchant,
                "select id from card where merchant_id = %(merchant)s::bigint"
                " and fingerprint = any(%(prints)s::bytea[])",
                {"prints": [b"0" * 16, b"1" * 16]},
            ),
            "choices": self.plan(
                merchant,
                "select id from card where merchant_id = %(merchant)s::bigint and sku_id ="
                " %(sku)s::bigint and pool_id = 0 and state = 0 and not is_loop and pick_key > 5"
                " and number_mask is not null order by pick_key limit 50",
                {"sku": sku_id},
            ),
            "of a batch": self.plan(
                merchant,
                "select id from card where merchant_id = %(merchant)s::bigint and batch_id ="
                " %(batch)s::bigint and id >= %(first)s::bigint and id <= %(last)s::bigint"
                " order by id limit 51",
                self.extent(merchant, batch.result["batch"]),
            ),
            "by end of number": self.plan(
                merchant,
                searching.NEXT,
                {
                    **narrowing(merchant, queries.CardFilter()),
                    "tail": 5,
                    "after": 7,
                    "most": 51,
                },
            ),
            "expired": self.plan(
                merchant,
                "select id from card where merchant_id = %(merchant)s::bigint and state = 0"
                " and expires_at <= clock_timestamp() order by expires_at limit 1000",
                {},
            ),
        }

        for name, plan in plans.items():
            assert "Seq Scan on card" not in plan, (name, plan)
            assert "Sort" not in plan, (name, plan)
        assert listing.find_cards(merchant_id=merchant, code="K00000000----P-0")[0].uid == card.uid


class TestL12:
    def test_L12_twenty_thousand_cards_are_one_job(self, merchant, make):
        sku = make.sku()

        work = make.imported(sku, "\n".join(f"L12-{n:06}" for n in range(20_000)).encode())

        assert work.result["stocked"] == 20_000
        assert make.level(sku).available == 20_000
        page = queries.cards_of_batch(
            merchant_id=merchant, batch_uid=work.result["batch"], limit=200
        )
        assert len(page.items) == 200
        revealed = operations.reveal(
            merchant_id=merchant, card_uids=[page.items[7].uid], actor=ACTOR, reason="x"
        )
        assert [card.secret for card in revealed] == ["L12-000007"]
