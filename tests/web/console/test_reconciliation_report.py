"""F2: ours beside theirs by day, week and month; each number leads to its rows."""

import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from python_calamine import CalamineWorkbook

from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.reconciliation import operations, queries
from tests.reconciliation.conftest import CLERK, account, books, shop
from tests.web.console.bills import START, text_of

__all__ = ["account", "books", "shop"]


def shop_seen(shop, moment):
    """Have what was seen been seen then."""
    with acting_as(shop.merchant), connection.cursor() as cursor:
        cursor.execute("update receipt set seen_at = %s::timestamptz", [moment])


class TestReport:
    def test_each_number_is_the_sum_of_the_rows_it_leads_to(self, work, shop):
        sold, other = shop.sell(), shop.sell()
        shop.bill(shop.line(sold, fee=12), shop.line(other, fen=1500, fee=9),
                  shop.line("Nobody1234", fen=700, fee=4))  # fmt: skip
        desk = work("finance")

        page = text_of(desk.get(f"{START}report/?account={shop.account.uid}"))

        row = page.split("<tbody>")[1].split("</tr>")[0]
        assert [amount in row for amount in ("39.98", "41.99", "2.01", "0.25")] == [True] * 4
        links = re.findall(r'href="(/console/reconciliation/[^"]+)"', row)
        ours, theirs = links[1], links[2]
        assert set(re.findall(r"mp-\w+", text_of(desk.get(ours)))) == {f"mp-{sold}", f"mp-{other}"}
        assert len(set(re.findall(r"mp-\w+", text_of(desk.get(theirs))))) == 3
        waiting = text_of(desk.get(links[-1]))
        assert set(re.findall(r"mp-\w+", waiting)) == {f"mp-{other}", "mp-Nobody1234"}

    @pytest.mark.parametrize("by", ["day", "week", "month"])
    def test_as_a_workbook(self, work, shop, by):
        shop.bill(shop.line(shop.sell(), fee=12))

        answer = work("finance").get(f"{START}report/?by={by}&format=xlsx")

        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer)))
        head, *lines = book.get_sheet_by_index(0).to_python()
        (line,) = [dict(zip(head, line, strict=True)) for line in lines]
        assert (line["Payments, ours"], line["Amount, theirs"], line["Fee"]) == (1, 19.99, 0.12)
        assert line["From day"] <= shop.day.isoformat() <= line["To day"]

    def test_tells_what_was_found_from_what_still_waits(self, work, shop):
        shop.bill(shop.line("Nobody1234"), shop.line("Nobody5678"))
        first, _second = queries.differences(merchant_id=shop.merchant)
        operations.explain(merchant_id=shop.merchant, ids=[first.id], note="测试", actor=CLERK)

        answer = work("finance").get(f"{START}report/?format=xlsx")

        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer)))
        head, line = book.get_sheet_by_index(0).to_python()
        told = dict(zip(head, line, strict=True))
        assert (told["Differences"], told["Not resolved"]) == (2, 1)

    def test_what_is_seen_just_before_midnight_is_of_that_day(self, work, shop):
        """Rule 24: days are those of the merchant's zone."""
        shop.sell()
        zone = merchants.merchant(merchant_id=shop.merchant).time_zone
        assert zone == "Asia/Shanghai"
        day = shop.day.isoformat()
        before = (shop.day - timedelta(days=1)).isoformat()
        desk = work("finance")
        ours = f"{START}ours/?account={shop.account.uid}"

        def seen_at(moment):
            shop_seen(shop, moment)
            return [
                "mp-" in text_of(desk.get(f"{ours}&first={one}&last={one}"))
                for one in (before, day)
            ]

        midnight = shop.noon - timedelta(hours=12)
        assert seen_at(midnight) == [False, True]
        assert seen_at(midnight - timedelta(seconds=1)) == [True, False]

    def test_nothing_is_an_answer(self, work, merchant):
        desk = work("finance")

        assert "Nothing in these days" in text_of(desk.get(f"{START}report/"))
        assert "No account gives bills" in text_of(desk.get(START))
        assert "Nothing differs" in text_of(desk.get(f"{START}differences/"))
        assert desk.get(f"{START}ours/").status_code == 404
