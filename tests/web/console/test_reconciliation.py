"""F2: bills at the desk: lists, one bill with its differences, what is done."""

import io
import re
from datetime import timedelta

import pytest

from kacang.orders import queries as orders
from kacang.orders.types import OrderFilter, OrderState
from kacang.outbox import queries as works
from kacang.reconciliation import operations, queries
from kacang.reconciliation.queries import BillState, DifferenceFilter, Resolution
from tests.reconciliation.conftest import CLERK, PRICE, account, books, shop
from tests.web.console.bills import START, found, page_of, text_of
from tests.web.console.conftest import work_as

__all__ = ["account", "books", "shop"]
HEAD = "type,no,serial,refund,fen,fee,at,state\n"


class TestList:
    def test_shows_days_with_what_is_open_and_what_they_sum_to(self, work, shop):
        number = shop.sell()
        bill = shop.bill(shop.line(number, fee=12), shop.line("Nobody1234", fen=500, fee=3))

        page = text_of(work("finance").get(START))

        assert shop.day.isoformat() in page
        assert "Differs" in page
        assert "¥</small>24.99" in page
        assert f'href="{page_of(bill)}?show=open"' in page

    def test_narrows_to_account_days_and_state(self, work, shop):
        shop.bill(shop.line(shop.sell()))
        desk = work("finance")
        day = shop.day.isoformat()
        before = (shop.day - timedelta(days=1)).isoformat()

        hits = [f"?account={shop.account.uid}", f"?first={day}&last={day}", "?show=", "?first=x"]
        misses = [f"?last={before}", "?show=open", "?show=failed", "?show=closed"]

        assert all("Agrees" in text_of(desk.get(START + query)) for query in hits)
        assert all("No bill fits" in text_of(desk.get(START + query)) for query in misses)

    def test_says_in_words_why_a_bill_is_missing(self, work, shop):
        shop.read()

        page = text_of(work("finance").get(START))

        assert "The company has no bill of this day yet." in page

    def test_goes_on_to_older_days(self, work, shop, monkeypatch):
        monkeypatch.setattr("kacang.web.console.reconciliation.listing.PAGE", 2)
        operations.plan_bills(merchant_id=shop.merchant)
        desk = work("finance")
        days = [bill.day.isoformat() for bill in queries.bills(merchant_id=shop.merchant)]
        assert len(days) >= 6

        second = text_of(desk.get(f"{START}?page=1"))

        assert days[2] in second
        assert days[3] in second
        assert days[0] not in second.split("<tbody>")[1].split("</tbody>")[0]
        assert "page=2" in second


class TestGetting:
    def test_fetches_a_day_and_shows_how_far_it_is(self, work, shop):
        shop.books.bills[shop.day.isoformat()] = [shop.line(shop.sell())]
        desk = work("finance")

        sent = desk.post(
            f"{START}fetch/", {"account": shop.account.uid, "day": shop.day.isoformat()}
        )

        (bill,) = queries.bills(merchant_id=shop.merchant)
        job = sent["Location"].partition("?job=")[2]
        assert sent["Location"] == f"{page_of(bill)}?job={job}"
        page = text_of(desk.get(sent["Location"]))
        assert f'hx-get="{page_of(bill)}?job={job}"' in page
        asked = desk.get(sent["Location"], headers={"HX-Request": "true"})
        assert "Reading of a bill" in text_of(asked)
        assert "HX-Refresh" not in asked
        operations.run_read(merchant_id=shop.merchant, work_uid=job)
        assert desk.get(sent["Location"], headers={"HX-Request": "true"})["HX-Refresh"] == "true"
        assert "Both sides agree" in text_of(desk.get(page_of(bill)))

    def test_shows_the_job_that_runs_though_the_address_names_none(self, work, shop):
        bill = shop.bill(shop.line(shop.sell()))
        uid = operations.fetch_bill(
            merchant_id=shop.merchant, account_uid=shop.account.uid, day=shop.day, actor=CLERK
        )

        page = text_of(work("finance").get(page_of(bill)))

        assert f"?job={uid}" in page

    def test_says_why_a_bill_could_not_be_got(self, work, shop):
        uid = shop.read()
        (bill,) = queries.bills(merchant_id=shop.merchant)

        page = text_of(work("finance").get(f"{page_of(bill)}?job={uid}"))

        assert page.count("The company has no bill of this day yet.") == 2

    def test_a_file_is_read_and_is_no_proof(self, work, shop):
        number = shop.lost()
        file = io.BytesIO((HEAD + shop.line(number) + "\n").encode())
        file.name = "对账单.csv"
        desk = work("finance")

        sent = desk.post(
            f"{START}upload/",
            {"account": shop.account.uid, "day": shop.day.isoformat(), "file": file},
        )
        operations.run_read(
            merchant_id=shop.merchant, work_uid=sent["Location"].partition("?job=")[2]
        )

        (bill,) = queries.bills(merchant_id=shop.merchant)
        page = text_of(desk.get(page_of(bill)))
        assert "对账单.csv" in page
        assert bill.digest in page
        assert "a person's hand" in page
        assert "take-in/" not in page
        desk.post(page_of(bill, "take-in/"), {"pick": found(shop)[0].name})
        assert len(found(shop)) == 1

    @pytest.mark.parametrize("field", ["account", "day", "file"])
    def test_asks_again_for_what_is_missing(self, work, shop, field):
        given = {
            "account": shop.account.uid,
            "day": shop.day.isoformat(),
            "file": io.BytesIO(b"x"),
        }
        del given[field]

        assert work("finance").post(f"{START}upload/", given).status_code == 422
        assert queries.bills(merchant_id=shop.merchant) == []

    def test_a_day_that_is_not_over_is_refused(self, work, shop):
        today = (shop.day + timedelta(days=1)).isoformat()
        desk = work("finance")

        desk.post(f"{START}fetch/", {"account": shop.account.uid, "day": today})
        sent = desk.post(
            f"{START}upload/",
            {"account": shop.account.uid, "day": today, "file": io.BytesIO(b"x")},
        )

        assert sent.status_code == 422
        assert "is not over yet" in text_of(sent)
        assert queries.bills(merchant_id=shop.merchant) == []

    def test_reads_again_what_the_company_has_made_anew(self, work, shop):
        number = shop.sell()
        bill = shop.bill(shop.line(number, fen=5))
        shop.books.bills[shop.day.isoformat()] = [shop.line(number)]

        sent = work("finance").post(page_of(bill, "read/"))
        operations.run_read(
            merchant_id=shop.merchant, work_uid=sent["Location"].partition("?job=")[2]
        )

        assert queries.bill(merchant_id=shop.merchant, uid=bill.uid).open == 0

    def test_its_job_stands_in_the_task_centre_for_finance_too(self, work, shop):
        bill = shop.bill(shop.line(shop.sell()))
        (job,) = works.works(merchant_id=shop.merchant, kinds=("reconciliation.read",))
        desk = work("finance")

        assert "Reading of a bill" in text_of(desk.get("/console/works/"))
        assert page_of(bill) in text_of(desk.get(f"/console/works/{job.uid}/"))


class TestBill:
    def test_shows_both_sides_beside_one_another(self, work, shop):
        number = shop.sell()
        bill = shop.bill(shop.line(number, fen=5))
        order = orders.orders_page(merchant_id=shop.merchant, where=OrderFilter()).rows[0]

        page = text_of(work("finance").get(page_of(bill)))

        assert "¥</small>19.99" in page
        assert "¥</small>0.05" in page
        assert "−¥19.94" in page
        assert "line 1" in page
        assert f'href="/console/orders/{order.number}/"' in page
        assert f'href="/console/payments/number/{number}/"' in page

    def test_has_a_tab_for_each_kind_that_there_is(self, work, shop):
        shop.sell()
        other = shop.sell()
        bill = shop.bill(shop.line(other, fen=5), shop.line("Nobody1234"))
        desk = work("finance")

        page = text_of(desk.get(page_of(bill)))
        only = text_of(desk.get(f"{page_of(bill)}?show=theirs_only"))

        assert [word in page for word in ("Only ours", "Only theirs", "Another amount")] == [
            True
        ] * 3
        assert "Another state" not in page
        assert "mp-Nobody1234" in only
        assert f"mp-{other}" not in only

    def test_goes_on_to_more_differences(self, work, shop, monkeypatch):
        monkeypatch.setattr("kacang.web.console.reconciliation.bill.PAGE", 2)
        bill = shop.bill(*(shop.line(f"Nobody{number:04}") for number in range(5)))
        desk = work("finance")

        pages = [text_of(desk.get(f"{page_of(bill)}?page={number}")) for number in range(3)]

        shown = [set(re.findall(r"mp-Nobody\d{4}", page)) for page in pages]
        assert [len(names) for names in shown] == [2, 2, 1]
        assert len(set().union(*shown)) == 5

    def test_several_are_resolved_with_one_note(self, work, shop):
        bill = shop.bill(*(shop.line(f"Nobody{number:04}") for number in range(3)))
        first, second, _third = found(shop)

        work("finance").post(
            page_of(bill, "explain/"), {"pick": [first.name, second.name], "note": "线下收款"}
        )

        rows = found(shop)
        assert [row.resolution for row in rows] == [None, *[Resolution.EXPLAINED] * 2]
        assert {row.note for row in rows} == {"", "线下收款"}
        assert all("@example.com" in row.resolved_by for row in rows[1:])

    def test_all_of_a_tab_are_resolved_at_once(self, work, shop):
        shop.sell()
        bill = shop.bill(*(shop.line(f"Nobody{number:04}") for number in range(3)))

        work("finance").post(
            page_of(bill, "explain/"), {"all": "1", "show": "theirs_only", "note": "测试"}
        )

        assert [row.kind.name for row in found(shop) if row.resolution is None] == ["OURS_ONLY"]

    def test_nothing_chosen_or_no_note_resolves_nothing(self, work, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        (row,) = found(shop)
        desk = work("finance")

        forms = [
            {"pick": name, "note": "x"} for name in ("", "1-0-1-x", "nonsense", "\0", "2-0-1-")
        ]
        forms += [{"pick": row.name, "note": note} for note in ("", " ", "\0")]
        for form in forms:
            assert desk.post(page_of(bill, "explain/"), form).status_code == 302

        assert found(shop)[0].resolution is None

    def test_a_difference_of_the_same_name_in_another_bill_stays(self, work, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        (row,) = found(shop)
        before = shop.day - timedelta(days=1)
        shop.books.bills[before.isoformat()] = [shop.line("Nobody1234")]
        uid = operations.fetch_bill(
            merchant_id=shop.merchant, account_uid=shop.account.uid, day=before, actor=CLERK
        )
        operations.run_read(merchant_id=shop.merchant, work_uid=uid)
        assert {one.name for one in found(shop)} == {row.name}

        work("finance").post(page_of(bill, "explain/"), {"pick": row.name, "note": "测试"})

        left = [one.day for one in found(shop) if one.resolution is None]
        assert left == [before]

    def test_an_explanation_is_taken_back(self, work, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        (row,) = found(shop)
        desk = work("finance")
        desk.post(page_of(bill, "explain/"), {"pick": row.name, "note": "误点"})

        desk.post(page_of(bill, "reopen/"), {"pick": row.name})

        assert found(shop)[0].resolution is None
        assert desk.post(page_of(bill, "reopen/"), {"pick": row.name}).status_code == 404

    def test_L5_a_proven_payment_is_taken_in_by_its_number_and_amount(self, work, shop):
        number = shop.lost()
        bill = shop.bill(shop.line(number))
        (row,) = found(shop)
        desk = work("finance")
        asked = text_of(desk.get(page_of(bill)))
        assert f"<b>¥19.99</b> of receipt mp-{number}" in asked

        desk.post(page_of(bill, "take-in/"), {"pick": row.name})

        page = orders.orders_page(merchant_id=shop.merchant, where=OrderFilter())
        assert [order.state for order in page.rows] == [OrderState.DELIVERED]
        assert found(shop)[0].resolution in (Resolution.TAKEN_IN, Resolution.HEALED)

    def test_L8_the_company_is_asked_about_what_it_alone_has(self, work, shop):
        number = shop.lost()
        bill = shop.bill(shop.line(number), shop.line("Nobody1234"))
        desk = work("finance")

        answer = desk.post(page_of(bill, "heal/"), follow=True)

        assert "The company is asked about 1 payment." in text_of(answer)
        shop.heal(bill)
        assert "1 difference waits" in text_of(desk.post(page_of(bill, "compare/"), follow=True))

    def test_a_day_is_closed_only_when_nothing_waits_and_shows_it(self, work, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        (row,) = found(shop)
        desk = work("finance")
        refused = text_of(desk.post(page_of(bill, "close/"), follow=True))
        assert "1 differences of this day wait" in refused
        desk.post(page_of(bill, "explain/"), {"pick": row.name, "note": "测试"})

        asked = text_of(desk.get(page_of(bill)))
        page = text_of(desk.post(page_of(bill, "close/"), follow=True))

        assert f"<b>{shop.day}</b> of <b>MyPay</b> is locked" in asked
        assert "This day is closed by finance-" in page
        assert all(f"{act}/" not in page for act in ("compare", "read", "explain", "reopen"))
        for act in ("compare/", "read/", "reopen/", "close/"):
            desk.post(page_of(bill, act), {"pick": row.name})
        after = queries.bill(merchant_id=shop.merchant, uid=bill.uid)
        assert (after.state, after.resolved) == (BillState.CLOSED, 1)
        assert "This day is closed" in text_of(work("finance", "en").get(page_of(bill)))


class TestWho:
    def test_a_clerk_sees_nothing(self, work, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        desk = work("clerk")

        for path in ("", "differences/", "report/", f"ours/?account={shop.account.uid}", "upload/"):
            assert desk.get(START + path).status_code == 403
        assert desk.get(page_of(bill)).status_code == 403
        for act in ("read/", "compare/", "heal/", "explain/", "take-in/", "reopen/", "close/"):
            assert desk.post(page_of(bill, act)).status_code == 403

    def test_another_merchants_bill_does_not_exist(self, other_merchant, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        (row,) = found(shop)
        desk = work_as(other_merchant)
        form = {"pick": row.name, "note": "x"}

        assert desk.get(page_of(bill)).status_code == 404
        for act in ("read/", "compare/", "heal/", "explain/", "take-in/", "reopen/", "close/"):
            assert desk.post(page_of(bill, act), form).status_code == 404
        assert desk.get(f"{START}theirs/?account={shop.account.uid}").status_code == 404
        where = DifferenceFilter(bill_uid=bill.uid, is_open=True)
        assert len(queries.differences(merchant_id=shop.merchant, where=where)) == 1
        assert row.theirs.minor == PRICE
