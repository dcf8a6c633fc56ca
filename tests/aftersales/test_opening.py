"""X1, L23: what a buyer may complain about, with which evidence, and how often."""

import io

import pytest
from django.db import connection
from PIL import Image

from kacang.aftersales import errors, operations, queries
from kacang.aftersales.models import CaseEvent, CaseKind, CaseState, FileKind
from kacang.aftersales.rules import (
    BY_ADDRESS,
    BY_ORDER,
    CASES_PER_ORDER,
    DAY_SECONDS,
    FILES_PER_MESSAGE,
)
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.cards.replacing import replace_card
from kacang.orders.errors import UnknownOrder
from kacang.orders.refunding.types import Cards, RefundWay, RefundWish
from kacang.orders.types import Origin
from kacang.risk import operations as risk
from kacang.risk.operations import Scope, TooManyAttempts
from kacang.shared import videos
from kacang.shared.money import Money
from kacang.vault.queries import cards_of_units
from tests import make
from tests.aftersales.cases import BUYER, Sold, box, contact, film, jpeg, mp4, picture, webm
from tests.threads import at_once


def count(merchant, table):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        return cursor.fetchone()[0]


@pytest.fixture
def sold(merchant):
    return Sold(merchant, 2)


class TestOpenCase:
    def test_holds_what_the_buyer_says_and_shows(self, sold):
        uid = sold.open(text=" 卡密无效 ABCD-1234 ", files=[picture(), film()])

        found = sold.view(uid)
        assert (found.row.state, found.row.kind) == (CaseState.NEW, CaseKind.NOT_WORKING)
        assert found.places == list(sold.places[:1])
        assert [message.text for message in found.messages] == ["卡密无效 ABCD-1234"]
        assert [file.kind for file in found.messages[0].files] == [
            FileKind.PICTURE, FileKind.VIDEO,
        ]  # fmt: skip
        assert [entry.event for entry in found.entries] == [CaseEvent.OPENED]
        assert found.row.due_at is not None
        assert not found.row.is_late

    def test_what_is_written_lies_sealed(self, sold):
        sold.open(text="我的卡密是 SECRET-0001")

        with acting_as(sold.merchant), connection.cursor() as cursor:
            cursor.execute("select body from case_message")
            body = bytes(cursor.fetchone()[0])
        assert b"SECRET-0001" not in body

    def test_the_same_form_sent_many_times_opens_one(self, sold):
        new = sold.new(files=[picture()])
        job = lambda: operations.open_case(merchant_id=sold.merchant, new=new, actor=BUYER)  # noqa: E731

        found = at_once([job] * 8)

        assert len(set(found)) == 1
        assert count(sold.merchant, "after_sales_case") == 1
        assert count(sold.merchant, "case_file") == 1

    def test_of_many_who_complain_of_one_unit_at_once_one_case_comes(self, sold):
        found = at_once([sold.open for _ in range(8)])

        assert sum(isinstance(one, errors.OpenAlready) for one in found) == 7
        assert count(sold.merchant, "after_sales_case") == 1
        assert count(sold.merchant, "case_message") == 1

    def test_another_unit_of_the_order_is_another_case(self, sold):
        sold.open()

        sold.open(places=sold.places[1:])

        assert count(sold.merchant, "after_sales_case") == 2

    @pytest.mark.parametrize("text", ["", "   ", "长" * 2001, "a\0b"])
    def test_needs_words(self, sold, text):
        with pytest.raises(errors.TextMissing):
            sold.open(text=text)
        assert count(sold.merchant, "after_sales_case") == 0

    def test_refuses_units_that_are_not_the_orders(self, sold, merchant):
        other = Sold(merchant, made=make.sku(merchant), account=sold.account)
        for places in ((), other.places, (*sold.places[:1], *sold.places[:1]), ((1, 99),)):
            with pytest.raises(errors.BadCaseUnits):
                sold.open(places=places)
        assert count(merchant, "after_sales_case") == 0

    def test_refuses_units_whose_money_went_back(self, sold):
        wish = RefundWish(
            Money(1999), "退货", units=sold.places[:1], cards=Cards.VOID, way=RefundWay.BY_HAND
        )
        orders.request_refund(
            merchant_id=sold.merchant, number=sold.number, wish=wish, actor=SYSTEM, role="rule"
        )

        with pytest.raises(errors.BadCaseUnits):
            sold.open()

    def test_is_not_for_unpaid_orders(self, merchant):
        placed = make.order(make.sku(merchant), provider="")
        sold = Sold.__new__(Sold)
        sold.merchant, sold.number, sold.places = merchant, placed.number, ((1, 1),)

        with pytest.raises(errors.NotObserved):
            sold.open()

    def test_another_card_is_observed_as_long_as_the_first(self, merchant):
        sold = Sold(merchant, 1)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update sale_order set delivered_at = delivered_at - interval '8 days'"
                " where id = %s",
                [sold.order.id],
            )
        before = queries.is_observed(merchant_id=merchant, order=sold.order)
        (card,) = cards_of_units(
            merchant_id=merchant, line_ids=[sold.places[0][0]], offset=0, limit=9
        )

        replace_card(
            merchant_id=merchant, card_uid=card.card_uid, actor=SYSTEM, reason="坏卡",
        )  # fmt: skip

        assert before is False
        assert queries.is_observed(merchant_id=merchant, order=sold.order)
        assert sold.open()

    def test_ends_with_the_time_of_observation(self, sold):
        change_settings(merchant_id=sold.merchant, values={"case_observe_days": 0}, actor=SYSTEM)

        with pytest.raises(errors.NotObserved):
            sold.open()

    def test_nobody_opens_one_for_an_order_of_another_merchant(self, sold, other_merchant):
        with pytest.raises(UnknownOrder):
            operations.open_case(merchant_id=other_merchant, new=sold.new(), actor=BUYER)

    def test_an_order_has_so_many_and_no_more(self, sold):
        for _ in range(CASES_PER_ORDER):
            uid = sold.open()
            operations.close(**sold.mine(uid))

        with pytest.raises((errors.TooManyCases, TooManyAttempts)):
            sold.open()

    def test_a_contact_has_so_many_a_day(self, merchant):
        made, account, who = make.sku(merchant, cards=20), make.account(merchant), contact()
        change_settings(merchant_id=merchant, values={"case_contact_max": 3}, actor=SYSTEM)
        for _ in range(3):
            Sold(merchant, made=made, account=account, contact=who).open()

        with pytest.raises(TooManyAttempts):
            Sold(merchant, made=made, account=account, contact=who).open()
        assert count(merchant, "after_sales_case") == 3

    def test_a_network_address_has_so_many_a_day(self, merchant):
        first, second = Sold(merchant, 1), Sold(merchant, 1)
        origin = Origin(address="203.0.113.77")
        for _ in range(BY_ADDRESS - 1):
            risk.count_attempt(
                merchant_id=merchant, scope=Scope.CASES_BY_ADDRESS, value=origin.address,
                limit=BY_ADDRESS, window_seconds=DAY_SECONDS,
            )  # fmt: skip
        first.open(origin=origin)

        with pytest.raises(TooManyAttempts):
            second.open(origin=origin)

        assert second.open(origin=Origin(address="203.0.113.78"))

    def test_an_order_has_so_many_messages_an_hour(self, sold):
        uid = sold.open()
        for number in range(BY_ORDER):
            operations.write(**sold.mine(uid, text=f"{number}"))

        with pytest.raises(TooManyAttempts):
            operations.write(**sold.mine(uid, text="再来一条"))

        assert len(sold.view(uid).messages) == 1 + BY_ORDER

    def test_a_buyer_with_many_refunds_is_marked(self, merchant):
        made, account, who = make.sku(merchant, cards=9), make.account(merchant), contact()
        change_settings(merchant_id=merchant, values={"case_repeats": 2}, actor=SYSTEM)
        marks = []
        for _ in range(3):
            sold = Sold(merchant, made=made, account=account, contact=who)
            marks.append(sold.view(sold.open()).row.is_repeater)
            wish = RefundWish(None, "退款", units=sold.places, way=RefundWay.BY_HAND)
            asked = orders.request_refund(
                merchant_id=merchant, number=sold.number, wish=wish, actor=SYSTEM, role="rule"
            )
            orders.finish_by_hand(
                merchant_id=merchant, number=asked.numbers[0], actor=SYSTEM, note="已退"
            )

        assert marks == [False, False, True]

    def test_another_orders_case_is_not_found(self, sold, merchant):
        uid = sold.open()
        other = Sold(merchant, made=make.sku(merchant), account=sold.account)

        with pytest.raises(errors.UnknownCase):
            queries.case(merchant_id=merchant, uid=uid, order_id=other.order.id)
        with pytest.raises(errors.UnknownCase):
            operations.write(**{**sold.mine(uid, text="x"), "order_id": other.order.id})


class TestEvidence:
    def judged(self, body, name="a.jpg", content_type="image/jpeg"):
        return operations.judge_evidence(name=name, content_type=content_type, body=body)

    def test_a_picture_is_written_anew_without_where_it_was_taken(self):
        found = self.judged(jpeg(comment=b"<script>alert(1)</script>"))

        assert (found.kind, found.content_type) == (FileKind.PICTURE, "image/webp")
        assert b"GPS" not in found.body
        assert b"script" not in found.body
        assert not Image.open(io.BytesIO(found.body)).getexif()

    @pytest.mark.parametrize(
        ("body", "name", "kind"),
        [
            (mp4(), "a.mp4", videos.MP4),
            (mp4(brand=b"qt  "), "IMG_1.MOV", videos.MOV),
            (webm(), "a.webm", videos.WEBM),
            (mp4(), "", videos.MP4),
        ],
    )
    def test_a_video_stays_as_it_is(self, body, name, kind):
        found = self.judged(body, name, "")

        assert (found.kind, found.content_type, found.body) == (FileKind.VIDEO, kind, body)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html><script>alert(1)</script>",
            b"%PDF-1.7",
            b"MZ" + b"\0" * 99,
            mp4() + b"<script>",  # something behind the last part
            mp4()[:-1],  # cut off
            mp4(brand=b"heic"),
            box(b"ftyp", b"isom") + box(b"mdat", b"x"),  # no moov
            box(b"moov") + box(b"ftyp", b"isom") + box(b"mdat"),
            b"\x1a\x45\xdf\xa3" + b"\x42\x82\x88matroska" + b"\0" * 60,
            b"\x89PNG\r\n\x1a\n<svg onload=alert(1)>",
        ],
    )
    @pytest.mark.parametrize("name", ["a.jpg", "a.mp4"])
    def test_what_only_says_it_is_one_is_refused(self, body, name):
        with pytest.raises(errors.BadEvidence):
            self.judged(body, name, "image/jpeg" if name == "a.jpg" else "video/mp4")

    def test_a_video_called_a_picture_is_a_lie_and_the_other_way_round(self):
        with pytest.raises(errors.NotWhatItSays):
            self.judged(mp4(), "a.jpg")
        with pytest.raises(errors.NotWhatItSays):
            self.judged(jpeg(), "a.mp4", "video/mp4")

    def test_so_many_a_message_and_one_video(self, sold):
        for files in ([picture()] * (FILES_PER_MESSAGE + 1), [film(), film()]):
            with pytest.raises(errors.TooMuchEvidence):
                sold.open(files=files)
        assert count(sold.merchant, "after_sales_case") == 0
        assert count(sold.merchant, "sealed_file") == 0

    def test_is_read_by_the_case_that_it_is_of_alone(self, sold):
        uid = sold.open(files=[picture()])
        other = sold.open(places=sold.places[1:])
        file = sold.view(uid).messages[0].files[0]

        _, body = operations.read_evidence(merchant_id=sold.merchant, case_uid=uid, uid=file.uid)

        assert body.startswith(b"RIFF")
        with pytest.raises(errors.UnknownEvidence):
            operations.read_evidence(merchant_id=sold.merchant, case_uid=other, uid=file.uid)

    def test_lies_sealed_and_ends_with_its_time(self, sold, merchant):
        film_body = mp4(body=b"PLAINTEXT" * 20)
        found = operations.judge_evidence(name="", content_type="", body=film_body)
        uid = sold.open(files=[found])
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select body from sealed_chunk")
            assert b"PLAINTEXT" not in b"".join(bytes(row[0]) for row in cursor.fetchall())
            cursor.execute("update sealed_file set expires_at = clock_timestamp()")
        file = sold.view(uid).messages[0].files[0]

        with pytest.raises(errors.UnknownEvidence):
            operations.read_evidence(merchant_id=merchant, case_uid=uid, uid=file.uid)
