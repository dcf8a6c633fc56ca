"""Orders at the desk: list, filters, drawer, acts."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils.translation import override

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries
from kacang.orders.finding.addresses import split_words
from kacang.orders.types import Event, Item, OrderFilter, OrderState, PlaceRequest
from kacang.payments.ports import VerifiedNotice
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.web.console.desk import Desk
from kacang.web.console.orders.filters import read_filter
from tests import make
from tests.web.console.conftest import work_as
from tests.web.console.goods import restock, stocked_sku

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def sku(merchant):
    return stocked_sku(merchant, codes=["VIP-0001-SECRET", "VIP-0002-SECRET"])


def placed(merchant_id, sku, email="zhao.min@example.com", phone="13826042716"):
    order = operations.place_order(
        merchant_id=merchant_id,
        request=PlaceRequest(
            items=(Item(sku, 1),), contact=Contact(email, f"+86{phone}"), password="secret-word"
        ),
    )
    return order.number


class TestFilter:
    def read(self, query):
        desk = Desk(0, SYSTEM, frozenset(), "CNY", ZoneInfo("Asia/Shanghai"), "live", "x", "")
        return read_filter(QueryDict(query), desk)

    def test_takes_many_numbers_as_they_are_pasted(self):
        found = self.read("q=20261123ABCDEFGH01%0A20261123abcdefgh02, 20261123ABCDEFGH01")

        assert found.where.numbers == ("20261123ABCDEFGH01", "20261123ABCDEFGH02")

    def test_reads_four_digits_as_the_end_of_a_phone(self):
        assert self.read("by=phone&q=2716").where == OrderFilter(phone_tail="2716")
        assert self.read("by=phone&q=138 2604 2716").where == OrderFilter(phone="+8613826042716")

    def test_today_is_the_shops_day(self):
        where = self.read("period=today").where.at(NOW, ZoneInfo("Asia/Shanghai"))

        assert where.since == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
        assert where.until is None

    def test_yesterday_has_two_ends(self):
        where = self.read("period=yesterday").where.at(NOW, ZoneInfo("Asia/Shanghai"))

        assert where.since == datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
        assert where.until == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)

    def test_reads_amounts_in_the_shops_currency(self):
        where = self.read("least=19.90&most=1,000").where

        assert (where.amount_min_minor, where.amount_max_minor) == (1_990, 100_000)

    def test_shows_nothing_for_a_contact_that_is_none(self):
        found = self.read("by=email&q=nonsense")

        assert found.where.numbers == ("-",)
        assert found.problem

    def test_leaves_out_and_names_what_makes_no_sense(self):
        with override("en"):
            found = self.read("since=soon&least=many")

        assert found.where == OrderFilter()
        assert "From day" in found.problem
        assert "Amount from" in found.problem

    def test_words_are_kept_once_and_in_order(self):
        assert split_words(" b,a\n\nb；c ") == ["b", "a", "c"]


class TestList:
    def test_shows_orders_masked_with_their_acts(self, owner, merchant, sku):
        number = placed(merchant, sku)

        page = owner.get("/console/orders/").content.decode()

        assert number in page
        assert "138****2716" in page
        assert "13826042716" not in page
        assert "zhao.min@example.com" not in page
        assert f"/console/orders/{number}/?act=cancel" in page

    def test_narrows_and_offers_to_take_filters_away(self, owner, merchant, sku):
        number = placed(merchant, sku)

        assert number in owner.get("/console/orders/?by=phone&q=2716").content.decode()
        page = owner.get("/console/orders/?by=phone&q=0000").content.decode()
        assert number not in page
        assert "No order fits these filters" in page

    def test_says_what_an_empty_shop_may_expect(self, owner):
        assert "No orders yet" in owner.get("/console/orders/").content.decode()


class TestActs:
    def test_changes_the_price_with_a_reason(self, owner, merchant, sku):
        number = placed(merchant, sku)

        answer = owner.post(
            f"/console/orders/{number}/price/", {"price": "150.5", "reason": "regular buyer"}
        )

        order = queries.order(merchant_id=merchant, number=number)
        assert answer["Location"] == f"/console/orders/{number}/"
        assert order.payable.minor == 15_050
        page = owner.get(f"/console/orders/{number}/").content.decode()
        assert "¥198.00 → ¥150.50 · regular buyer" in page

    def test_says_why_a_price_is_refused_and_changes_nothing(self, owner, merchant, sku):
        number = placed(merchant, sku)

        answer = owner.post(f"/console/orders/{number}/price/", {"price": "999", "reason": "x"})

        assert 'class="banner bad"' in answer.content.decode()
        order = queries.order(merchant_id=merchant, number=number)
        assert order.payable.minor == 19_800

    def test_cancels_and_notes(self, owner, merchant, sku):
        number = placed(merchant, sku)
        owner.post(f"/console/orders/{number}/note/", {"text": "asked by phone"})
        owner.post(f"/console/orders/{number}/cancel/", {"reason": "buyer's wish"})

        order = queries.order(merchant_id=merchant, number=number)
        events = [entry.event for entry in queries.timeline(merchant_id=merchant, number=number)]
        assert order.state is OrderState.CANCELLED
        assert events == [Event.PLACED, Event.NOTE, Event.CANCELLED]

    def test_answers_the_drawer_with_the_order_as_it_is_then(self, owner, merchant, sku):
        number = placed(merchant, sku)

        answer = owner.post(f"/console/orders/{number}/cancel/", headers={"HX-Request": "true"})

        text = answer.content.decode()
        assert answer.status_code == 200
        assert "<html" not in text
        assert f'id="state-{number}" hx-swap-oob="true"' in text

    def test_shows_a_contact_in_full_only_with_a_trace(self, owner, merchant, sku):
        number = placed(merchant, sku)

        answer = owner.post(f"/console/orders/{number}/contact/", {"reason": "call back"})

        assert "+8613826042716 zhao.min@example.com" in answer.content.decode()
        assert audited(merchant, "orders.show_contact") == [number]


class TestCodes:
    def test_are_shown_with_a_reason_after_the_trace(self, owner, merchant):
        sku = stocked_sku(merchant, price="0", codes=["FREE-0001-SECRET"])
        number = placed(merchant, sku)

        hidden = owner.get(f"/console/orders/{number}/").content.decode()
        refused = owner.post(f"/console/orders/{number}/codes/", {"reason": " "})
        shown = owner.post(f"/console/orders/{number}/codes/", {"reason": "buyer lost the mail"})

        assert "FREE-0001-SECRET" not in hidden
        assert "FREE-0001-SECRET" not in refused.content.decode()
        assert "FREE-0001-SECRET" in shown.content.decode()
        assert shown["Cache-Control"].count("no-store")
        assert audited(merchant, "secrets.reveal") == [number]

    def test_all_are_shown_page_by_page(self, owner, merchant):
        """L13: what was bought is shown whole."""
        many = [f"FREE-{number:04}-SECRET" for number in range(130)]
        sku = stocked_sku(merchant, price="0", codes=many, max_per_order=200)
        request = PlaceRequest(items=(Item(sku, 130),), contact=Contact("a@example.com"))
        number = operations.place_order(merchant_id=merchant, request=request).number
        address = f"/console/orders/{number}/codes/"

        first = owner.post(address, {"reason": "count"}).content.decode()
        second = owner.post(address, {"reason": "count", "offset": "100"}).content.decode()

        seen = set(re.findall(r"FREE-\d{4}-SECRET", first + second))
        assert 'name="offset" value="100"' in first
        assert 'name="offset"' not in second
        assert seen == set(many)


class TestAnswers:
    def test_are_shown_by_their_questions_and_secret_ones_with_a_reason(self, owner, merchant):
        fields = (
            {"name": "account", "label": {"zh-Hans": "账号", "en": "Game account"}},
            {"name": "word", "label": {"zh-Hans": "密码", "en": "Game password"}, "secret": True},
        )
        sku = stocked_sku(merchant, codes=["A-1"], form_fields=fields)
        request = PlaceRequest(
            items=(Item(sku, 1),), contact=Contact("a@example.com"),
            form={"account": "deer-77", "word": "open-sesame"},
        )  # fmt: skip
        number = operations.place_order(merchant_id=merchant, request=request).number

        page = owner.get(f"/console/orders/{number}/").content.decode()
        shown = owner.post(f"/console/orders/{number}/form/", {"reason": "top-up"}).content.decode()

        assert "Game account" in page
        assert "deer-77" in page
        assert "open-sesame" not in page
        assert "Game password" in shown
        assert "open-sesame" in shown
        assert audited(merchant, "secrets.reveal") == [number]


class TestPaging:
    def test_goes_on_where_the_page_ended(self, owner, merchant, monkeypatch):
        sku = stocked_sku(merchant, codes=["A-1", "A-2", "A-3"])
        numbers = [placed(merchant, sku, f"a{n}@example.com", f"1382604271{n}") for n in range(3)]
        monkeypatch.setattr("kacang.web.console.orders.listing.PAGE", 2)

        first = owner.get("/console/orders/?state=pending").content.decode()
        following = re.search(r'rel="next" href="([^"]+)"', first)
        assert following
        second = owner.get(f"/console/orders/{following[1].replace('&amp;', '&')}").content.decode()

        assert [number in first for number in numbers] == [False, True, True]
        assert [number in second for number in numbers] == [True, False, False]


class TestWhoMay:
    @pytest.mark.parametrize(
        ("act", "role", "status"),
        [
            ("cancel", "order_operator", 302),
            ("cancel", "sales", 403),
            ("price", "customer_service", 403),
            ("note", "clerk", 403),
            ("resend", "warehouse", 403),
            ("deliver", "finance", 403),
            ("codes", "order_operator", 403),
            ("form", "order_operator", 403),
        ],
    )
    def test_act_by_role(self, work, merchant, sku, act, role, status):
        number = placed(merchant, sku)

        assert work(role).post(f"/console/orders/{number}/{act}/").status_code == status

    def test_another_shops_order_is_not_there(self, merchant, other_merchant, sku):
        number = placed(merchant, sku)
        stranger = work_as(other_merchant)

        assert stranger.get(f"/console/orders/{number}/").status_code == 404
        for act in ("note", "codes", "form", "contact"):
            answer = stranger.post(
                f"/console/orders/{number}/{act}/", {"text": "x", "reason": "x", "price": "1"}
            )
            assert answer.status_code in {200, 404}
            assert "138" not in answer.content.decode()
        for act in ("cancel", "price", "resend", "deliver"):
            stranger.post(f"/console/orders/{number}/{act}/", {"reason": "x", "price": "1"})
        order = queries.order(merchant_id=merchant, number=number)
        assert (order.state, order.payable.minor) == (OrderState.PENDING, 19_800)
        entries = queries.timeline(merchant_id=merchant, number=number)
        assert [entry.event for entry in entries] == [Event.PLACED]


def audited(merchant_id: int, action: str) -> list[str]:
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "select object_uid from audit_entry where merchant_id = %s::bigint"
            " and action = %s::text order by id",
            [merchant_id, action],
        )
        return [row[0] for row in cursor.fetchall()]


class TestTimeline:
    def test_says_why_money_did_not_fit(self, owner, merchant, sku):
        account = make.account(merchant)
        number = placed(merchant, sku)
        payment = operations.start_payment(merchant_id=merchant, number=number, provider="sandbox")
        money = VerifiedNotice(
            notice_id="msg_1", payment_number=payment.payment_id, provider_number="SB-1",
            amount=Money(100), is_final=True, raw="{}",
        )  # fmt: skip
        operations.settle_notices(account=account, notices=[money])

        page = owner.get(f"/console/orders/{number}/").content.decode()

        assert "Money came that does not fit: Less than the order costs" in page
        assert queries.order(merchant_id=merchant, number=number).state is OrderState.PENDING

    def test_delivers_what_waited_once_stock_came(self, owner, merchant):
        account = make.account(merchant)
        sku = stocked_sku(merchant, codes=["A-1"])
        late = operations.place_order(
            merchant_id=merchant,
            request=PlaceRequest(
                items=(Item(sku, 1),), contact=Contact("a@example.com"), provider="sandbox"
            ),
        )
        operations.cancel_order(merchant_id=merchant, number=late.number, actor=SYSTEM)
        placed(merchant, sku)
        operations.settle_notices(account=account, notices=[make.notice(late)])
        address = f"/console/orders/{late.number}/"

        waiting = owner.get(address).content.decode()
        owner.post(f"{address}deliver/")
        still = owner.get(address).content.decode()
        restock(merchant, sku, ["A-2"])
        owner.post(f"{address}deliver/")

        assert "waits for stock" in waiting
        assert "There is still no stock for this order." in still
        order = queries.order(merchant_id=merchant, number=late.number)
        assert order.state is OrderState.DELIVERED
