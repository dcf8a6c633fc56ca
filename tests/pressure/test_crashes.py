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

from kacang.embedded import EmbeddedCluster
from tests.cli.running import Up, descendants, remove, start, wait_until
from tests.pressure.buyers import Crowd, Shop

pytestmark = pytest.mark.slow

CODES = 3000


@dataclass
class Installation:
    up: Up
    shop: Shop
    sku: str
    codes: list[str]

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
        codes = [f"PLAIN{secrets.token_hex(12).upper()}" for _ in range(CODES)]
        shop.stock(sku, codes)
        yield Installation(up, shop, sku, codes)
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
    """No code in the data folder, the log of writes, the logs, a dump or the rows of jobs."""

    def test_no_code_is_found_anywhere(self, installation, tmp_path):
        with Crowd(installation.shop, installation.sku):
            time.sleep(2)
        with installation.superuser() as database:
            database.execute("checkpoint")
            database.execute("select pg_switch_wal()")

        folders = [installation.up.data, self._cluster_home(installation)]
        dump = tmp_path / "dump.sql"
        self._dump(installation, dump)
        found = [name for folder in [*folders, tmp_path] for name in self._search(folder)]

        assert found == []
        # The search itself works: a file with a code is found.
        (tmp_path / "bait").write_text(f"x{installation.codes[7]}x")
        assert self._search(tmp_path) == [str(tmp_path / "bait")]

    def _search(self, folder: Path) -> list[str]:
        # All codes begin so, and nothing else does; in UTF-16 and hexadecimal too.
        plain = "PLAIN"
        hexadecimal = plain.encode().hex()
        done = subprocess.run(
            ["grep", "-rlaE", f"{plain}[0-9A-F]{{24}}|{hexadecimal}(3[0-9]|4[1-6]){{24}}", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.split()

    def _cluster_home(self, installation: Installation) -> Path:
        with installation.superuser() as database:
            ((home,),) = database.execute("show data_directory").fetchall()
        return Path(home)

    def _dump(self, installation: Installation, target: Path) -> None:
        with installation.superuser() as database, target.open("wb") as out:
            tables = database.execute(
                "select tablename from pg_tables where schemaname = 'public'"
            ).fetchall()
            for (table,) in tables:
                with database.cursor().copy(
                    f'copy (select * from public."{table}") to stdout'
                ) as copy:
                    for part in copy:
                        out.write(part)
        assert target.stat().st_size > 100_000
