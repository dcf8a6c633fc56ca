"""F1: the books at the desk: the chart, entries, documents, export; and money at a glance."""

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from beancount import loader
from django.db import connection

from kacang.jobs import reconciliation as jobs
from kacang.ledger import operations as booking
from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.merchants import queries as merchants
from kacang.merchants.models import Membership
from kacang.merchants.queries import AuditFilter
from kacang.merchants.tenancy import acting_as
from kacang.reconciliation.exports import ledger as ledger_exports
from kacang.shared.money import Money
from tests import make
from tests.orders.looking import settle
from tests.web.console.conftest import work_as

START = "/console/ledger/"
ZONE = ZoneInfo("Asia/Shanghai")


def text_of(answer) -> str:
    return unescape(re.sub(r"\s+", " ", answer.content.decode()))


@pytest.fixture
def sold(merchant):
    """An order that was paid and delivered; its number."""
    made = make.sku(merchant, cards=3, price=1999, cost=700)
    account = make.account(merchant)
    placed = make.order(made)
    settle(account, make.notice(placed))
    return placed.number


class TestChart:
    def test_shows_what_stands_on_each_account_as_it_grows(self, work, sold):
        page = text_of(work("finance").get(START))

        rows = dict(re.findall(r'accounts/(\d+)/">[^<]+</a></td><td class="r">(.*?)</td>', page))
        assert "19.99" in rows["1100"]
        assert "19.99" in rows["4100"]
        assert "−" not in rows["4100"]
        assert ">0<" in rows["2300"]
        assert len(rows) == len(Account)

    def test_shows_what_stood_at_the_end_of_a_day(self, work, sold):
        yesterday = (datetime.now(ZONE) - timedelta(days=1)).date()
        today = yesterday + timedelta(days=1)
        desk = work("finance")

        assert "19.99" not in text_of(desk.get(f"{START}?at={yesterday}"))
        assert "19.99" in text_of(desk.get(f"{START}?at={today}"))

    def test_an_empty_book_says_so(self, work, merchant):
        assert "Nothing is booked yet." in text_of(work("finance").get(START))


class TestEntries:
    def test_lead_to_their_documents(self, work, sold):
        page = text_of(work("finance").get(f"{START}accounts/1100/"))

        assert "Payment received" in page
        assert f'href="/console/orders/{sold}/"' in page
        assert f'href="{START}order/{sold}/"' in page

    def test_of_an_order_are_those_of_its_receipts_too(self, work, merchant, sold):
        page = text_of(work("finance").get(f"{START}order/{sold}/"))

        words = ("Payment received", "Delivered", "Cost of what was sold")
        assert all(word in page for word in words)
        booked = ledger.entries(merchant_id=merchant).entries
        about = [one for one in booked if one.kind is not TransferKind.STOCKED]
        assert page.count("<tr>") - 1 == len(about)

    def test_are_narrowed_to_days_and_reason(self, work, sold):
        desk = work("finance")
        yesterday = (datetime.now(ZONE) - timedelta(days=1)).date()

        assert "¥</small>19.99" in text_of(desk.get(f"{START}accounts/1100/?kind=received"))
        for query in ("?kind=fee", f"?last={yesterday}"):
            page = text_of(desk.get(f"{START}accounts/1100/{query}"))
            assert "No entries in these days" in page

    def test_go_on_from_page_to_page(self, work, merchant, monkeypatch):
        monkeypatch.setattr("kacang.web.console.ledger.pages.PAGE", 2)
        made = make.sku(merchant, cards=5)
        account = make.account(merchant)
        for _ in range(3):
            settle(account, make.notice(make.order(made)))
        desk = work("finance")

        pages = [text_of(desk.get(f"{START}accounts/1100/?page={n}")) for n in range(2)]

        assert [page.split("<tbody>")[1].count("<tr>") for page in pages] == [2, 1]
        assert "page=1" in pages[0]
        assert "page=2" not in pages[1]

    @pytest.mark.parametrize("path", ["accounts/1/", "order/nobody/", "bill/none/", "no/thing/"])
    def test_of_nothing_are_not_there(self, work, merchant, path):
        assert work("finance").get(START + path).status_code == 404


EXPORTS = "/console/exports/"


def exported(client, merchant, what, **form) -> str:
    """Export as the dialog asks, run the job, fetch the file."""
    answer = client.post(EXPORTS, {"what": what, "query": "", **form})
    assert answer.status_code == 302, answer.content
    uid = answer.headers["Location"].split("/")[-2]
    jobs.run_export(merchant_id=merchant, work_uid=uid)
    assert "Download" in client.get(f"{EXPORTS}{uid}/").content.decode()
    sent = client.post(f"{EXPORTS}{uid}/file/")
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    return b"".join(sent.streaming_content).decode("utf-8-sig")


class TestExport:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        """What was booked in this very minute is in it: no other transaction is open here."""
        monkeypatch.setattr(ledger_exports, "SETTLED", timedelta(minutes=-1))

    def test_is_what_an_outside_checker_accepts_and_leaves_a_trace(self, work, merchant, sold):
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select count(*) from transfer")
            (booked,) = cursor.fetchone()

        text = exported(work("finance"), merchant, "books:beancount", last="2999-01-01")
        entries, errors, _options = loader.load_string(text)

        assert errors == []
        assert sum(type(one).__name__ == "Transaction" for one in entries) == booked
        log = merchants.audit_page(merchant_id=merchant, where=AuditFilter()).rows
        assert [one.action for one in log[:2]] == ["finance.export_fetched", "books.export"]

    def test_names_orders_and_not_rows(self, work, merchant, sold):
        text = exported(work("finance"), merchant, "books:beancount")

        assert f'document: "order {sold}"' in text
        assert f"receipt sb-{sold}" in text or 'document: "receipt ' in text

    def test_of_a_period_brings_forward_what_stood_before(self, work, merchant, sold):
        tomorrow = (datetime.now(ZONE) + timedelta(days=1)).date()

        text = exported(work("finance"), merchant, "books:beancount", first=tomorrow)

        _entries, errors, _options = loader.load_string(text)
        assert errors == []
        assert "Equity:BroughtForward" in text
        assert sold not in text

    def test_transfers_of_the_account_that_the_page_shows(self, work, merchant, sold):
        desk = work("finance")
        page = text_of(desk.get(f"{START}accounts/1100/"))
        (query,) = re.findall(r'name="query" value="([^"]*)"', page)

        text = exported(desk, merchant, "transfers:csv", query=query)

        rows = list(csv.reader(io.StringIO(text)))[1:]
        assert [(row[2], row[6], row[9]) for row in rows] == [("1100", "19.99", sold)]

    def test_who_may_not_export_cannot(self, work, merchant, sold):
        form = {"what": "books:beancount"}
        for role in ("sales", "order_operator", "warehouse"):
            assert work(role).post(EXPORTS, form).status_code == 403
        assert work("finance").post(EXPORTS, {"what": "nothing:csv"}).status_code == 404

    def test_somebody_elses_is_not_there(self, work, merchant, sold, other_merchant):
        desk = work("finance")
        answer = desk.post(EXPORTS, {"list": "payments", "kind": "csv"})
        path = answer.headers["Location"]

        for client in (work("owner"), work_as(other_merchant, "owner")):
            assert client.get(path).status_code == 404
            assert client.post(f"{path}file/").status_code == 404
            assert client.post(f"{path}cancel/").status_code == 404
        assert desk.get(path).status_code == 200

    def test_I1_who_lost_the_permission_fetches_nothing_more(self, work, merchant, sold):
        desk = work("finance")
        path = desk.post(EXPORTS, {"list": "payments", "kind": "csv"}).headers["Location"]
        jobs.run_export(merchant_id=merchant, work_uid=path.split("/")[-2])
        with acting_as(merchant):
            Membership.objects.filter(merchant_id=merchant, role="finance").update(role="sales")

        assert desk.get(path).status_code == 403
        assert desk.post(f"{path}file/").status_code == 403


class TestMoney:
    def test_sums_up_what_came_and_each_sum_leads_to_its_entries(self, work, sold):
        desk = work("finance")

        page = text_of(desk.get("/console/finance/"))

        values = re.findall(r'<div class="v"><a class="t-1" href="([^"]+)">([^<]+)<span', page)
        assert [value for _url, value in values] == ["¥19.99", "¥0.00", "¥0.00", "¥19.99"]
        for url, value in values:
            entries = text_of(desk.get(url))
            assert (value.removeprefix("¥") in entries) is (value != "¥0.00"), url
        assert "100.0%" in page

    def test_P4_what_was_paid_back_is_counted_and_what_is_due_waits(self, work, merchant):
        due, cash = Side(Account.REFUNDS_DUE), Side(Account.CASH_AT_PROVIDER)
        about = Document(DocumentKind.ORDER, 1)
        with acting_as(merchant):
            for move in (
                Move(Side(Account.REVENUE), due, Money(900), TransferKind.REFUND_DUE, about),
                Move(due, cash, Money(500), TransferKind.REFUNDED, about),
            ):
                booking.transfer(merchant_id=merchant, move=move)

        page = text_of(work("finance").get("/console/finance/"))

        values = re.findall(r'<div class="v"><a class="t-1" href="[^"]+">([^<]+)<span', page)
        assert values == ["¥0.00", "¥5.00", "¥0.00", "−¥9.00"]
        waiting = page.split('<ul class="pairs">')[1].split("</ul>")[0]
        row = waiting.split("/console/refunds/")[1].split("</li>")[0]
        assert "¥</small>4.00" in row

    def test_counts_payments_that_were_begun_and_not_paid(self, work, merchant, sold):
        make.order(make.sku(merchant, cards=1), provider="sandbox")

        assert "50.0%" in text_of(work("finance").get("/console/finance/?days=30"))

    def test_shows_what_is_not_settled(self, work, merchant):
        account = make.account(merchant)
        placed = make.order(make.sku(merchant, cards=1, price=1999))
        settle(account, make.notice(placed, payment_number="nobody0123456789"))

        page = text_of(work("finance").get("/console/finance/"))

        row = page.split("/console/payments/suspense/")[-1].split("</li>")[0]
        assert "19.99" in row

    def test_an_empty_shop_has_it_too(self, work, merchant):
        page = text_of(work("finance").get("/console/finance/?days=nonsense"))

        assert "No payment was begun in these days." in page


PAGES = (START, f"{START}accounts/1100/", "/console/finance/")


@pytest.mark.parametrize("role", ["clerk", "stock_keeper", "order_operator"])
def test_who_may_not_see_the_books(work, merchant, role):
    desk = work(role)

    assert [desk.get(path).status_code for path in PAGES] == [403] * len(PAGES)


def test_another_merchants_books_are_not_there(other_merchant, sold):
    desk = work_as(other_merchant)

    assert desk.get(f"{START}order/{sold}/").status_code == 404
    assert sold not in text_of(desk.get(f"{START}accounts/1100/"))
    assert sold not in b"".join(desk.get(f"{START}export/")).decode()
