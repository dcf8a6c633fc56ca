"""X1, L23: a problem with an order, from the buyer's browser without scripts."""

import secrets

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from kacang.aftersales import operations, queries
from kacang.aftersales.types import CaseState, Decision, Verdict
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.refunding.queries import places_of
from tests import make
from tests.aftersales.cases import CLERK, box, jpeg, mp4
from tests.web.shop.conftest import Buyer, text


@pytest.fixture
def bought(shop, buyer):
    """A number that the buyer's browser has paid for."""
    made = make.sku(shop.info.id, cards=4)
    number = buyer.buy(made, 2)
    shop.pay(number)
    return number


@pytest.fixture
def place(shop, bought):
    line, unit = places_of(merchant_id=shop.info.id, number=bought)[0]
    return f"{line}:{unit}"


def sent(*files):
    return [SimpleUploadedFile(name, body, kind) for name, body, kind in files]


def complain(buyer, number, place, **changes):
    values = {
        "unit": place,
        "kind": "used",
        "text": "兑换时提示已被使用",
        "request_uid": secrets.token_hex(8),
        **changes,
    }
    return buyer.post(f"orders/{number}/problem/", values)


def cases_of(shop, number):
    with acting_as(shop.info.id), connection.cursor() as cursor:
        cursor.execute(
            "select c.uid from after_sales_case c join sale_order o on o.id = c.order_id"
            " where o.number = %s",
            [number],
        )
        return [row[0] for row in cursor.fetchall()]


def test_the_order_leads_to_the_form_and_the_case_back(shop, buyer, bought, place):
    shown = text(buyer.get(f"orders/{bought}/"))
    assert f"orders/{bought}/problem/" in shown

    answer = complain(
        buyer, bought, place,
        files=sent(("屏幕.jpg", jpeg(), "image/jpeg"), ("v.mp4", mp4(), "video/mp4")),
    )  # fmt: skip

    (uid,) = cases_of(shop, bought)
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/orders/{bought}/cases/{uid}/")
    page = text(buyer.get(answer["Location"]))
    assert "兑换时提示已被使用" in page
    assert uid in text(buyer.get(f"orders/{bought}/"))
    picture, film = queries.case(merchant_id=shop.info.id, uid=uid).messages[0].files
    found = buyer.get(f"orders/{bought}/cases/{uid}/files/{picture.uid}")
    assert (found["Content-Type"], found["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    found = buyer.get(f"orders/{bought}/cases/{uid}/files/{film.uid}")
    assert found["Content-Disposition"].startswith("attachment")
    assert "sandbox" in found["Content-Security-Policy"]
    assert found.content == mp4()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (("a.jpg", b"<html><script>1</script>", "image/jpeg"), "没有|既不是图片"),
        (("a.jpg", mp4(), "image/jpeg"), "名称不符"),
        (("a.svg", b"<svg onload=alert(1)>", "image/svg+xml"), "既不是图片"),
        (("a.mp4", box(b"ftyp", b"isom"), "video/mp4"), "既不是图片"),
    ],
)
def test_a_file_that_lies_is_refused_in_words_and_the_text_is_kept(
    shop, buyer, bought, place, file, said
):
    answer = complain(buyer, bought, place, files=sent(file))

    page = text(answer)
    assert answer.status_code == 422
    assert any(word in page for word in said.split("|"))
    assert "兑换时提示已被使用" in page
    assert cases_of(shop, bought) == []


def test_messages_with_files_are_counted_before_the_files_are_read(
    shop, buyer, bought, place, monkeypatch
):
    monkeypatch.setattr("kacang.web.shop.cases.SHOWN_MAX", 2)
    broken, good = ("a.jpg", b"no picture", "image/jpeg"), ("a.jpg", jpeg(), "image/jpeg")

    statuses = [
        complain(buyer, bought, place, files=sent(file)).status_code
        for file in (broken, broken, good)
    ]

    assert statuses == [422, 422, 429]
    # Words alone are not held up by it.
    assert complain(buyer, bought, place).status_code == 302


def test_two_files_that_only_videos_can_be_are_refused_unread(shop, buyer, bought, place):
    large = b"\0" * (10 * 2**20 + 1)

    answer = complain(
        buyer,
        bought,
        place,
        files=sent(("a.mp4", large, "video/mp4"), ("b.mp4", large, "video/mp4")),
    )

    assert answer.status_code == 422
    assert "1" in text(answer)
    assert cases_of(shop, bought) == []


def test_nobody_without_the_orders_key_opens_or_reads_a_case(shop, buyer, bought, place):
    complain(buyer, bought, place, files=sent(("a.jpg", jpeg(), "image/jpeg")))
    (uid,) = cases_of(shop, bought)
    file = queries.case(merchant_id=shop.info.id, uid=uid).messages[0].files[0].uid
    stranger = Buyer(buyer.base)

    for path in ("problem/", f"cases/{uid}/", f"cases/{uid}/files/{file}"):
        answer = stranger.get(f"orders/{bought}/{path}")
        assert answer.status_code == 403, path
        assert "兑换时" not in text(answer)
    for path in ("problem/", f"cases/{uid}/write/", f"cases/{uid}/close/"):
        assert stranger.post(f"orders/{bought}/{path}", {"text": "x"}).status_code == 403, path
    assert len(queries.case(merchant_id=shop.info.id, uid=uid).messages) == 1


def test_a_mails_link_leads_to_the_case_without_its_token(shop, buyer, bought, place):
    complain(buyer, bought, place)
    (uid,) = cases_of(shop, bought)
    token = orders.new_access_token(merchant_id=shop.info.id, number=bought)
    other = Buyer(buyer.base)

    answer = other.get(f"orders/{bought}/cases/{uid}/?t={token}")

    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/cases/{uid}/")
    assert token not in answer["Location"]
    assert other.get(answer["Location"]).status_code == 200


def test_talks_rates_and_opens_again(shop, buyer, bought, place):
    complain(buyer, bought, place)
    (uid,) = cases_of(shop, bought)
    at = f"orders/{bought}/cases/{uid}/"
    who = {"merchant_id": shop.info.id, "uid": uid, "actor": CLERK, "owner_uid": "mem_1"}
    operations.answer(**who, text="请补充 <b>视频</b>", waits=True)
    page = text(buyer.get(at))
    assert "请补充 &lt;b&gt;视频&lt;/b&gt;" in page

    assert buyer.post(at + "write/", {"text": "已补充"}).status_code == 302
    operations.decide(**who, verdict=Verdict(Decision.REJECT, "已被您使用"), role="owner")
    assert "已被您使用" in text(buyer.get(at))
    assert buyer.post(at + "write/", {"text": "再说"}).status_code == 409
    assert buyer.post(at + "rate/", {"stars": "9"}).status_code == 422
    assert buyer.post(at + "rate/", {"stars": "2", "text": "慢"}).status_code == 302
    assert buyer.post(at + "reopen/", {"text": "还是不行"}).status_code == 302

    found = queries.case(merchant_id=shop.info.id, uid=uid)
    assert (found.row.state, found.row.stars) == (CaseState.OURS, 2)
    assert buyer.post(at + "close/").status_code == 302
    assert queries.case(merchant_id=shop.info.id, uid=uid).row.state is CaseState.CLOSED


def test_says_what_is_wrong_with_a_second_case_of_the_same_unit(shop, buyer, bought, place):
    complain(buyer, bought, place)

    answer = complain(buyer, bought, place)

    assert answer.status_code == 409
    assert f"orders/{bought}/#cases" in text(answer)
    assert len(cases_of(shop, bought)) == 1


def test_long_orders_name_their_pieces_by_number(shop, buyer):
    number = buyer.buy(make.sku(shop.info.id, cards=60), 60)
    shop.pay(number)
    assert "3, 7-9" in text(buyer.get(f"orders/{number}/problem/"))

    answer = complain(buyer, number, "", codes="3, 7-9，60")

    assert answer.status_code == 302
    (uid,) = cases_of(shop, number)
    units = [unit for _, unit in queries.case(merchant_id=shop.info.id, uid=uid).places]
    assert units == [3, 7, 8, 9, 60]


@pytest.mark.parametrize("unit", ["", "x", "1", "1:", "99:1", "²:1", "9" * 30 + ":1"])
def test_nonsense_for_units_is_refused_in_words(shop, buyer, bought, unit):
    assert complain(buyer, bought, unit).status_code == 422
    assert cases_of(shop, bought) == []


def test_X2_where_it_is_is_answered_at_once_and_a_person_is_a_tap_away(shop, buyer, bought, place):
    complain(buyer, bought, place, kind="not_arrived", text="还没收到")
    (uid,) = cases_of(shop, bought)

    page = text(buyer.get(f"orders/{bought}/cases/{uid}/"))
    assert "可在订单页查看" in page or "on the order&#x27;s page" in page
    assert f"/cases/{uid}/person/" in page

    assert buyer.post(f"orders/{bought}/cases/{uid}/person/").status_code == 302
    assert queries.case(merchant_id=shop.info.id, uid=uid).row.state is CaseState.OURS
    assert f"/cases/{uid}/person/" not in text(buyer.get(f"orders/{bought}/cases/{uid}/"))
