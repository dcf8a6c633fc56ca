"""How fast a company's bill is set beside our books, against the least that it can take (F2).

A bill of WeChat Pay with many rows, packed as it is downloaded, is given to the job that reads
bills. The books have a receipt for each row but a few: some of the rows are lost callbacks, some
have another amount, some receipts are in no bill. The least is reading the same file to its end
and loading as many rows into the same table with the same indexes, the way that tables with
policies take bulk: binary COPY into a temporary table, then one insert. Both in turn.

    python -m bench.reconcile [--json] [--quick] [--rounds N] [--rows N]
"""

import argparse
import gzip
import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import psycopg

from bench import report
from bench.installation import Installation, installation
from bench.jobs import JobDone, follow_job
from bench.load import percentile
from bench.stock import Shop, open_shop
from kacang.embedded import APP
from kacang.merchants.audit import SYSTEM
from kacang.outbox import files
from kacang.payments import operations as payments
from kacang.payments.accounts import finding
from kacang.payments.companies import registry
from kacang.payments.operations import NewAccount
from kacang.payments.ports import AccountInfo
from kacang.reconciliation import operations, queries
from kacang.reconciliation.queries import DifferenceKind
from simulators.payments.wechatpay.bill import COLUMNS, SUMS
from simulators.payments.wechatpay.keys import account_of, new_keys

ZONE = ZoneInfo("Asia/Shanghai")
FEN = 1999
# Of so many rows one is lost, one dearer; of so many receipts one is in no bill.
LOST, DEARER, MISSING = 1000, 1001, 1003
WORKER_MEGABYTES = 300
TIMES_MOST = 3.0
_LOADED = (
    "line, what, is_done, provider_number, payment_number, refund_number, currency, amount_minor,"
    " fee_minor, at"
)


@dataclass(frozen=True)
class Least:
    """The seconds of the two things that cannot be left out."""

    read: float
    load: float

    @property
    def seconds(self) -> float:
        """Both."""
        return self.read + self.load


@dataclass(frozen=True)
class World:
    """A shop with an account, a day of trade, and its bill."""

    made: Installation
    shop: Shop
    account: AccountInfo
    day: date
    bill: bytes
    rows: int


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when every difference was found and no other."""
    parser = argparse.ArgumentParser(prog="reconcile", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args(words)
    rounds, rows = (1, 4_000) if asked.quick else (asked.rounds, asked.rows)
    least: list[Least] = []
    jobs: list[JobDone] = []
    with installation() as made:
        made.start("worker", "--queue", "bulk")
        world = _world(made, rows)
        for number in range(rounds):
            report.say(f"round {number + 1} of {rounds}: {rows:,} rows")
            made.settle_down()
            least.append(_least(world))
            made.settle_down()
            jobs.append(_job(world))
        wrong = _wrong(world)
    return _tell(least, jobs, rows, wrong, as_json=asked.json)


def _world(made: Installation, rows: int) -> World:
    shop = open_shop()
    keys = new_keys()
    needed = account_of(keys, "https://api.mch.weixin.qq.com")
    new = NewAccount("wechatpay", "微信", secrets=needed["secrets"], options=needed["options"])
    uid = payments.create_account(merchant_id=shop.merchant_id, account=new).uid
    account = finding.account_of_merchant(merchant_id=shop.merchant_id, uid=uid)
    day = (datetime.now(ZONE) - timedelta(days=1)).date()
    report.say(f"trading {rows:,} times")
    _receipts(made, shop, account, day, rows)
    head, *_ = (COLUMNS, SUMS)
    packed = io.BytesIO()
    with gzip.open(packed, "wt", encoding="utf-8-sig", newline="", compresslevel=6) as text:
        text.write(f"{head}\r\n")
        text.writelines(_lines(keys, day, rows))
        text.write(f"{SUMS}\r\n`{rows},`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\r\n")
    return World(made, shop, account, day, packed.getvalue(), rows)


def _provider_number(number: int) -> str:
    # Scattered as WeChat's are: 28 digits of which the end says nothing.
    return f"42000{number * 7_919_873 % 10**15:015d}{number:08d}"


def _receipts(made: Installation, shop: Shop, account: AccountInfo, day: date, rows: int) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
    columns = (
        "merchant_id, account_id, payment_number, provider_number, amount_minor, currency, fit,"
        " seen_at"
    )
    with made.owner() as owner, owner.transaction():
        with owner.cursor().copy(f"copy receipt ({columns}) from stdin") as copy:
            for number in range(rows):
                if number % LOST == 0:
                    continue
                fen = FEN - 1 if number % DEARER == 0 else FEN
                place = (shop.merchant_id, account.id, f"Pay{number:012d}")
                copy.write_row((*place, _provider_number(number), fen, "CNY", 0, noon))
        for number in range(0, rows, MISSING):
            owner.execute(
                f"insert into receipt ({columns}) values (%s, %s, %s, %s, %s, 'CNY', 0, %s)",
                [shop.merchant_id, account.id, f"Gone{number}", f"gone-{number}", FEN, noon],
            )
    with made.owner() as owner:
        owner.execute("vacuum analyze receipt")


def _lines(keys: dict[str, str], day: date, rows: int) -> Iterator[str]:
    for number in range(rows):
        values = [
            f"{day} {number % 24:02d}:{number % 60:02d}:00", keys["appid"], keys["mchid"], "0", "",
            _provider_number(number), f"Pay{number:012d}", f"o{number:027d}", "NATIVE", "SUCCESS",
            "OTHERS", "CNY", "19.99", "0.00", "0", "0", "0.00", "0.00", "", "",
            "视频会员 月卡 × 1", "", "0.12000", "0.60%", "19.99", "0.00", "",
        ]  # fmt: skip
        yield ",".join(f"`{value}" for value in values) + "\r\n"


def _least(world: World) -> Least:
    """Read the file and forget it; load as many rows for a bill that is nobody's."""
    company = registry.provider("wechatpay")
    started = time.perf_counter()
    kept = [
        (row.line, 0, True, row.provider_number, row.payment_number, "", "CNY", FEN, 12, row.at)
        for row in company.read_bill(world.account, io.BytesIO(world.bill))
    ]
    read = time.perf_counter() - started
    with psycopg.connect(world.made.cluster.dsn(APP)) as app:
        started = time.perf_counter()
        with app.transaction(), app.cursor() as cursor:
            cursor.execute(f"set local kacang.merchant = {world.shop.merchant_id}")
            cursor.execute("set local statement_timeout = 0")
            cursor.execute(
                "insert into bill (merchant_id, uid, account_id, day, starts_at, ends_at)"
                " values (%s, gen_random_uuid()::text::varchar(32), %s, now()::date - 4000, now(),"
                " now()) on conflict (merchant_id, account_id, day) do update set rows = 0"
                " returning id",
                [world.shop.merchant_id, world.account.id],
            )
            (bill_id,) = cursor.fetchone() or (0,)
            cursor.execute(
                "create temp table plain (line int, what int2, is_done boolean,"
                " provider_number text, payment_number text, refund_number text, currency text,"
                " amount_minor bigint, fee_minor bigint, at timestamptz) on commit drop"
            )
            with cursor.copy(f"copy plain ({_LOADED}) from stdin (format binary)") as copy:
                copy.set_types([
                    "int4", "int2", "bool", "text", "text", "text", "text", "int8", "int8",
                    "timestamptz",
                ])  # fmt: skip
                for row in kept:
                    copy.write_row(row)
            cursor.execute(
                f"insert into bill_row (merchant_id, bill_id, reading, account_id, {_LOADED})"
                f" select %s, %s, 1, %s, {_LOADED} from plain",
                [world.shop.merchant_id, bill_id, world.account.id],
            )
        load = time.perf_counter() - started
    with world.made.owner() as owner:
        # It must not be in the next one's way.
        owner.execute("delete from bill_row where bill_id = %s", [bill_id])
        owner.execute("vacuum analyze bill_row")
    return Least(read, load)


def _job(world: World) -> JobDone:
    shop = world.shop

    def start(_client: object) -> str:
        file = files.store(
            merchant_id=shop.merchant_id, purpose="bill", name="bill.gz", content=world.bill
        )
        return operations.upload_bill(
            merchant_id=shop.merchant_id,
            account_uid=world.account.uid,
            day=world.day,
            file_uid=file,
            actor=SYSTEM,
        )

    return follow_job(world.made, shop, start, count="rows")


def _wrong(world: World) -> int:
    """Return by how many the differences are not those that were made."""
    rows = world.rows
    lost = set(range(0, rows, LOST))
    made = {
        DifferenceKind.THEIRS_ONLY: len(lost),
        DifferenceKind.AMOUNT: len(set(range(0, rows, DEARER)) - lost),
        DifferenceKind.OURS_ONLY: len(range(0, rows, MISSING)),
        DifferenceKind.STATE: 0,
    }
    found = queries.open_by_kind(merchant_id=world.shop.merchant_id)
    report.say(f"differences: {found}")
    return sum(abs(count - found.get(kind, 0)) for kind, count in made.items())


def _tell(least: list[Least], jobs: list[JobDone], rows: int, wrong: int, *, as_json: bool) -> int:
    ratios = [job.seconds / bare.seconds for job, bare in zip(jobs, least, strict=True)]
    worker = max(job.worker_megabytes for job in jobs)
    missing = sum(rows - job.done for job in jobs)
    report.table(
        f"A bill of {rows:,} rows",
        ["round", "read s", "load s", "job s", "times", "worker MB"],
        [
            [str(n), bare.read, bare.load, job.seconds, times, job.worker_megabytes]
            for n, (bare, job, times) in enumerate(zip(least, jobs, ratios, strict=True), start=1)
        ],
    )
    took = [job.seconds for job in jobs]
    figures = {
        "bench": "reconcile",
        "ratio": median(ratios),
        "ratio_limit": TIMES_MOST,
        "per_second": rows / median(took),
        "limit_per_second": rows / median(bare.seconds for bare in least),
        "p50_ms": 1000 * percentile(took, 0.5),
        "p99_ms": 1000 * percentile(took, 0.99),
        "worker_mb": worker,
        "worker_mb_limit": WORKER_MEGABYTES,
        "errors": missing + wrong,
    }
    return report.finish(figures, as_json=as_json, good=not missing and not wrong)


if __name__ == "__main__":
    sys.exit(main())
