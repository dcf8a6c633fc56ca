"""Exports of orders at the desk, over real HTTP (O10)."""

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from kacang.orders.exports import operations
from kacang.shared.contacts import Contact
from tests.orders.batches.conftest import Shop
from tests.web.console.conftest import work_as

NEW = "/console/batches/export/"
FORM = {"all": "1", "go": "1", "kind": "xlsx", "columns": ["number", "amount", "email"]}


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def placed(shop):
    return shop.place((shop.nuts(), 1), contact=Contact(email="zhao@example.com"))


def exported(client, shop, **form) -> tuple[str, list[list[Any]]]:
    answer = client.post(NEW, {**FORM, **form})
    uid = answer.headers["Location"].split("/")[-2]
    operations.run_export(merchant_id=shop.merchant, work_uid=uid)
    sent = client.post(f"{NEW}{uid}/file/")
    assert sent.status_code == 200
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(sent.streaming_content)))
    return uid, book.get_sheet_by_index(0).to_python()


class TestExport:
    def test_O10_the_owner_gets_whole_contacts(self, owner, shop, placed):
        uid, rows = exported(owner, shop)

        assert rows[1] == [placed.number, 198.0, "zhao@example.com"]
        assert "Download" in owner.get(f"{NEW}{uid}/").content.decode()

    def test_I1_others_get_them_masked(self, shop, placed):
        client = work_as(shop.merchant, "order_operator")

        _, rows = exported(client, shop)

        assert rows[1][2] == "z***@example.com"

    def test_O10_one_order_from_its_row(self, owner, shop, placed):
        listed = owner.get("/console/orders/?view=all").content.decode()
        assert f'form="one-form" name="pick" value="{placed.number}"' in listed
        sales = work_as(shop.merchant, "sales").get("/console/orders/?view=all").content.decode()
        assert "one-form" not in sales

        asked = owner.post(NEW, {"pick": placed.number}).content.decode()

        assert f'name="pick" value="{placed.number}"' in asked

    def test_O10_a_form_that_is_sent_twice_is_one_export(self, owner, shop, placed):
        sent = [owner.post(NEW, {**FORM, "token": "t-1"}).headers["Location"] for _ in range(2)]
        other = owner.post(NEW, {**FORM, "token": "t-1", "kind": "csv"}).headers["Location"]

        assert sent[0] == sent[1] != other

    @pytest.mark.parametrize("role", ["sales", "warehouse", "customer_service", "stock_keeper"])
    def test_I1_who_may_not_export_cannot(self, shop, placed, role):
        assert work_as(shop.merchant, role).post(NEW, FORM).status_code == 403

    def test_O10_somebody_elses_file_is_not_found(self, owner, shop, placed):
        uid, _ = exported(owner, shop)
        other = work_as(shop.merchant, "owner")

        assert other.post(f"{NEW}{uid}/file/").status_code == 404
        assert "Only who asked for it" in other.get(f"{NEW}{uid}/").content.decode()

    def test_I2_another_merchants_export_is_not_found(self, owner, shop, placed, other_merchant):
        uid, _ = exported(owner, shop)
        theirs = work_as(other_merchant, "owner")

        assert theirs.get(f"{NEW}{uid}/").status_code == 404
        assert theirs.post(f"{NEW}{uid}/file/").status_code == 404
        assert theirs.post(f"{NEW}{uid}/cancel/").status_code == 404

    def test_O10_without_columns_it_says_so(self, owner, shop, placed):
        answer = owner.post(NEW, {**FORM, "columns": []})

        assert answer.status_code == 422
        assert "Choose at least one column" in answer.content.decode()
