"""Exports of money as jobs: what the lists show, in parts, for whoever asked (F1–F3, O10)."""

import csv
import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from beancount import loader
from django.db import OperationalError

from kacang.jobs import reconciliation as jobs
from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.ledger.queries import EntryFilter
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import exporting, work
from kacang.outbox import queries as works
from kacang.outbox.models import SealedFile
from kacang.outbox.work import WorkState
from kacang.payments.queries import PaymentState
from kacang.reconciliation.exports import ledger as ledger_exports
from kacang.reconciliation.exports import running
from kacang.reconciliation.exports.running import LISTS, BadExport, ExportRequest, UnknownExport
from kacang.shared.periods import clock_text
from kacang.web.console.exports.lists import LISTS as AT_THE_DESK
from tests import make
from tests.orders.looking import settle
from tests.stock.conftest import ACTOR

WORDS = {"state": {"0": "open", "1": "paid"}, "owner": {"1": "customer"}}


class Exporter:
    """Exports of one merchant, run as their job runs them."""

    def __init__(self, merchant: int) -> None:
        self.merchant = merchant

    def start(self, name: str, kind: str = "csv", actor: Actor = ACTOR, **where: Any) -> str:
        request = ExportRequest(name, where, kind, WORDS, "en")
        return running.start_export(merchant_id=self.merchant, actor=actor, request=request)

    def run(self, uid: str):
        jobs.run_export(merchant_id=self.merchant, work_uid=uid)
        return works.work(merchant_id=self.merchant, uid=uid)

    def fetched(self, uid: str, actor: Actor = ACTOR) -> str:
        _, pieces = running.fetch_export(merchant_id=self.merchant, actor=actor, uid=uid)
        return b"".join(pieces).decode("utf-8-sig")

    def rows(self, name: str, **where: Any) -> list[list[str]]:
        uid = self.start(name, **where)
        assert self.run(uid).state is WorkState.DONE
        return list(csv.reader(io.StringIO(self.fetched(uid))))[1:]


@pytest.fixture
def exporter(merchant, monkeypatch) -> Exporter:
    # What was booked a moment ago is in it: nobody else books here.
    monkeypatch.setattr(ledger_exports, "SETTLED", -ledger_exports.SETTLED)
    return Exporter(merchant)


@pytest.fixture
def sold(merchant) -> list[Any]:
    """Five orders, the first three of them paid."""
    account = make.account(merchant)
    made = make.sku(merchant, cards=9)
    placed = [make.order(made) for _ in range(5)]
    for one in placed[:3]:
        settle(account, make.notice(one))
    return placed


class TestLists:
    def test_P2_payments_are_those_of_the_filter(self, exporter, sold):
        rows = exporter.rows("payments", state=int(PaymentState.PAID))

        assert [row[1] for row in rows] == [one.number for one in reversed(sold[:3])]
        assert [row[4:7] for row in rows] == [["paid", "19.99", "CNY"]] * 3

    def test_F1_transfers_are_those_of_the_ledger(self, exporter, sold, merchant):
        rows = exporter.rows("transfers")

        entries = ledger.entries(merchant_id=merchant, limit=500).entries
        assert [(row[2], row[4], row[6]) for row in rows] == [
            (str(int(one.debit)), str(int(one.credit)), one.amount.plain)
            for one in reversed(entries)
        ]
        assert {row[9] for row in rows} >= {one.number for one in sold[:3]}

    def test_F1_of_one_account_and_kind(self, exporter, sold, merchant):
        wanted = EntryFilter(account=Account.CASH_AT_PROVIDER)

        rows = exporter.rows("transfers", account=int(Account.CASH_AT_PROVIDER))

        assert len(rows) == len(ledger.entries(merchant_id=merchant, wanted=wanted).entries) == 3
        assert exporter.rows("transfers", account=int(Account.WALLET)) == []

    def test_F1_of_days_before_anything_moved(self, exporter, sold):
        assert exporter.rows("transfers", first="2020-01-01", last="2020-01-31") == []

    def test_F1_the_books_are_what_an_outside_checker_accepts(self, exporter, sold, merchant):
        uid = exporter.start("books", "beancount")
        item = exporter.run(uid)

        entries, errors, _options = loader.load_string(exporter.fetched(uid))

        assert errors == []
        booked = len(ledger.entries(merchant_id=merchant, limit=500).entries)
        transactions = sum(type(one).__name__ == "Transaction" for one in entries)
        assert (transactions, item.result["rows"]) == (booked, booked)

    def test_F3_wallets_with_their_owners_masked(self, exporter, merchant):
        make.wallet(merchant, 5_000, contact="linxiaoyu@example.com")

        ((uid, owner, kind, _state, currency, balance, frozen, free, _at),) = exporter.rows(
            "wallets"
        )

        assert (owner, kind, currency) == ("linx***@example.com", "customer", "CNY")
        assert (balance, frozen, free) == ("50.00", "0.00", "50.00")
        ((_time, _what, amount, *_),) = exporter.rows("wallet", wallet=uid)
        assert amount == "50.00"

    def test_I2_of_another_merchants_wallet_is_none(self, exporter, other_merchant):
        theirs = make.wallet(other_merchant, 5_000)

        uid = exporter.start("wallet", wallet=theirs)

        assert exporter.run(uid).state is WorkState.FAILED

    def test_F1_figures_sum_up_what_came(self, exporter, sold):
        day = clock_text(sold[0].pay_by, ZoneInfo("Asia/Shanghai"))[:10]

        rows = exporter.rows("figures", first="2020-01-01", last=day)

        ((received, refunded),) = [row[2:4] for row in rows if row[1] == "CNY"]
        assert (received, refunded) == ("59.97", "0.00")
        (tries,) = [row[-2:] for row in rows if not row[1]]
        assert tries == ["5", "3"]

    @pytest.mark.parametrize("name", ["refunds", "differences"])
    def test_of_nothing_has_its_heads(self, exporter, name):
        assert exporter.rows(name) == []


class TestJob:
    def test_O10_goes_on_behind_the_last_part_after_a_break(
        self, exporter, sold, merchant, monkeypatch
    ):
        monkeypatch.setattr(exporting, "READ_AT_ONCE", 2)
        uid = exporter.start("transfers")
        broken_off(exporter, uid, monkeypatch)
        assert works.work(merchant_id=merchant, uid=uid).done == 4

        exporter.run(uid)

        rows = list(csv.reader(io.StringIO(exporter.fetched(uid))))[1:]
        assert len(rows) == len(ledger.entries(merchant_id=merchant, limit=500).entries)
        with acting_as(merchant):
            assert SealedFile.objects.filter(merchant_id=merchant).count() == 1

    def test_F1_the_books_begin_anew_after_a_break(self, exporter, sold, merchant, monkeypatch):
        monkeypatch.setattr(ledger, "CHUNK", 2)
        uid = exporter.start("books", "beancount")
        broken_off(exporter, uid, monkeypatch)

        item = exporter.run(uid)

        booked = len(ledger.entries(merchant_id=merchant, limit=500).entries)
        _entries, errors, _options = loader.load_string(exporter.fetched(uid))
        assert (errors, item.result["rows"]) == ([], booked)
        with acting_as(merchant):
            assert SealedFile.objects.filter(merchant_id=merchant).count() == 1

    def test_O10_one_that_is_stopped_leaves_no_file(self, exporter, sold, merchant, monkeypatch):
        monkeypatch.setattr(exporting, "READ_AT_ONCE", 2)
        uid = exporter.start("transfers")
        broken_off(exporter, uid, monkeypatch)
        work.ask_to_cancel(merchant_id=merchant, uid=uid)

        assert exporter.run(uid).state is WorkState.CANCELLED
        with acting_as(merchant):
            assert SealedFile.objects.filter(merchant_id=merchant).count() == 0

    def test_progress_knows_how_many_there_are(self, exporter, sold, merchant):
        booked = len(ledger.entries(merchant_id=merchant, limit=500).entries)

        for name, kind in (("transfers", "csv"), ("books", "beancount")):
            uid = exporter.start(name, kind)
            assert works.work(merchant_id=merchant, uid=uid).total == booked

    @pytest.mark.parametrize(("name", "kind"), [
        ("books", "xlsx"), ("transfers", "beancount"), ("cards", "csv"), ("payments", ""),
    ])  # fmt: skip
    def test_what_there_is_not_is_refused(self, exporter, name, kind):
        with pytest.raises(BadExport):
            exporter.start(name, kind)

    def test_I2_nobody_else_fetches_it(self, exporter, sold, other_merchant):
        uid = exporter.start("payments")
        exporter.run(uid)

        with pytest.raises(UnknownExport):
            exporter.fetched(uid, Actor(kind="user", id=987, label="x"))
        with pytest.raises(works.UnknownWork):
            running.fetch_export(merchant_id=other_merchant, actor=ACTOR, uid=uid)

    def test_every_list_has_its_page_at_the_desk(self):
        assert set(AT_THE_DESK) == set(LISTS)


def broken_off(exporter: Exporter, uid: str, monkeypatch) -> None:
    """Run a job whose third part is not written: the connection is gone."""
    real, calls = exporting._write_some, []

    def breaking(*values):
        calls.append(1)
        if len(calls) == 3:
            raise OperationalError("the connection is gone")
        return real(*values)

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_write_some", breaking)
        with pytest.raises(OperationalError):
            exporter.run(uid)
