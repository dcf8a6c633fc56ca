"""One card at the desk, and replacing it for its buyer (V3, V6)."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.types import Item, PlaceRequest
from kacang.outbox import files
from kacang.shared.contacts import Contact
from kacang.vault import operations as vault_operations
from kacang.vault import queries as vault
from tests import make
from tests.orders.looking import settle
from tests.orders.test_replacing import given
from tests.web.console.conftest import work_as
from tests.web.console.goods import a_sku, stocked_sku


@pytest.fixture
def sold(merchant):
    """A delivered order of two, and what was sold."""
    made = make.sku(merchant, cards=3, cost=120)
    account = make.account(merchant)
    placed = make.order(made, 2, contact=Contact(email="zhao.min@example.com"))
    settle(account, make.notice(placed))
    return made, placed


def page_of(client, uid: str) -> str:
    answer = client.get(reverse("console_card", args=[uid]))
    assert answer.status_code == 200
    return str(answer.content.decode())


class TestCardPage:
    def test_tells_all_but_the_code(self, owner, sold):
        made, placed = sold
        unit = given(made, placed.number)[1]

        body = page_of(owner, unit.card_uid)

        assert "Sold and delivered to the buyer" in body
        assert "Reserved for an order" in body
        assert placed.number in body
        assert "zhao***@example.com" in body
        assert "zhao.min@example.com" not in body
        assert made.batch.number in body
        assert "¥1.20" in body
        assert not any(code in body for code in made.codes)

    def test_hides_orders_from_who_may_not_see_them(self, work, sold):
        made, placed = sold
        unit = given(made, placed.number)[0]

        body = page_of(work("stock_keeper"), unit.card_uid)

        assert "zhao***@example.com" not in body
        assert reverse("console_order", args=[placed.number]) not in body
        assert "Replace for the buyer" not in body

    def test_is_linked_from_batch_order_and_search(self, owner, merchant):
        sku = stocked_sku(merchant, codes=["VIP-0001-SECRET"], price="0")
        placed = orders.place_order(
            merchant_id=merchant,
            request=PlaceRequest(items=(Item(sku, 1),), contact=Contact("zhao@example.com")),
        )
        (card,) = vault.find_cards(merchant_id=merchant, code="VIP-0001-SECRET")
        link = reverse("console_card", args=[card.uid])

        pages = [
            owner.get(reverse("console_batch", args=[card.batch_uid])),
            owner.get(reverse("console_order", args=[placed.number])),
            owner.get(reverse("console_order_cards", args=[placed.number])),
            owner.post(reverse("console_card_search"), {"code": "VIP-0001-SECRET"}),
        ]

        assert [link in page.content.decode() for page in pages] == [True] * 4
        assert "card 1 of 1" in page_of(owner, card.uid)
        assert "lines.json" not in page_of(owner, card.uid)

    def test_names_the_file_that_the_card_came_from(self, owner, merchant):
        work_uid = vault_operations.import_cards(
            merchant_id=merchant,
            actor=SYSTEM,
            file_uid=files.store(
                merchant_id=merchant,
                purpose="import",
                name="蜂鸟.csv",
                content=b"AAA-1\nAAA-2\n",
            ),
            request=vault_operations.ImportRequest(sku_uid=a_sku(merchant)),
        )
        vault_operations.run_import(merchant_id=merchant, work_uid=work_uid)
        (card,) = vault.find_cards(merchant_id=merchant, code="AAA-2")

        assert "File 蜂鸟.csv" in page_of(owner, card.uid)

    def test_of_another_merchant_is_not_there(self, other_merchant, sold):
        made, placed = sold
        unit = given(made, placed.number)[0]
        stranger = work_as(other_merchant)

        assert stranger.get(reverse("console_card", args=[unit.card_uid])).status_code == 404
        answer = stranger.post(
            reverse("console_card_replace", args=[unit.card_uid]), {"reason": "x"}
        )
        assert answer.status_code == 404
        assert given(made, placed.number)[0] == unit


class TestReplace:
    def test_from_the_order_shows_the_new_card(self, owner, sold):
        made, placed = sold
        old = given(made, placed.number)[0]

        answer = owner.post(
            reverse("console_order_replace", args=[placed.number]),
            {"card": old.card_uid, "reason": "已被使用"},
            follow=True,
        )

        body = answer.content.decode()
        assert "The card is replaced" in body
        assert "Replaces a faulty one" in body
        assert "A faulty card was replaced: 已被使用" in body
        new = given(made, placed.number)[0]
        assert new.card_uid != old.card_uid
        assert new.card_uid in body
        assert "Replaced a faulty card" in owner.get(reverse("console_audit")).content.decode()

    def test_from_the_card_leads_to_the_other(self, owner, sold):
        made, placed = sold
        old = given(made, placed.number)[0]

        answer = owner.post(
            reverse("console_card_replace", args=[old.card_uid]), {"reason": "x"}, follow=True
        )

        body = answer.content.decode()
        new = given(made, placed.number)[0]
        assert f"The buyer of order {placed.number} finds" in body
        assert reverse("console_card", args=[new.card_uid]) in body
        assert "Marked cards as faulty" in body
        assert "Given to the buyer in place of a faulty card" in page_of(owner, new.card_uid)

    @pytest.mark.parametrize("reason", ["", "   "])
    def test_needs_a_reason(self, owner, sold, reason):
        made, placed = sold
        old = given(made, placed.number)[0]

        answer = owner.post(
            reverse("console_order_replace", args=[placed.number]),
            {"card": old.card_uid, "reason": reason},
        )

        assert "reason" in answer.content.decode()
        assert given(made, placed.number)[0] == old

    def test_says_when_nothing_is_left(self, owner, sold):
        made, placed = sold
        first, second = given(made, placed.number)
        address = reverse("console_order_replace", args=[placed.number])
        owner.post(address, {"card": first.card_uid, "reason": "x"})

        answer = owner.post(address, {"card": second.card_uid, "reason": "x"})

        assert "No other card is in stock" in answer.content.decode()
        assert given(made, placed.number)[1] == second

    def test_of_one_order_does_not_reach_another(self, owner, merchant, sold):
        made, placed = sold
        old = given(made, placed.number)[0]
        other = make.sku(merchant, cards=1, price=0)
        elsewhere = orders.place_order(merchant_id=merchant, request=make.request(other))

        answer = owner.post(
            reverse("console_order_replace", args=[elsewhere.number]),
            {"card": old.card_uid, "reason": "x"},
        )

        assert "No buyer has this card alone" in answer.content.decode()
        assert given(made, placed.number)[0] == old

    @pytest.mark.parametrize(
        ("role", "status"), [("customer_service", 302), ("order_operator", 302), ("sales", 403)]
    )
    def test_is_for_those_who_may(self, work, sold, role, status):
        made, placed = sold
        old = given(made, placed.number)[0]

        answer = work(role).post(
            reverse("console_order_replace", args=[placed.number]),
            {"card": old.card_uid, "reason": "x"},
        )

        assert answer.status_code == status
        assert (given(made, placed.number)[0] == old) is (status == 403)


def test_many_cards_of_an_order_are_paged(owner, merchant):
    made = make.sku(merchant, cards=60, price=0)
    placed = orders.place_order(merchant_id=merchant, request=make.request(made, 60))

    first = owner.get(reverse("console_order", args=[placed.number])).content.decode()
    page = owner.get(reverse("console_order_cards", args=[placed.number])).content.decode()
    rest = owner.get(
        reverse("console_order_cards", args=[placed.number]), {"from": "51"}
    ).content.decode()

    def shown(body: str) -> int:
        return len(set(re.findall(r"stock/cards/(crd_\w+)/", body)))

    assert (shown(first), shown(page), shown(rest)) == (10, 50, 10)
    assert "All 60 cards" in first


def opened_page(merchant: int, placed) -> str:
    """The order's page as its buyer sees it."""
    slug = merchants.merchant(merchant_id=merchant).slug
    address = f"/s/{slug}/orders/{placed.number}/?t={placed.access_token}"
    return Client().get(address, follow=True).content.decode()


def test_the_buyer_sees_the_new_code_and_that_it_is_one(owner, sold):
    made, placed = sold
    old = given(made, placed.number)[0]
    before = opened_page(made.merchant_id, placed)

    owner.post(reverse("console_card_replace", args=[old.card_uid]), {"reason": "内部原因"})

    after = opened_page(made.merchant_id, placed)
    assert (before.count("替换了有问题的一张"), after.count("替换了有问题的一张")) == (0, 1)
    assert "内部原因" not in after
    shown = [{code for code in made.codes if code in page} for page in (before, after)]
    assert (len(shown[0]), len(shown[1]), len(shown[0] & shown[1])) == (2, 2, 1)
