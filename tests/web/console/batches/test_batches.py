"""Doing one thing with many orders at the desk, over real HTTP (O4, L2)."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kacang.merchants.audit import SYSTEM
from kacang.orders.batches import operations
from kacang.orders.models import Event, OrderState
from kacang.orders.tagging.tags import make_tag
from kacang.outbox import queries as works
from kacang.web.console.orders import tags
from tests.orders.batches.conftest import Shop, tracking, workbook
from tests.web.console.conftest import work_as

NEW = "/console/batches/"


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


def uid_in(answer) -> str:
    found = re.search(r"/batches/(?:ship/)?(job_\w+)/", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return found[1]


def numbers(placed) -> list[str]:
    return [one.number for one in placed]


class TestBatch:
    def test_O4_names_count_and_amount_before_it_starts(self, owner, shop):
        sku = shop.nuts()
        paid = shop.many(sku, 2)
        unpaid = shop.place((sku, 1))

        answer = owner.post(NEW, {"act": "hand_over", "pick": numbers([*paid, unpaid])})

        text = answer.content.decode()
        assert answer.status_code == 200
        assert re.search(r"It can be done with</dt><dd[^>]*>2<", text)
        assert "396.00" in text
        assert works.works(merchant_id=shop.merchant, kinds=("orders.batch",)) == []

    def test_O4_is_done_and_shows_what_came_of_each(self, owner, shop):
        sku = shop.nuts()
        paid = shop.many(sku, 2)
        unpaid = shop.place((sku, 1))
        form = {"act": "hand_over", "go": "1", "pick": numbers([*paid, unpaid])}

        uid = uid_in(owner.post(NEW, form))
        shop.run(uid)

        text = owner.get(f"/console/batches/{uid}/?show=refused").content.decode()
        assert unpaid.number in text
        assert paid[0].number not in text
        csv = b"".join(owner.get(f"/console/batches/{uid}/rows.csv").streaming_content).decode()
        assert csv.startswith("\ufeff")
        assert len(csv.splitlines()) == 4
        assert f"{paid[0].number},Done" in csv

    def test_O4_all_that_match_the_filter(self, owner, shop):
        sku = shop.nuts()
        paid = shop.many(sku, 3)
        shop.place((sku, 1))
        form = {"act": "note", "go": "1", "all": "1", "state": "paid", "text": "加急"}

        uid = uid_in(owner.post(NEW, form))
        shop.run(uid)

        assert shop.ended(uid).result["rows"] == 3
        assert all(Event.NOTE in shop.events(one) for one in paid)

    @pytest.mark.parametrize(
        "form",
        [{"act": "note"}, {"act": "note", "all": "1", "state": "nonsense", "go": "1"}],
    )
    def test_O4_what_chooses_nothing_starts_nothing(self, owner, shop, form):
        shop.many(shop.nuts(), 1)

        answer = owner.post(NEW, form)

        assert answer.headers["Location"] == "/console/orders/"
        assert works.works(merchant_id=shop.merchant, kinds=("orders.batch",)) == []

    def test_O4_more_than_are_named_one_by_one_are_not_cut_short(self, owner, shop):
        paid = shop.many(shop.nuts(), 1)
        many = [*numbers(paid), *(f"20261126{n:010}" for n in range(500))]

        answer = owner.post(NEW, {"act": "note", "go": "1", "text": "x", "pick": many}, follow=True)

        assert "At most 500 orders are selected one by one" in answer.content.decode()
        assert works.works(merchant_id=shop.merchant, kinds=("orders.batch",)) == []

    def test_O4_a_form_that_is_sent_twice_is_one_job(self, owner, shop):
        paid = shop.many(shop.nuts(), 2)
        asked = owner.post(NEW, {"act": "note", "pick": numbers(paid)}).content.decode()
        (token,) = re.findall(r'name="token" value="([\w-]{16,})"', asked)
        form = {"act": "note", "go": "1", "text": "一次", "token": token, "pick": numbers(paid)}

        first, again = (uid_in(owner.post(NEW, form)) for _ in range(2))
        for uid in (first, again):
            shop.run(uid)

        assert first == again
        assert all(shop.events(one).count(Event.NOTE) == 1 for one in paid)
        other = uid_in(work_as(shop.merchant, "owner").post(NEW, form))
        assert other != first

    @pytest.mark.parametrize("act", ["", "nothing", "ship", "unship"])
    def test_O4_unknown_acts_are_not_found(self, owner, shop, act):
        assert owner.post(NEW, {"act": act, "all": "1"}).status_code == 404

    @pytest.mark.parametrize(
        ("role", "act"),
        [("sales", "cancel"), ("warehouse", "cancel"), ("customer_service", "hand_over")],
    )
    def test_I1_each_act_wants_its_permission(self, shop, role, act):
        paid = shop.many(shop.nuts(), 1)
        client = work_as(shop.merchant, role)

        answer = client.post(NEW, {"act": act, "go": "1", "pick": numbers(paid)})

        assert answer.status_code == 403
        assert shop.state(paid[0]) is OrderState.PAID

    def test_O4_the_csv_starts_no_formula(self, owner, shop):
        check = shop.checked(b"=HYPERLINK(1),sf,SF1234567890123\n+1,sf,SF1234567890124\n", "a.csv")

        answer = owner.get(f"/console/batches/ship/{check.uid}/faults/")

        assert answer.status_code == 200
        assert b"<f>" not in answer.content


class TestTagging:
    @pytest.fixture
    def tag(self, merchant):
        return make_tag(merchant_id=merchant, name="双十一", colour="red", actor=SYSTEM)

    def test_O4_all_that_match_are_tagged_by_a_job_and_untagged_by_its_undo(self, owner, shop, tag):
        sku = shop.nuts()
        paid = shop.many(sku, 3)
        shop.place((sku, 1))
        asked = owner.post(NEW, {"act": "tag", "all": "1", "state": "paid"}).content.decode()
        assert f'<option value="{tag}">双十一</option>' in asked

        form = {"act": "tag", "go": "1", "all": "1", "state": "paid", "mark": tag}
        uid = uid_in(owner.post(NEW, form))
        shop.run(uid)

        listed = owner.get(f"/console/orders/?tag={tag}").content.decode()
        assert all(one.number in listed for one in paid)
        page = owner.get(f"/console/batches/{uid}/").content.decode()
        assert "双十一" in page
        assert "Take it back" in page
        back = uid_in(owner.post(f"/console/batches/{uid}/undo/"))
        shop.run(back)
        assert paid[0].number not in owner.get(f"/console/orders/?tag={tag}").content.decode()
        assert "This was taken back" in owner.get(f"/console/batches/{uid}/").content.decode()

    def test_I1_who_may_only_look_takes_nothing_back(self, owner, shop, tag):
        shop.many(shop.nuts(), 1)
        uid = uid_in(owner.post(NEW, {"act": "tag", "go": "1", "all": "1", "mark": tag}))
        shop.run(uid)
        finance = work_as(shop.merchant, "finance")

        assert "Take it back" not in finance.get(f"/console/batches/{uid}/").content.decode()
        assert finance.post(f"/console/batches/{uid}/undo/").status_code == 403
        assert finance.post(NEW, {"act": "tag", "all": "1"}).status_code == 403

    def test_O4_from_the_list_too_where_they_are_many(self, owner, shop, tag, monkeypatch):
        monkeypatch.setattr(tags, "NUMBERS_MAX", 2)
        paid = shop.many(shop.nuts(), 3)
        form = {"all": "1", "state": "paid", "mark": tag}

        answer = owner.post("/console/orders/tag/", form, headers={"HX-Request": "true"})

        uid = answer.headers["HX-Redirect"].split("/")[-2]
        assert shop.run(uid).result["changed_orders"] == 3
        again = owner.post(
            "/console/orders/tag/", {**form, "how": "take"}, headers={"HX-Request": "true"}
        )
        uid = again.headers["HX-Redirect"].split("/")[-2]
        assert shop.run(uid).result["changed_orders"] == 3
        listed = owner.get(f"/console/orders/?tag={tag}").content.decode()
        assert paid[0].number not in listed

    def test_O4_a_filter_that_makes_no_sense_tags_nothing(self, owner, shop, tag):
        paid = shop.many(shop.nuts(), 1)

        owner.post("/console/orders/tag/", {"all": "1", "state": "nonsense", "mark": tag})

        listed = owner.get(f"/console/orders/?tag={tag}").content.decode()
        assert paid[0].number not in listed


class TestList:
    def test_L2_from_a_workbook_to_parcels(self, owner, shop):
        paid = shop.many(shop.nuts(), 3)
        lines = [(one.number, "顺丰", tracking()) for one in paid]
        lines[1] = (lines[1][0], "顺丰", "错")
        upload = SimpleUploadedFile("发货.xlsx", workbook(lines))

        check = uid_in(owner.post("/console/batches/ship/", {"file": upload}))
        operations.run_ship_check(merchant_id=shop.merchant, work_uid=check)

        text = owner.get(f"/console/batches/ship/{check}/").content.decode()
        assert "1 line cannot be sent" in text
        assert "Send 2 orders" in text
        uid = uid_in(owner.post(f"/console/batches/ship/{check}/send/", {"mode": "good"}))
        shop.run(uid)
        states = [shop.state(one) for one in paid]
        assert states == [OrderState.SHIPPED, OrderState.PAID, OrderState.SHIPPED]
        text = owner.get(f"/console/batches/{uid}/").content.decode()
        assert "Call all parcels back" in text
        undone = uid_in(owner.post(f"/console/batches/{uid}/undo/", {"reason": "表错了"}))
        shop.run(undone)
        assert {shop.state(one) for one in paid} == {OrderState.PAID}
        assert shop.wrong() == []

    def test_L2_pasted_lines_with_a_courier_for_all(self, owner, shop):
        (one,) = shop.many(shop.nuts(), 1)
        form = {"lines": f"{one.number}\t{tracking()}\r\n", "courier": "sf"}

        check = uid_in(owner.post("/console/batches/ship/", form))
        operations.run_ship_check(merchant_id=shop.merchant, work_uid=check)

        assert shop.ended(check).result["good"] == 1

    def test_L2_other_columns_may_be_said(self, owner, shop):
        (one,) = shop.many(shop.nuts(), 1)
        check = shop.checked(workbook([("x", one.number, "备注")], ("A", "B", "C")))
        form = {"column-1": "number", "column-2": "tracking", "courier": "other", "header": "yes"}

        again = uid_in(owner.post(f"/console/batches/ship/{check.uid}/again/", form))
        operations.run_ship_check(merchant_id=shop.merchant, work_uid=again)

        assert shop.ended(again).result["columns"] == {"number": 1, "tracking": 2}

    def test_L2_a_lying_file_is_said_in_words(self, owner, shop):
        check = shop.checked(b"%PDF-1.7 \0\0", "a.xlsx")

        text = owner.get(f"/console/batches/ship/{check.uid}/").content.decode()

        assert "no text and no workbook" in text or "no .xlsx workbook" in text

    def test_I1_sales_send_nothing(self, shop):
        client = work_as(shop.merchant, "sales")

        assert client.get("/console/batches/ship/").status_code == 403

    def test_I2_another_merchants_list_is_not_found(self, shop, other_merchant):
        check = shop.checked(b"x,sf,SF1234567890123\n", "a.csv")
        theirs = work_as(other_merchant, "owner")

        for path in ("", "send/", "faults/", "again/"):
            method = theirs.post if path in ("send/", "again/") else theirs.get
            assert method(f"/console/batches/ship/{check.uid}/{path}").status_code == 404
