"""How fast a workbook of 200,000 cards comes in, beside the least that it can take.

The import is what a merchant does: the file is sent to `POST /cards/import`, a worker reads,
checks, encrypts and loads it, and the job says that it is done. The least is reading the workbook
by calamine and loading its rows, as they are, the way that tables with policies take bulk: binary
COPY into a temporary table, then one insert. Both in turn; medians count. Memory is watched.

Then, once each: the same import while somebody at the desk asks for the page of stock, whose
slowest hundredth is set beside that of an idle minute before; and a csv of 1,000,000 lines, for
the memory that it takes.

    python -m bench.imports [--json] [--quick] [--rounds N] [--lines N] [--csv N]
"""

import argparse
import hashlib
import io
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from python_calamine import CalamineWorkbook
from rustpy_xlsxwriter import write_worksheet

from bench import report
from bench.installation import Installation, installation
from bench.jobs import JobDone, run_job
from bench.load import percentile
from bench.pages import STOCK, Beside, Looking, at_the_desk, look
from bench.stock import Shop, add_sku, open_shop
from kacang.embedded import APP
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant

LINES = 200_000
CSV_LINES = 1_000_000
LOOKS = 300
WEB_MEGABYTES, WORKER_MEGABYTES = 200, 300
_COLUMNS = "fingerprint, number, secret, remark, tail_print"


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when every line came in."""
    parser = argparse.ArgumentParser(prog="imports", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--lines", type=int)
    parser.add_argument("--csv", type=int, help="lines of the csv")
    asked = parser.parse_args(words)
    rounds = asked.rounds or (1 if asked.quick else 3)
    lines = asked.lines or (2_000 if asked.quick else LINES)
    csv_lines = asked.csv or (5_000 if asked.quick else CSV_LINES)
    least: list[float] = []
    done: list[JobDone] = []
    with installation() as made:
        made.run("-m", "django", "collectstatic", "--noinput", "--verbosity=0")
        shop = open_shop()
        sku = add_sku(made, shop, cards=1)
        made.start("worker", "--queue", "bulk")
        _import(made, shop, sku, _workbook(made.folder, 10))  # both sides are warm
        for number in range(rounds):
            report.say(f"round {number + 1} of {rounds}: {lines:,} lines")
            book = _workbook(made.folder, lines)
            made.settle_down()
            least.append(_least(made, book))
            made.settle_down()
            done.append(_import(made, shop, sku, book))
        page, beside = _beside(made, shop, sku, lines, looks=5 if asked.quick else LOOKS)
        report.say(f"a csv of {csv_lines:,} lines")
        made.settle_down()
        large = _import(made, shop, sku, _csv(csv_lines), "cards.csv")
    missing = sum(lines - one.done for one in (*done, beside)) + csv_lines - large.done
    return _tell(Found(least, done, page, large, lines, missing), as_json=asked.json)


@dataclass(frozen=True)
class Found:
    """What was measured; `missing` counts lines that did not come in."""

    least: list[float]
    done: list[JobDone]
    page: Beside
    large: JobDone
    lines: int
    missing: int


def _beside(
    made: Installation, shop: Shop, sku: str, lines: int, *, looks: int
) -> tuple[Beside, JobDone]:
    """Import once more while somebody looks at the stock; return how long looks took."""
    report.say(f"the page of stock: {looks} times idle, then beside {lines:,} lines")
    book = _workbook(made.folder, lines)
    made.settle_down()
    with at_the_desk(made, shop) as window:
        look(window, STOCK)
        idle = [look(window, STOCK) for _ in range(looks)]
        with Looking(window, STOCK) as looking:
            done = _import(made, shop, sku, book)
    return Beside(idle, looking.took), done


def _csv(lines: int) -> bytes:
    """Write the same as csv; 44 bytes a line."""
    batch = secrets.token_hex(3).upper()
    codes = secrets.token_hex(8 * lines).upper()
    rows = (
        f"{batch}{at:08d},{codes[16 * at : 16 * at + 16]},2031-12-31,b\n" for at in range(lines)
    )
    return ("卡号,卡密,有效期,备注\n" + "".join(rows)).encode()


def _workbook(folder: Path, lines: int) -> bytes:
    """Write an xlsx such as wholesalers send: number, password, expiry, remark."""
    path = folder / "cards.xlsx"
    batch = secrets.token_hex(3).upper()
    rows = [
        {
            "卡号": f"{batch}{at:08d}",
            "卡密": secrets.token_hex(8).upper(),
            "有效期": "2031-12-31",
            "备注": "bench",
        }
        for at in range(lines)
    ]
    write_worksheet(rows, str(path))
    return path.read_bytes()


def _least(made: Installation, book: bytes) -> float:
    """Read and load without ciphers and checks, for a merchant of its own."""
    merchant_id = open_merchant(
        slug=f"least-{secrets.token_hex(4)}", name="Least", kind=MerchantKind.DEMO
    )
    # Fingerprints are given, not made: they belong to what is left out. Rows and indexes are the
    # same, that of the numbers' ends too.
    prints = [hashlib.blake2b(b"%d" % at, digest_size=16).digest() for at in range(LINES * 2)]
    with psycopg.connect(made.cluster.dsn(APP)) as app:
        started = time.perf_counter()
        rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
        with app.transaction(), app.cursor() as cursor:
            cursor.execute(f"set local kacang.merchant = {merchant_id}")
            cursor.execute("set local statement_timeout = 0")
            cursor.execute(
                "create temp table plain (fingerprint bytea, number text, secret bytea,"
                " remark text, tail_print bigint) on commit drop"
            )
            with cursor.copy(f"copy plain ({_COLUMNS}) from stdin (format binary)") as copy:
                copy.set_types(["bytea", "text", "bytea", "text", "int8"])
                for row, mark in zip(rows[1:], prints, strict=False):
                    tail = int.from_bytes(mark[:8], "big", signed=True)
                    copy.write_row((mark, row[0], str(row[1]).encode(), row[3], tail))
            cursor.execute(
                f"insert into card (merchant_id, sku_id, batch_id, pick_key, {_COLUMNS})"
                f" select %s, 1, 1, floor(random() * 2147483647)::bigint, {_COLUMNS}"
                " from plain on conflict do nothing",
                [merchant_id],
            )
        return time.perf_counter() - started


def _import(
    made: Installation, shop: Shop, sku: str, book: bytes, name: str = "cards.xlsx"
) -> JobDone:
    return run_job(
        made, shop, "/cards/import", count="good",
        data={"sku_id": sku}, files={"file": (name, book)},
    )  # fmt: skip


def _tell(found: Found, *, as_json: bool) -> int:
    least, done, lines, page = found.least, found.done, found.lines, found.page
    ratios = [one.seconds / bare for one, bare in zip(done, least, strict=True)]
    web = max(one.web_megabytes for one in done)
    worker = max(one.worker_megabytes for one in done)
    report.table(
        f"Import of {lines:,} lines of xlsx",
        ["round", "least s", "import s", "times", "web MB", "worker MB"],
        [
            [str(n), bare, one.seconds, times, one.web_megabytes, one.worker_megabytes]
            for n, (bare, one, times) in enumerate(zip(least, done, ratios, strict=True), start=1)
        ],
    )
    report.table(
        "Page of stock: milliseconds",
        ["", "looks", "p50", "p99"],
        [
            [name, len(took), percentile(took, 0.5), percentile(took, 0.99)]
            for name, took in (("idle", page.idle), ("beside an import", page.busy))
        ],
    )
    report.table(
        "Import of a large csv",
        ["lines", "s", "web MB", "worker MB"],
        [
            [
                found.large.done, found.large.seconds, found.large.web_megabytes,
                found.large.worker_megabytes,
            ]
        ],
    )  # fmt: skip
    seconds = median(one.seconds for one in done)
    figures = {
        "bench": "import",
        "ratio": median(ratios),
        "per_second": lines / seconds,
        "limit_per_second": lines / median(least),
        "seconds": seconds,
        "limit_seconds": median(least),
        "p50_ms": 1000 * seconds,
        "p99_ms": 1000 * max(one.seconds for one in done),
        "errors": found.missing,
        "ratio_page": page.ratio,
        "page_idle_p99_ms": percentile(page.idle, 0.99),
        "page_beside_p99_ms": percentile(page.busy, 0.99),
        "csv_lines": found.large.done,
        "csv_seconds": found.large.seconds,
        "csv_web_mb": found.large.web_megabytes,
        "csv_worker_mb": found.large.worker_megabytes,
        "lines": lines,
        "web_mb": web,
        "worker_mb": worker,
        "web_mb_limit": WEB_MEGABYTES,
        "worker_mb_limit": WORKER_MEGABYTES,
    }
    return report.finish(figures, as_json=as_json, good=not found.missing)


if __name__ == "__main__":
    sys.exit(main())
