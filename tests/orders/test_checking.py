"""Rules 6 and 18: what no constraint holds is proved each night."""

import psycopg
import pytest
from procrastinate.contrib.django import app

from kacang import jobs
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import StoreDraft
from kacang.orders import operations as orders
from kacang.orders.checking import Finding
from tests import make
from tests.orders.looking import settle


@pytest.fixture
def sold(merchant):
    """A merchant who sold two cards and has one order unpaid, one cancelled by nobody yet."""
    made = make.sku(merchant, cards=5)
    account = make.account(merchant)
    settle(account, make.notice(make.order(made, 2)))
    make.order(made, 3)
    return merchant


def test_all_is_well_after_sales(sold):
    assert orders.check_references(merchant_id=sold) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("update order_line set sku_id = -sku_id", Finding("lines without their SKU", 2)),
        ("update sale_order set store_id = -1", Finding("orders without their store", 2)),
        ("update payment set account_id = -1", Finding("payments without their account", 2)),
        ("update receipt set account_id = -id", Finding("receipts without their account", 1)),
        ("update notice set account_id = -id", Finding("notices without their account", 1)),
        (
            "update order_line set unit_price_minor = unit_price_minor + 1",
            Finding("orders whose total is not that of their lines", 2),
        ),
        (
            "delete from order_unit where state = 0 and unit_no = 3 and merchant_id = %(merchant)s",
            Finding("lines that have not as many units as were ordered", 1),
        ),
        (
            "update allocation set released_at = now()",
            Finding("delivered units that hold no card", 2),
        ),
    ],
)
def test_each_damage_is_found(database, sold, other_merchant, damage, found):
    if "where" not in damage:
        damage += " where merchant_id = %(merchant)s"
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        owner.execute(damage, {"merchant": sold})

    assert orders.check_references(merchant_id=sold) == [found]
    assert orders.check_references(merchant_id=other_merchant) == []


def test_an_account_of_another_merchant_is_none(database, sold, other_merchant):
    theirs = make.account(other_merchant)
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        owner.execute(
            "update payment set account_id = %s where merchant_id = %s", [theirs.id, sold]
        )

    assert orders.check_references(merchant_id=sold) == [
        Finding("payments without their account", 2)
    ]


def test_a_store_of_another_merchant_is_none(database, sold, other_merchant):
    theirs = merchants.open_store(
        merchant_id=other_merchant, draft=StoreDraft("店", "a"), actor=SYSTEM
    )
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        owner.execute(
            "update sale_order set store_id = (select id from store where uid = %s)"
            " where merchant_id = %s",
            [theirs, sold],
        )

    assert orders.check_references(merchant_id=sold) == [Finding("orders without their store", 2)]


def test_both_checks_run_each_night():
    nightly = {
        name
        for (name, _), task in app.periodic_registry.periodic_tasks.items()
        if task.cron == jobs.EVERY_NIGHT
    }
    assert {"orders.check_references", "vault.check_references"} <= nightly
