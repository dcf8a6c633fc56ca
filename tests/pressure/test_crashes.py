"""Killed under load, started again: what was acknowledged is there, and no secret is in the open.

One installation for all: the parts are killed one after the other while buyers go on buying.
"""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from kacang.cli.folder import existing
from kacang.cli.installation import environment_of
from kacang.embedded import APP, SUPERUSER, EmbeddedCluster
from kacang.embedded.binaries import wheel_binaries
from tests.cli.running import Up, clean_environment, descendants, remove, start, wait_until
from tests.pressure.buyers import Crowd, Shop
from tests.pressure.handling import in_installation
from tests.pressure.searching import files_with, forms_of

pytestmark = pytest.mark.slow

CODES = 3000


@dataclass
class Installation:
    up: Up
    shop: Shop
    sku: str
    common: str

    def superuser(self) -> psycopg.Connection:
        cluster = EmbeddedCluster(self.up.data / "postgres")
        return psycopg.connect(cluster.dsn("postgres"), autocommit=True)

    def is_answering(self) -> bool:
        return self.up.get("/readyz")[0] == 200

    def part(self, words: str) -> int:
        return self.up.part(words)

    def web_worker(self) -> int:
        """One of the processes that answer requests: children of the server's own."""
        below = descendants(self.part("main web"))
        found = [number for number, line in below.items() if "resource_tracker" not in line]
        assert found, below
        return found[-1]

    def kill(self, number: int) -> None:
        """End a process without a word, and wait until the shop answers again."""
        os.kill(number, signal.SIGKILL)
        time.sleep(0.5)
        wait_until(self.is_answering, 60)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("pressure") / "data"
    up = start(data, "--demo")
    try:
        facts = up.ready()
        sandbox = facts["sandbox"]
        shop = Shop(facts["base_url"], facts["api_key"], sandbox["account_id"], sandbox["secret"])
        sku = facts["skus"][0]["id"]
        common = f"SHOP{secrets.token_hex(8).upper()}"
        codes = [f"{common}{secrets.token_hex(12).upper()}" for _ in range(CODES)]
        shop.stock(sku, codes)
        yield Installation(up, shop, sku, common)
        up.stop()
    finally:
        if up.process.poll() is None:
            up.process.kill()
        remove(data)


class TestKilledUnderLoad:
    def test_keeps_every_promise(self, installation):
        with Crowd(installation.shop, installation.sku) as crowd:
            time.sleep(2)
            installation.kill(installation.web_worker())
            time.sleep(1)
            installation.kill(installation.part("--queue money"))
            time.sleep(1)
            installation.kill(installation.part("bin/postgres"))
            time.sleep(2)

        assert crowd.surprises == []
        assert len(crowd.acknowledged) > 20
        assert sorted(crowd.placed) == sorted(crowd.acknowledged)
        with installation.superuser() as database:
            self._delivered_or_waiting(database, crowd.acknowledged)
            self._no_card_twice(database)
            self._books_agree(database)

    def _delivered_or_waiting(self, database: psycopg.Connection, numbers: list[str]) -> None:
        def still() -> int:
            ((count,),) = database.execute(
                """select count(*) from sale_order o
                   where o.number = any(%s) and o.state not in (4, 5, 9)
                     and not exists (
                         select from payment p join notice n
                             on n.merchant_id = p.merchant_id and n.payment_number = p.number
                         where p.merchant_id = o.merchant_id and p.order_id = o.id
                           and n.acted_at is null)""",
                [numbers],
            ).fetchall()
            return int(count)

        wait_until(lambda: still() == 0, 30)
        ((known,),) = database.execute(
            "select count(*) from sale_order where number = any(%s)", [numbers]
        ).fetchall()
        assert known == len(numbers)

    def _no_card_twice(self, database: psycopg.Connection) -> None:
        rows = database.execute(
            """select card_id from allocation where exclusive and released_at is null
               group by merchant_id, card_id having count(*) > 1"""
        ).fetchall()
        assert rows == []
        ((wrong,),) = database.execute(
            """select count(*) from card c
               where (c.state = 2) <> exists (
                   select from allocation a where a.merchant_id = c.merchant_id
                     and a.card_id = c.id and a.delivered_at is not null and a.released_at is null)
                 and not c.is_loop"""
        ).fetchall()
        assert wrong == 0

    def _books_agree(self, database: psycopg.Connection) -> None:
        # A notice that was only stored in the crash has its receipt, and is booked by a job.
        waiting = "select count(*) from notice where acted_at is null"
        wait_until(lambda: database.execute(waiting).fetchall() == [(0,)], 60)
        rows = database.execute(
            """select merchant_id, coalesce(t.minor, 0), coalesce(r.minor, 0) from
                 (select merchant_id, sum(amount_minor) as minor from transfer
                  where debit = 1100 group by 1) t
               full join (select merchant_id, sum(amount_minor) as minor from receipt group by 1) r
                 using (merchant_id)
               where t.minor is distinct from r.minor"""
        ).fetchall()
        assert rows == []
        ((differs,),) = database.execute(
            """with counted as (
                   select sku_id, state, count(*) as cards from card
                   where not is_loop group by 1, 2),
               moved as (
                   select sku_id, state, sum(cards) as cards from (
                       select sku_id, to_state as state, cards from card_movement
                       where to_state is not null
                       union all
                       select sku_id, from_state, -cards from card_movement
                       where from_state is not null) m group by 1, 2)
               select count(*) from counted full join moved using (sku_id, state)
               where coalesce(counted.cards, 0) <> coalesce(moved.cards, 0)"""
        ).fetchall()
        assert differs == 0


class TestPlaintext:
    """No code in the data folder, the log of writes, logs, a dump, exports or rows of jobs."""

    def test_no_code_is_found_anywhere(self, installation, tmp_path):
        # Known once more by what they all begin with: a code, a secret number, a file's name.
        mark = f"PL{secrets.token_hex(8).upper()}"
        with Crowd(installation.shop, installation.sku):
            time.sleep(2)
        told = in_installation(self._environment(installation), mark, tmp_path / "export.zip")
        with installation.superuser() as database:
            database.execute("checkpoint")
            database.execute("select pg_switch_wal()")
        self._dump(installation, tmp_path / "dump.sql")

        places = [installation.up.data, self._cluster_home(installation), tmp_path]
        places.append(installation.up.said)
        found = {text: files_with(text, places) for text in (mark, installation.common)}

        assert found == {mark: [], installation.common: []}
        assert told["stocked"] == [300, 5, 200]
        assert told["again"] == {"duplicate_in_file": 1, "duplicate_in_vault": 300}
        assert (told["exported"], told["undone"]) == (300, 5)
        # All numbers, codes, files and their names, of both SKUs and of the shop's own cards.
        assert told["sealed"] > 2 * (300 + 200) + 2 * 5 + CODES

    @pytest.mark.parametrize("form", range(len(forms_of("x"))))
    def test_the_search_finds_every_form(self, tmp_path, form):
        (tmp_path / "other").write_bytes(b"nothing here")
        (tmp_path / "bait").write_bytes(os.urandom(5000) + forms_of("PLAIN")[form] + b"\0x")

        assert files_with("PLAIN", [tmp_path]) == [str(tmp_path / "bait")]

    def _environment(self, installation: Installation) -> dict[str, str]:
        folder = existing(installation.up.data)
        url = EmbeddedCluster(installation.up.data / "postgres").dsn(APP)
        return {**clean_environment(), **environment_of(folder, database_url=url)}

    def _cluster_home(self, installation: Installation) -> Path:
        with installation.superuser() as database:
            ((home,),) = database.execute("show data_directory").fetchall()
        return Path(home)

    def _dump(self, installation: Installation, target: Path) -> None:
        dsn = EmbeddedCluster(installation.up.data / "postgres").dsn(SUPERUSER)
        subprocess.run(
            [wheel_binaries().program("pg_dump"), "--dbname", dsn, "--file", target], check=True
        )
        assert target.stat().st_size > 100_000
