"""Many SKUs at once, as a sheet: all or nothing, and never over what somebody else just wrote."""

from dataclasses import replace
from functools import partial

import pytest

from kacang.catalog import operations, queries
from kacang.catalog.models import Sku
from kacang.catalog.operations import BadValue, Cells, SheetLine, SheetStale, UnknownSku
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.queries import AuditFilter
from kacang.merchants.tenancy import acting_as
from tests import make
from tests.threads import at_once

WAS = Cells(1999, None, None, on_sale=True)


def save(merchant, *lines):
    return operations.save_sheet(merchant_id=merchant, actor=SYSTEM, lines=lines)


def line(made, **now):
    return SheetLine(made.sku.uid, WAS, replace(WAS, **now))


def cells(merchant, made):
    sku = queries.sku(merchant_id=merchant, uid=made.sku.uid)
    struck = sku.list_price.minor if sku.list_price else None
    return Cells(sku.price.minor, struck, sku.low_stock_at, sku.on_sale)


def logged(merchant):
    where = AuditFilter(action="skus.update")
    return merchants.audit_page(merchant_id=merchant, where=where).rows


def test_changes_what_differs_and_logs_each(merchant):
    one, two, same = (make.sku(merchant, cards=0) for _ in range(3))

    changed = save(
        merchant,
        line(one, price_minor=1500, list_price_minor=1999),
        line(two, low_stock_at=0, on_sale=False),
        line(same),
    )

    assert changed == 2
    assert cells(merchant, one) == Cells(1500, 1999, None, on_sale=True)
    assert cells(merchant, two) == Cells(1999, None, 0, on_sale=False)
    assert {row.object_uid for row in logged(merchant)} == {one.sku.uid, two.sku.uid}
    (row,) = [row for row in logged(merchant) if row.object_uid == one.sku.uid]
    assert (row.before["price_minor"], row.after["price_minor"]) == (1999, 1500)


@pytest.mark.parametrize(
    "now",
    [
        {"price_minor": -1},
        {"price_minor": 10**12 + 1},
        {"list_price_minor": 1998},
        {"low_stock_at": -1},
        {"low_stock_at": 1_000_001},
    ],
)
def test_one_that_cannot_be_leaves_all_as_they_were(merchant, now):
    one, two = make.sku(merchant, cards=0), make.sku(merchant, cards=0)
    with pytest.raises(BadValue):
        save(merchant, line(one, price_minor=1), line(two, **now))
    assert cells(merchant, one) == cells(merchant, two) == WAS
    assert logged(merchant) == []


def test_what_somebody_else_changed_meanwhile_is_not_written_over(merchant):
    one, two = make.sku(merchant, cards=0), make.sku(merchant, cards=0)
    operations.set_sku_on_sale(merchant_id=merchant, actor=SYSTEM, uid=two.sku.uid, on_sale=False)

    with pytest.raises(SheetStale):
        save(merchant, line(one, price_minor=1), line(two, price_minor=2))

    assert cells(merchant, one) == WAS
    assert cells(merchant, two) == replace(WAS, on_sale=False)


def test_of_two_sheets_at_once_one_wins_whole(merchant):
    made = [make.sku(merchant, cards=0) for _ in range(4)]
    sheets = [
        [line(one, price_minor=price) for one in order]
        for price, order in ((100, made), (200, made[::-1])) * 4
    ]

    outcomes = at_once([partial(save, merchant, *sheet) for sheet in sheets])

    assert sorted(map(str, map(type, outcomes))).count(str(int)) == 1
    assert sum(isinstance(one, SheetStale) for one in outcomes) == 7
    assert len({cells(merchant, one).price_minor for one in made}) == 1


def test_another_merchants_skus_are_not_there(merchant, other_merchant):
    mine, theirs = make.sku(merchant, cards=0), make.sku(other_merchant, cards=0)
    with pytest.raises(UnknownSku):
        save(merchant, line(mine, price_minor=1), line(theirs, price_minor=1))
    assert cells(merchant, mine) == WAS
    with acting_as(other_merchant):
        assert Sku.objects.get(uid=theirs.sku.uid).price_minor == 1999
