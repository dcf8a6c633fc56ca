"""S4: who waits for a SKU is told once, in turn, and never more of them than makes sense."""

import json
import re
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from kacang import jobs
from kacang.catalog.models import StockMode
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message
from kacang.orders import operations as orders
from kacang.outbox import rotating
from kacang.risk.operations import TooManyAttempts
from kacang.shared.clock import utc_now
from kacang.shared.contacts import BadEmail
from kacang.shared.errors import NotFound
from kacang.supply import operations as supply
from kacang.supply import queries
from kacang.supply import waiting as waits
from kacang.supply.models import Wait
from tests import make
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.orders.looking import settle
from tests.stock.conftest import Make
from tests.threads import at_once
from tests.web.test_mails import run_news, text_of


def ask(
    made, email: str = "zhao@example.com", address: str = "", language: str = "zh-Hans"
) -> None:
    supply.wait_for(
        merchant_id=made.merchant_id,
        sku_uid=made.sku.uid,
        email=email,
        language=language,
        address=address or f"net of {email}",
    )


def many(made, count: int) -> None:
    for number in range(count):
        ask(made, f"buyer{number:03}@example.com")


def tell(made) -> int:
    return supply.tell_waiting(merchant_id=made.merchant_id)


def waiting(made) -> int:
    found = queries.waiting_counts(merchant_id=made.merchant_id, sku_ids=[made.sku.pk])
    return found.get(made.sku.pk, 0)


def told_to(merchant: int) -> list[str]:
    """The addresses of those who were told, in turn."""
    with acting_as(merchant):
        rows = Message.objects.filter(merchant_id=merchant, event="restocked").order_by("id")
        uids = list(rows.values_list("recipient", flat=True))
    return sorted(supply.address_of(merchant_id=merchant, uid=uid) for uid in uids)


def a_day_later(merchant: int) -> None:
    with acting_as(merchant):
        rows = Wait.objects.filter(merchant_id=merchant, state=1)
        rows.update(told_at=F("told_at") - timedelta(days=1))


class TestAsking:
    def test_one_address_waits_once_whatever_its_case(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made)
        ask(made, " Zhao@Example.com ")

        assert waiting(made) == 1

    def test_the_address_is_nowhere_in_plain_text(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made, "plainly.seen@example.com")
        make.stock(made, 1)
        tell(made)

        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select to_jsonb(w)::text from restock_wait w")
            rows = [row[0] for row in cursor.fetchall()]
            cursor.execute("select to_jsonb(m)::text from message m")
            rows += [row[0] for row in cursor.fetchall()]
        assert len(rows) == 2
        assert not [row for row in rows if "plainly" in row or b"plainly".hex() in row]

    def test_a_new_key_opens_it_as_before(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made)
        work = rotating.start_rotation(merchant_id=merchant, actor=SYSTEM, reason="yearly")
        rotating.run_rotation(merchant_id=merchant, work_uid=work, tables=jobs.SEALED)
        make.stock(made, 1)
        tell(made)
        ask(made)

        assert told_to(merchant) == ["zhao@example.com"]
        assert waiting(made) == 1

    def test_an_address_waits_for_so_many_at_the_most_and_hears_nothing_of_it(self, merchant):
        skus = [make.sku(merchant, cards=0) for _ in range(3)]
        for _ in range(waits.OPEN_MOST - 2):
            other = make.sku(merchant, cards=0)
            ask(other, address=other.sku.uid)

        at_once([partial(ask, made, address=made.sku.uid) for made in skus], threads=3)

        assert sum(map(waiting, skus)) == 2

    def test_the_same_network_address_asks_so_often(self, merchant):
        made = make.sku(merchant, cards=0)
        for number in range(waits.ATTEMPTS):
            ask(made, f"b{number}@example.com", "203.0.113.9")

        with pytest.raises(TooManyAttempts):
            ask(made, "c@example.com", "203.0.113.9")

        assert waiting(made) == waits.ATTEMPTS

    @pytest.mark.parametrize("email", ["", "   ", "nobody", "a@b@c.de", "x" * 250 + "@e.com"])
    def test_what_is_no_address_is_refused(self, merchant, email):
        made = make.sku(merchant, cards=0)

        with pytest.raises(BadEmail):
            ask(made, email)

        assert waiting(made) == 0

    def test_what_is_not_on_sale_is_not_there(self, merchant, other_merchant):
        made = make.sku(merchant, cards=0, on_sale=False)
        theirs = make.sku(other_merchant, cards=0)

        for uid in (made.sku.uid, theirs.sku.uid, "sku_none"):
            with pytest.raises(NotFound):
                supply.wait_for(
                    merchant_id=merchant, sku_uid=uid, email="a@example.com",
                    language="en", address="1",
                )  # fmt: skip
        assert (waiting(made), waiting(theirs)) == (0, 0)


class TestTelling:
    def test_three_a_piece_are_told_those_who_came_first(self, merchant):
        made = make.sku(merchant, cards=0)
        many(made, 8)
        make.stock(made, 2)

        assert (tell(made), tell(made)) == (6, 0)
        assert told_to(merchant) == [f"buyer{number:03}@example.com" for number in range(6)]
        assert waiting(made) == 2

    def test_the_rest_is_told_when_more_comes_or_the_day_is_over(self, merchant):
        made = make.sku(merchant, cards=0)
        many(made, 8)
        make.stock(made, 1)
        first = tell(made)
        make.stock(made, 1)
        more = tell(made)
        a_day_later(merchant)

        assert (first, more, tell(made)) == (3, 3, 2)
        assert len(set(told_to(merchant))) == 8

    def test_nobody_is_told_while_there_is_nothing(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made)

        assert tell(made) == 0
        assert waiting(made) == 1

    def test_less_than_one_order_can_have_is_nothing(self, merchant):
        made = make.sku(merchant, cards=0, min_per_order=3)
        many(made, 9)
        make.stock(made, 5)

        assert tell(made) == 3

    def test_paid_orders_that_wait_come_first(self, merchant):
        account = make.account(merchant)
        made = make.sku(merchant, cards=2)
        placed = make.order(made, 2)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM, reason="x")
        rival = make.order(made, 2)
        settle(account, make.notice(rival))
        settle(account, make.notice(placed))
        many(made, 4)

        make.stock(made, 2)
        before = tell(made)
        make.stock(made, 1)

        assert (before, tell(made)) == (0, 3)

    def test_a_cancelled_order_frees_what_somebody_waits_for(self, merchant):
        make.account(merchant)
        made = make.sku(merchant, cards=1)
        placed = make.order(made)
        ask(made)
        before = tell(made)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM, reason="x")

        assert (before, tell(made)) == (0, 1)

    def test_goods_that_came_or_were_let_go(self, merchant):
        goods = Make(merchant)
        sku = goods.goods()
        for number in range(5):
            supply.wait_for(
                merchant_id=merchant, sku_uid=sku, email=f"b{number}@example.com",
                language="en", address=str(number),
            )  # fmt: skip
        goods.received(sku, 1)

        assert supply.tell_waiting(merchant_id=merchant) == 3

    def test_a_loop_card_is_for_everybody(self, merchant):
        made = make.sku(merchant, cards=0, stock_mode=StockMode.LOOP)
        many(made, 8)
        empty = tell(made)
        make.stock(made, 1, loop=True)

        assert (empty, tell(made)) == (0, 8)

    def test_many_workers_tell_each_of_them_once(self, merchant):
        made = make.sku(merchant, cards=0)
        many(made, 40)
        make.stock(made, 10)

        results = at_once([lambda: tell(made)] * 8, threads=8)

        assert sum(int(str(told)) for told in results) == 30
        assert Counter(told_to(merchant)).most_common(1)[0][1] == 1
        assert waiting(made) == 10

    def test_more_than_a_chunk_is_told_in_several(self, merchant, monkeypatch):
        monkeypatch.setattr(waits, "CHUNK", 4)
        made = make.sku(merchant, cards=0)
        many(made, 14)
        make.stock(made, 5)

        assert tell(made) == 14

    def test_a_crash_tells_nobody_and_the_next_run_does(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made)
        make.stock(made, 1)

        def crash() -> None:
            with acting_as(merchant):
                tell(made)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            crash()

        assert (waiting(made), told_to(merchant)) == (1, [])
        assert tell(made) == 1

    def test_who_was_told_may_wait_again(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made)
        make.stock(made, 1)
        tell(made)
        ask(made)

        assert waiting(made) == 1
        assert tell(made) == 1

    @given(st.integers(0, 50), st.integers(0, 200), st.integers(1, 5))
    def test_no_more_than_three_for_each_order_that_is_possible(self, free, told, least):
        budget = waits.PER_PIECE * (free // least) - told

        assert waits.budget_of(free=free, least=least, told=told) == max(budget, 0)


class TestMail:
    def test_leads_to_the_product_in_the_buyers_language(self, merchant, postbox):  # noqa: F811
        made = make.sku(merchant, cards=0)
        ask(made, language="en")
        make.stock(made, 1)
        supply.tell_waiting(merchant_id=merchant, sku_ids=[made.sku.pk])

        assert run_news(merchant) == ["messages.send"]

        (mail,) = postbox.mails
        assert mail["to"] == "zhao@example.com"
        assert "Video · Year is back" in mail["subject"]
        page, stop = re.findall(r"^https?://\S+$", text_of(mail), re.MULTILINE)
        assert page.endswith(f"/p/{made.sku.product.uid}/?sku={made.sku.uid}")
        assert mail["List-Unsubscribe"].replace("\r\n", "").replace(" ", "") == f"<{stop}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_who_was_forgotten_meanwhile_gets_none(self, merchant, postbox):  # noqa: F811
        made = make.sku(merchant, cards=0)
        ask(made)
        make.stock(made, 1)
        tell(made)
        with acting_as(merchant):
            uid = Wait.objects.values_list("uid", flat=True).get(merchant_id=merchant)
        forgotten = supply.stop_waiting(merchant_id=merchant, uid=uid)
        run_news(merchant)

        assert (forgotten, postbox.mails) == (1, [])

    def test_the_row_of_the_message_has_no_address(self, merchant):
        made = make.sku(merchant, cards=0)
        ask(made)
        make.stock(made, 1)
        tell(made)

        with acting_as(merchant):
            row = Message.objects.get(merchant_id=merchant, event="restocked")
        assert row.recipient.startswith("wait_")
        assert "zhao" not in json.dumps(row.context)


class TestForgetting:
    def test_stops_every_wait_of_the_address_and_no_other(self, merchant, other_merchant):
        first, second = make.sku(merchant, cards=0), make.sku(merchant, cards=0)
        theirs = make.sku(other_merchant, cards=0)
        for made in (first, second, theirs):
            ask(made, address=made.sku.uid)
        ask(first, "li@example.com")
        with acting_as(merchant):
            uid = Wait.objects.filter(sku_id=second.sku.pk).values_list("uid", flat=True).get()

        wrong = supply.stop_waiting(merchant_id=other_merchant, uid=uid)
        gone = [supply.stop_waiting(merchant_id=merchant, uid=uid) for _ in range(2)]

        assert (wrong, gone) == (0, [2, 0])
        assert [waiting(made) for made in (first, second, theirs)] == [1, 0, 1]

    def test_time_forgets(self, merchant):
        made = make.sku(merchant, cards=0)
        many(made, 4)
        make.stock(made, 1)
        tell(made)
        now = utc_now()

        counts = [
            supply.forget_waits(merchant_id=merchant, now=now + timedelta(days=days))
            for days in (29, 31, 179, 181)
        ]

        assert counts == [0, 3, 0, 1]
