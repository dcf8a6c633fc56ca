"""Exports of orders: chosen columns of all that match, in parts, sealed, resumed (O10)."""

import csv
import io
from typing import Any

import pytest
from django.db import OperationalError
from python_calamine import CalamineWorkbook

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import BadColumns
from kacang.orders.exports import operations
from kacang.orders.exports.operations import ExportRequest, UnknownExport
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.models import OrderState
from kacang.outbox import exporting, files, work
from kacang.outbox import queries as works
from kacang.outbox.models import SealedFile
from kacang.outbox.work import WorkState
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from tests.orders.batches.conftest import Shop
from tests.stock.conftest import ACTOR

COLUMNS = ("number", "state", "amount", "units", "email", "phone")
WORDS = {int(state): state.name.lower() for state in OrderState}


class Desk(Shop):
    """A shop that exports its orders."""

    sku = ""

    def export(self, *, kind: str = "xlsx", masked: bool = True, **more) -> str:
        request = ExportRequest(
            more.pop("where", OrderFilter()), more.pop("columns", COLUMNS), kind, WORDS, masked,
            "zh-hans",
        )  # fmt: skip
        return operations.start_export(
            merchant_id=self.merchant, actor=ACTOR, request=request, now=utc_now()
        )

    def done(self, uid: str):
        operations.run_export(merchant_id=self.merchant, work_uid=uid)
        return works.work(merchant_id=self.merchant, uid=uid)

    def fetched(self, uid: str, actor: Actor = ACTOR) -> bytes:
        _, pieces = operations.fetch_export(merchant_id=self.merchant, actor=actor, uid=uid)
        return b"".join(pieces)

    def sheet(self, uid: str) -> list[list[Any]]:
        book = CalamineWorkbook.from_filelike(io.BytesIO(self.fetched(uid)))
        return book.get_sheet_by_index(0).to_python()

    def placed_with(self, email: str, phone: str = "+8613826042716"):
        return self.place((self.sku, 1), contact=Contact(email, phone))


@pytest.fixture
def shop(merchant) -> Desk:
    desk = Desk(merchant)
    desk.sku = desk.nuts()
    return desk


class TestExport:
    def test_O10_a_workbook_says_what_was_chosen(self, shop):
        one = shop.placed_with("=cmd@example.com")
        shop.pay(one)
        two = shop.place((shop.sku, 2))

        uid = shop.export()
        item = shop.done(uid)

        assert (item.state, item.result["rows"]) == (WorkState.DONE, 2)
        heads, *rows = shop.sheet(uid)
        assert heads == ["订单号", "状态", "应付", "件数", "邮箱", "手机号"]
        assert rows[0] == [one.number, "paid", 198.0, 1.0, "=***@example.com", "+86138****2716"]
        assert rows[1][:4] == [two.number, "pending", 396.0, 2.0]

    def test_O10_a_text_starts_no_formula(self, shop):
        shop.placed_with("=cmd@example.com")
        uid = shop.export(kind="csv", masked=False)
        shop.done(uid)

        rows = list(csv.reader(io.StringIO(shop.fetched(uid).decode("utf-8-sig"))))

        assert rows[1][4:] == ["'=cmd@example.com", "'+8613826042716"]

    def test_O10_many_parts_make_one_sheet(self, shop, monkeypatch):
        monkeypatch.setattr(exporting, "READ_AT_ONCE", 3)
        placed = [shop.place((shop.sku, 1)) for _ in range(10)]

        uid = shop.export(columns=("number",))
        shop.done(uid)

        assert [row[0] for row in shop.sheet(uid)[1:]] == [one.number for one in placed]
        with acting_as(shop.merchant):
            assert SealedFile.objects.filter(merchant_id=shop.merchant).count() == 1

    def test_O10_goes_on_behind_the_last_part_after_a_break(self, shop, monkeypatch):
        monkeypatch.setattr(exporting, "READ_AT_ONCE", 3)
        placed = [shop.place((shop.sku, 1)) for _ in range(10)]
        uid = shop.export(columns=("number",))
        real, calls = exporting._write_some, []

        def breaking(*values):
            calls.append(1)
            if len(calls) == 3:
                raise OperationalError("the connection is gone")
            return real(*values)

        monkeypatch.setattr(exporting, "_write_some", breaking)
        with pytest.raises(OperationalError):
            shop.done(uid)

        shop.done(uid)

        assert [row[0] for row in shop.sheet(uid)[1:]] == [one.number for one in placed]

    def test_O10_stopped_it_leaves_no_file(self, shop, monkeypatch):
        monkeypatch.setattr(exporting, "READ_AT_ONCE", 3)
        for _ in range(7):
            shop.place((shop.sku, 1))
        uid = shop.export()
        real = exporting._write_some

        def stopping(*values):
            work.ask_to_cancel(merchant_id=shop.merchant, uid=uid)
            return real(*values)

        monkeypatch.setattr(exporting, "_write_some", stopping)
        item = shop.done(uid)

        assert item.state is WorkState.CANCELLED
        with acting_as(shop.merchant):
            assert not SealedFile.objects.filter(merchant_id=shop.merchant).exists()

    def test_O10_nothing_found_is_headings_alone(self, shop):
        uid = shop.export(where=OrderFilter(numbers=("X",)))

        assert shop.done(uid).result["rows"] == 0
        assert len(shop.sheet(uid)) == 1

    @pytest.mark.parametrize(
        ("columns", "kind"), [((), "xlsx"), (("secret",), "xlsx"), (("number",), "pdf")]
    )
    def test_O10_unknown_columns_and_kinds_are_refused(self, shop, columns, kind):
        with pytest.raises(BadColumns):
            shop.export(columns=columns, kind=kind)

    def test_O10_it_is_for_who_asked_and_the_content_lies_sealed(self, shop, other_merchant):
        placed = shop.placed_with("zhao@example.com")
        uid = shop.export(masked=False)
        shop.done(uid)

        with pytest.raises(UnknownExport):
            shop.fetched(uid, Actor("user", 8, "x", ""))
        with pytest.raises(works.UnknownWork):
            operations.fetch_export(merchant_id=other_merchant, actor=ACTOR, uid=uid)
        item = works.work(merchant_id=shop.merchant, uid=uid)
        assert "zhao" not in str(item)
        assert placed.number not in str(item.arguments)
        files.delete(merchant_id=shop.merchant, uid=item.result["export_file"])
        with pytest.raises(UnknownExport):
            shop.fetched(uid)
