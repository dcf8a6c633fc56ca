"""A stocked shop before a real browser, and the workers behind it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from kacang.catalog.models import Product
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.queue import QUEUES
from tests import make
from tests.database import Database
from tests.make import Stocked
from tests.web.shop.conftest import Shop

START_SECONDS = 60
_WORK = """
import sys, django
django.setup()
from kacang.cli.inside import worker
worker.run(sys.argv[1:])
"""
GUIDE = "1. 打开视频 App，进入「我的 → 兑换中心」。\n2. 输入兑换码并确认，会员立即到账。"


@pytest.fixture
def shop(merchant: int, live: str) -> Shop:
    """A new merchant's shop with an account at the sandbox."""
    del live  # the shop is looked at there
    return Shop(merchants.merchant(merchant_id=merchant), make.account(merchant))


@pytest.fixture
def base(shop: Shop) -> str:
    """Where the shop is."""
    return f"/s/{shop.info.slug}/"


# No longer than its module: other tests of the session put jobs into the same queues themselves.
@pytest.fixture(scope="module")
def worker(
    database: Database, live: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The workers of an installation that has nothing left to do, all in one process."""
    _empty_queues(database)
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "kacang.settings",
        "DATABASE_URL": database.url("kacang_app"),
        "KACANG_MASTER_KEY": settings.MASTER_KEY,
        "KACANG_PUBLIC_URL": live,
        "KACANG_PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
    }
    with Path(log).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _WORK, *QUEUES],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait(process, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _empty_queues(database: Database) -> None:
    """Drop what other tests of the session left behind: hundreds of unpaid orders, and jobs."""
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("delete from procrastinate_jobs where status = 'todo'")
        admin.execute("update payment set ask_at = null where ask_at is not null")


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the worker has said that it is there."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from procrastinate_workers"
                " where last_heartbeat > now() - interval '3 seconds'"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.2)
    raise AssertionError(f"no worker after {START_SECONDS} s:\n{log.read_text()}")


def dress(made: Stocked, **values: object) -> None:
    """Give a product other texts, cover or form."""
    with acting_as(made.merchant_id):
        Product.objects.filter(id=made.sku.product_id).update(**values)
