"""X1, X2: after-sales at the desk."""

import pytest
from django.db import connection

from kacang.aftersales import operations, queries
from kacang.aftersales.types import CaseState, Decision
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.shared.money import Money
from tests.aftersales.cases import CLERK, Sold, contact, film, later, picture
from tests.aftersales.test_reshipping import Shipped
from tests.web.console.conftest import work_as

AT = "/console/aftersales/"


@pytest.fixture
def sold(merchant):
    return Sold(merchant, 2, contact=contact())


@pytest.fixture
def uid(sold):
    return sold.open(text="卡密 X-1 无效", files=[picture(), film()])


def text(answer):
    return str(answer.content, "utf-8")


def actions(merchant):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select action from audit_entry where action like 'cases.%%' order by id")
        return [row[0] for row in cursor.fetchall()]


def test_the_queue_shows_what_is_late_and_counts(merchant, owner, sold, uid):
    later(merchant, uid, hours=13)

    page = text(owner.get(AT))

    assert "1 case is late" in page
    assert sold.number in page
    assert text(owner.get(f"{AT}?q={sold.number}")).count(f'href="{AT}{uid}/"') == 2
    assert uid not in text(owner.get(f"{AT}?q=20200101AAAAAAAAAA"))
    assert uid not in text(owner.get(f"{AT}?state=closed"))
    assert uid in text(owner.get(f"{AT}?state=all"))


def test_a_case_shows_order_cards_words_and_evidence(merchant, owner, sold, uid):
    other = sold.open(places=sold.places[1:])
    page = text(owner.get(f"{AT}{uid}/"))

    assert "卡密 X-1 无效" in page
    assert sold.order.contact.email not in page
    assert other in page
    for file in queries.case(merchant_id=merchant, uid=uid).messages[0].files:
        assert file.uid in page
        answer = owner.get(f"{AT}{uid}/files/{file.uid}")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith(
            "inline" if file.kind.name == "PICTURE" else "attachment"
        )


def test_a_look_at_the_contact_is_logged_first(merchant, owner, sold, uid):
    assert sold.order.contact.email in text(owner.post(f"{AT}{uid}/contact/"))
    assert actions(merchant) == ["cases.contact_shown"]


def test_takes_and_answers_with_a_quick_reply(merchant, owner, sold, uid):
    body = {"zh-Hans": "订单 {order} 已收到，{hours} 小时内处理", "en": "{order}"}
    reply = {"title": "已收到", "zh": body["zh-Hans"], "en": body["en"]}
    assert owner.post(f"{AT}replies/", reply).status_code == 302
    (one,) = queries.replies(merchant_id=merchant)
    assert f"订单 {sold.number} 已收到，12 小时内处理" in text(
        owner.get(f"{AT}{uid}/?reply={one.uid}")
    )

    assert owner.post(f"{AT}{uid}/take/").status_code == 302
    assert owner.post(f"{AT}{uid}/answer/", {"text": "收到", "then": "wait"}).status_code == 302
    assert queries.case(merchant_id=merchant, uid=uid).row.state is CaseState.BUYERS
    assert owner.post(f"{AT}{uid}/answer/", {"text": " "}).status_code == 409
    assert owner.post(f"{AT}replies/{one.uid}/delete/").status_code == 302
    assert queries.replies(merchant_id=merchant) == []


def decide(client, uid, name, **values):
    return client.post(f"{AT}{uid}/decide/{name}/", {"reason": "同意", **values})


def test_a_refund_is_asked_twice_and_done_once(merchant, owner, sold, uid):
    values = {"amount": "19.99", "way": "by_hand", "take_back": "on"}
    asked = decide(owner, uid, "refund", **values)
    assert "<b>¥19.99</b>" in text(asked)
    assert sold.order.refunded == Money(0)

    assert decide(owner, uid, "refund", **values, step="do").status_code == 302

    row = queries.case(merchant_id=merchant, uid=uid).row
    assert (row.decision, row.amount) == (Decision.REFUND, Money(1999))
    again = decide(owner, uid, "refund", **values, step="do")
    assert again.status_code == 409
    assert sold.order.refunded == Money(1999)
    assert "has decided this case meanwhile" in text(again)


@pytest.mark.parametrize("amount", ["", "x", "0", "-1", "40.00"])
def test_a_wrong_amount_is_refused_in_words(merchant, owner, sold, uid, amount):
    answer = decide(owner, uid, "refund", amount=amount, way="by_hand", step="do")

    assert answer.status_code == 422
    assert queries.case(merchant_id=merchant, uid=uid).row.state is CaseState.NEW
    assert sold.order.refunded == Money(0)


def test_another_card_or_a_rejection(merchant, owner, sold, uid):
    other = sold.open(places=sold.places[1:])

    assert decide(owner, uid, "replace", step="do").status_code == 302
    assert decide(owner, other, "reject", step="do").status_code == 302

    assert queries.case(merchant_id=merchant, uid=uid).row.decision is Decision.REPLACE
    assert queries.case(merchant_id=merchant, uid=other).row.decision is Decision.REJECT


def test_what_does_not_fit_is_not_offered(owner, uid):
    assert "decide/reship" not in text(owner.get(f"{AT}{uid}/"))
    assert decide(owner, uid, "reship", step="do").status_code == 409
    assert owner.get(f"{AT}{uid}/decide/bribe/").status_code == 404


def test_customer_service_decides_and_finance_looks_only(merchant, sold, uid):
    assert "decide/refund" in text(work_as(merchant, "customer_service").get(f"{AT}{uid}/"))
    page = text(work_as(merchant, "finance").get(f"{AT}{uid}/"))
    assert "decide/" not in page
    assert f"{AT}{uid}/answer/" not in page
    assert work_as(merchant, "warehouse").get(f"{AT}{uid}/").status_code == 403


def test_the_overview_and_the_order_lead_to_it(owner, sold, uid):
    assert AT in text(owner.get("/console/"))
    assert uid in text(owner.get(f"/console/orders/{sold.number}/"))


def test_another_merchants_case_does_not_exist(other_merchant, uid):
    client = work_as(other_merchant)
    assert client.get(f"{AT}{uid}/").status_code == 404
    assert decide(client, uid, "reject", step="do").status_code == 404


def test_mails_lead_to_the_case(merchant, sold, uid):
    operations.take(**sold.theirs(uid))
    assert queries.case(merchant_id=merchant, uid=uid).row.owner_label == "lu@example.com"


def test_a_wrong_code_is_typed_anew_and_asked_first(merchant, owner, sold, uid):
    page = text(owner.get(f"{AT}{uid}/decide/repair/"))
    assert "Right code of #1" in page

    asked = decide(owner, uid, "repair", secret_0=" RIGHT-77 ")
    assert "<b>1</b> code is corrected" in text(asked)
    assert "no-store" in asked["Cache-Control"]
    assert queries.case(merchant_id=merchant, uid=uid).row.state is CaseState.NEW

    assert decide(owner, uid, "repair", secret_0="RIGHT-77", step="do").status_code == 302

    row = queries.case(merchant_id=merchant, uid=uid).row
    assert row.decision is Decision.REPAIR
    found = orders.deliveries(merchant_id=merchant, number=sold.number, actor=CLERK)
    assert found[0].secret == "RIGHT-77"
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select count(*) from audit_entry a where a::text like '%%RIGHT-7%%'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("secret", ["", "  ", "a\0b"])
def test_without_a_right_code_nothing_is_corrected(merchant, owner, uid, secret):
    answer = decide(owner, uid, "repair", secret_0=secret, step="do")

    assert answer.status_code == 422
    assert queries.case(merchant_id=merchant, uid=uid).row.state is CaseState.NEW


def test_a_code_in_stock_is_refused_in_words(merchant, owner, sold, uid):
    answer = decide(owner, uid, "repair", secret_0=sold.made.codes[0], step="do")

    assert answer.status_code == 409
    assert "in the stock already" in text(answer)
    assert queries.case(merchant_id=merchant, uid=uid).row.state is CaseState.NEW


def test_X1_goods_are_sent_again_with_a_courier_and_number_that_fit(merchant, owner):
    shipped = Shipped(merchant)
    uid = shipped.sold.open()
    address = f"{AT}{uid}/decide/reship/"
    said = {"reason": "运输破损，已补发", "step": "ask"}

    for courier, tracking in (("zto", ""), ("", "78123456789012"), ("zto", "1")):
        refused = owner.post(address, {**said, "courier": courier, "tracking": tracking})
        assert refused.status_code == 422
    sure = text(owner.post(address, {**said, "courier": "zto", "tracking": "7812 3456 7890 12"}))
    assert "78123456789012" in sure
    assert len(shipped.parcels()) == 1
    owner.post(address, {**said, "courier": "zto", "tracking": "7812 3456 7890 12", "step": "do"})

    assert shipped.parcels()[1].tracking_number == "78123456789012"
    page = text(owner.get(f"{AT}{uid}/"))
    assert owner.get(f"{AT}{uid}/").status_code == 200
    assert "运输破损，已补发" in page
