"""V8: buyers are told of unused cards that expire soon: once, in one mail an order, no code."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message
from kacang.orders import operations as orders
from kacang.orders.types import Item, PlaceRequest
from kacang.payments import queries as payments
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.supply import operations as supply
from kacang.supply import reminding
from kacang.vault.models import CardState
from kacang.vault.sold import reminding as cards
from tests import make
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.orders.looking import settle
from tests.orders.test_first_plans import read
from tests.threads import at_once
from tests.web.test_mails import link_in, run_news, text_of

BUYER = Contact(email="zhao@example.com")


@pytest.fixture
def shop(merchant: int) -> int:
    choose(merchant, 7)
    payments.forget_accounts()
    make.account(merchant)
    return merchant


def choose(merchant: int, days: int) -> None:
    merchants.change_settings(
        merchant_id=merchant, values={"buyer_expiry_days": days}, actor=SYSTEM
    )


def bought(made, quantity: int = 1, **fields) -> str:
    account = payments.account_for(merchant_id=made.merchant_id, provider="sandbox")
    placed = make.order(made, quantity, **{"contact": BUYER, **fields})
    settle(account, make.notice(placed))
    return placed.number


def expiring(merchant: int, cards: int = 3, within: str = "5 days", **fields):
    made = make.sku(merchant, cards=0, **fields)
    make.stock(made, cards, expires_in=within)
    return made


def remind(merchant: int, days: int = 0) -> int:
    return supply.remind_buyers(merchant_id=merchant, now=utc_now() + timedelta(days=days))


def told(merchant: int) -> list[dict[str, Any]]:
    with acting_as(merchant):
        rows = Message.objects.filter(merchant_id=merchant, event="order.expiring").order_by("id")
        return [dict(row.context) for row in rows]


def put(made, state: CardState) -> None:
    """What a buyer's card can become; activation and redemption are not sold yet."""
    with acting_as(made.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "update card set state = %s::smallint where merchant_id = %s::bigint and state = 2",
            [int(state), made.merchant_id],
        )


class TestWho:
    def test_unused_cards_are_told_once(self, shop):
        made = expiring(shop)
        number = bought(made, 2)

        assert [remind(shop) for _ in range(3)] == [1, 0, 0]
        (context,) = told(shop)
        assert (context["order"], context["count"]) == (number, 2)
        assert [row["count"] for row in context["rows"]] == [2]

    def test_it_is_off_until_it_is_wanted(self, shop):
        choose(shop, 0)
        bought(expiring(shop))

        assert remind(shop) == 0
        choose(shop, 7)
        assert remind(shop) == 1

    @pytest.mark.parametrize(
        "state",
        [CardState.ACTIVATED, CardState.REDEEMED, CardState.VOID, CardState.FAULTY,
         CardState.EXPIRED],
    )  # fmt: skip
    def test_used_void_and_faulty_cards_are_not(self, shop, state):
        made = expiring(shop)
        bought(made)
        put(made, state)

        assert remind(shop) == 0

    def test_nor_what_is_far_off_or_over_or_unsold_or_never_expires(self, shop):
        bought(expiring(shop, within="8 days"))
        bought(make.sku(shop, cards=1))
        expiring(shop)
        over = expiring(shop)
        bought(over)

        assert remind(shop, days=6) == 1  # what was far off, and is not any more
        assert told(shop)[0]["count"] == 1

    def test_without_an_address_nobody_is_told_and_nothing_waits(self, shop):
        bought(expiring(shop), contact=Contact(phone="+8613826042716"))

        assert (remind(shop), remind(shop), told(shop)) == (0, 0, [])

    def test_another_merchants_buyers_are_theirs(self, shop, other_merchant):
        make.account(other_merchant)
        choose(other_merchant, 7)
        bought(expiring(other_merchant))

        assert [remind(shop), remind(other_merchant), remind(shop)] == [0, 1, 0]


class TestOneMail:
    def test_an_order_of_several_skus_and_dates_is_one_mail(self, shop):
        first, second = expiring(shop, within="2 days"), expiring(shop, within="5 days")
        placed = orders.place_order(
            merchant_id=shop,
            request=PlaceRequest(
                items=(Item(first.sku.uid, 1), Item(second.sku.uid, 2)), contact=BUYER,
                provider="sandbox",
            ),
        )  # fmt: skip
        settle(payments.account_for(merchant_id=shop, provider="sandbox"), make.notice(placed))

        assert remind(shop) == 1
        assert [row["count"] for row in told(shop)[0]["rows"]] == [1, 2]

    def test_however_the_chunks_are_cut(self, shop, monkeypatch):
        monkeypatch.setattr(reminding, "CARDS", 2)
        made = expiring(shop, cards=12)
        for _ in range(4):
            bought(made, 3)

        assert remind(shop) == 4
        assert [context["count"] for context in told(shop)] == [3] * 4

    def test_cards_that_come_into_the_days_later_are_another_mail(self, shop):
        made = expiring(shop, within="3 days")
        make.stock(made, 1, expires_in="9 days")
        bought(made, 4)

        assert [remind(shop), remind(shop, days=2), remind(shop, days=2)] == [1, 1, 0]
        assert [context["count"] for context in told(shop)] == [3, 1]

    def test_many_workers_tell_each_order_once(self, shop):
        made = expiring(shop, cards=20)
        numbers = [bought(made, 2) for _ in range(8)]

        results = at_once([lambda: remind(shop)] * 6, threads=6)

        assert sum(int(str(count)) for count in results) == 8
        assert Counter(one["order"] for one in told(shop)) == Counter(numbers)

    def test_a_crash_tells_nobody_and_the_next_run_does(self, shop):
        bought(expiring(shop))

        def crash() -> None:
            with acting_as(shop):
                remind(shop)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            crash()

        assert told(shop) == []
        assert remind(shop) == 1


class TestMail:
    @pytest.mark.parametrize(("language", "words"), [("zh-Hans", "到期"), ("en", "expire soon")])
    def test_says_what_and_until_when_and_never_the_code(
        self,
        shop,
        postbox,  # noqa: F811
        language,
        words,
    ):
        made = expiring(shop)
        number = bought(made, language=language)
        remind(shop)
        run_news(shop)

        (mail,) = [one for one in postbox.mails if words in str(one["subject"])]
        text = text_of(mail)
        assert number in str(mail["subject"])
        assert told(shop)[0]["rows"][0]["at"] in text
        assert f"/orders/{number}/?t=" in link_in(mail)
        assert not [code for code in made.codes if code in mail.as_string() + text]


class TestCost:
    def test_what_is_read_grows_with_what_is_due_alone(self, shop):
        """With 3,000 sold cards that expire later, as few rows are read as without them."""
        made = expiring(shop, cards=2)
        bought(made, 2)
        with acting_as(shop), connection.cursor() as cursor:
            cursor.execute(
                """insert into card (merchant_id, sku_id, batch_id, pick_key, fingerprint, secret,
                                     state, line_id, expires_at)
                   select %s::bigint, %s::bigint, %s::bigint, n, decode(md5(n::text), 'hex'), ''
                          , 2, 1, now() + interval '90 days'
                   from generate_series(1, 3000) n""",
                [shop, made.sku.pk, made.batch.pk],
            )
        now = utc_now()
        asked = {
            "merchant": shop, "now": now, "before": now + timedelta(days=7), "most": 500,
        }  # fmt: skip
        # As on a filled database: by index, whatever this one's size.
        with acting_as(shop, hot=True), connection.cursor() as cursor:
            cursor.execute("explain (analyze, format json) " + cards._DUE, asked)
            found = cursor.fetchone()[0]
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]

        seen = [(count, name) for count, name in read(plan) if "card" in name]
        assert sum(count for count, _ in seen) <= 4
        assert any("card_sold_expiry" in name for _, name in seen)
