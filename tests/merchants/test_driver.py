"""Rules 17, 26 and 31: how the application talks to the database."""

import re
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

import kacang
from kacang.merchants.models import Setting
from kacang.merchants.tenancy import acting_as

SOURCE = Path(kacang.__file__).parent
# A setting, a lock or a prepared name of the session is lost or leaked behind a pooler. The
# embedded database's own manager speaks to the server as its superuser, never through one.
OF_A_SESSION = re.compile(
    r"pg_(try_)?advisory_(?!xact_|unlock_?all)\w*lock\w*\(|\bset session\b"
    r"|[\"']set (?!local )kacang|[\"']-c \w+=|set_config\([^)]*false\)",
    re.IGNORECASE,
)


def test_rule_31_what_is_asked_often_is_prepared(merchant):
    sought = f"rule_31_{time.monotonic_ns()}"
    with acting_as(merchant):
        for _ in range(7):
            list(Setting.objects.filter(merchant_id=merchant, name=sought))
        with connection.cursor() as cursor:
            cursor.execute(
                "select generic_plans + custom_plans from pg_prepared_statements"
                ' where statement like \'%%"setting"."name" = $%%\' order by 1 desc limit 1'
            )
            found = cursor.fetchone()
    assert found is not None
    assert found[0] >= 1


def test_rule_31_a_connection_is_looked_at_before_it_is_used_again():
    assert settings.DATABASES["default"]["CONN_HEALTH_CHECKS"] is True


def test_rule_26_nothing_is_asked_of_the_session():
    found = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in (*SOURCE.rglob("*.py"), *SOURCE.rglob("*.sql"))
        if "embedded" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if OF_A_SESSION.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "select pg_advisory_lock(1)", "select pg_try_advisory_lock_shared(1)",
        'cursor.execute("set kacang.merchant = 1")', "set session lock_timeout = 1",
        "select set_config('kacang.merchant', '1', false)", "'options': '-c lock_timeout=3'",
    ],
)  # fmt: skip
def test_rule_26_the_search_finds_what_it_should(line):
    assert OF_A_SESSION.search(line)
