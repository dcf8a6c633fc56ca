"""V3, V6: replacing many cards of buyers at the desk: said first, done by a job, told per card."""

import csv
import io
import re

import pytest
from django.urls import reverse

from kacang.catalog.models import Strategy
from kacang.orders import operations as orders
from kacang.outbox.queries import WorkState, works
from kacang.vault.models import CardState
from tests import make
from tests.orders.bad_batches import a_batch, held, spare
from tests.orders.test_replacing import bought_free, given
from tests.vault.test_count_plans import lying
from tests.web.console.conftest import work_as

PAGE = "console_replace"


@pytest.fixture
def made(merchant):
    return a_batch(merchant)


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def address(query: str) -> str:
    return f"{reverse(PAGE)}?{query}"


def ran(client, merchant: int, query: str):
    """Start the replacement of what the address means, run it, and return the job's page."""
    answer = client.post(address(query), {"reason": "供货商整批无效"})
    assert answer.status_code == 302, text_of(answer)
    (uid,) = [item.uid for item in works(merchant_id=merchant, kinds=("orders.replace",))]
    assert answer.url == reverse("console_work", args=[uid])
    orders.run_replace(merchant_id=merchant, work_uid=uid)
    return client.get(answer.url)


class TestPage:
    def test_is_offered_where_many_cards_are_changed(self, owner, merchant, made):
        bought_free(made, 1)

        listed = owner.get(f"{reverse('console_cards')}?batch={made.batch.uid}")
        batch = owner.get(reverse("console_batch", args=[made.batch.uid]))
        led = owner.get(f"{reverse('console_change')}?batch={made.batch.uid}&change=replace&all=1")

        assert '<option value="replace">Replace for the buyers</option>' in listed.content.decode()
        assert "change=replace" in batch.content.decode()
        assert led.status_code == 302
        assert led.url.startswith(reverse(PAGE))
        assert "Replace these cards for their buyers?" in text_of(owner.get(led.url))

    def test_says_what_becomes_of_the_cards_and_that_it_is_final(self, owner, made):
        bought_free(made, 3)
        spare(made, 2)

        body = text_of(owner.get(address(f"batch={made.batch.uid}")))

        assert "Cards to replace 3" in body
        assert "Unsold cards to mark as faulty 2" in body
        # Three are to be replaced, two are there: those of the batch itself are none.
        assert "视频会员 · 年卡 3 2 1" in body or "Video · Year 3 2 1" in body
        assert "The stock is 1 card short" in body
        assert "This cannot be undone" in body

    def test_of_a_selection_without_buyers_starts_nothing(self, owner, merchant, made):
        query = f"batch={made.batch.uid}"

        page = owner.get(address(query)).content.decode()
        answer = owner.post(address(query), {"reason": "x"})

        assert re.search(r'<button type="submit" class="btn btn-danger" disabled>', page)
        assert "No buyer has this card alone" in text_of(answer)
        assert works(merchant_id=merchant) == []

    def test_a_filter_that_makes_no_sense_is_not_left_out(self, owner, merchant, made):
        bought_free(made, 1)
        query = f"sku={made.sku.uid}&since=nonsense&all=1"

        answer = owner.post(address(query), {"reason": "x"})

        assert answer.status_code == 200
        assert works(merchant_id=merchant) == []
        assert make.card_states(made)[CardState.SOLD] == 1

    def test_needs_a_reason(self, owner, merchant, made):
        bought_free(made, 1)

        answer = owner.post(address(f"batch={made.batch.uid}"), {"reason": " "})

        assert answer.status_code == 200
        assert works(merchant_id=merchant) == []

    @pytest.mark.parametrize("role", ["stock_keeper", "order_operator", "customer_service"])
    def test_needs_both_permissions(self, work, made, role):
        bought_free(made, 1)
        person = work(role)

        assert person.get(address(f"batch={made.batch.uid}")).status_code == 403
        assert person.post(address(f"batch={made.batch.uid}"), {"reason": "x"}).status_code == 403
        if role == "stock_keeper":
            listed = person.get(f"{reverse('console_cards')}?batch={made.batch.uid}")
            batch = person.get(reverse("console_batch", args=[made.batch.uid]))
            assert 'value="replace"' not in listed.content.decode()
            assert "change=replace" not in batch.content.decode()

    def test_of_another_merchant_is_not_there(self, other_merchant, made):
        placed = bought_free(made, 1)
        stranger = work_as(other_merchant)
        before = held(made, placed.number)

        for query in (f"batch={made.batch.uid}", f"sku={made.sku.uid}&all=1"):
            assert stranger.post(address(query), {"reason": "x"}).status_code == 404
        theirs = lying(make.sku(other_merchant, cards=1))
        named = f"sku={theirs.sku.uid}&card={before[0]}"
        assert stranger.post(address(named), {"reason": "x"}).status_code == 404
        assert held(made, placed.number) == before


class TestJob:
    def test_tells_the_result_and_gives_it_as_a_file(self, owner, merchant, made):
        first, second = bought_free(made, 2), bought_free(made, 1)
        spare(made, 2)

        page = ran(owner, merchant, f"batch={made.batch.uid}")

        body = text_of(page)
        assert "Replacement of cards" in body
        assert "Cards replaced 2" in body
        assert "Unsold cards marked as faulty 2" in body
        assert "1 stays No other card is in stock" in body
        assert "供货商整批无效" in body
        assert "Cannot be undone" in body
        assert "Take the change back" not in body
        (item,) = works(merchant_id=merchant, kinds=("orders.replace",))
        assert reverse("console_work", args=[item.result["marking"]]) in page.content.decode()
        sent = owner.get(reverse("console_work_file", args=[item.uid]))
        written = b"".join(sent.streaming_content).decode()
        rows = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"))))
        assert [row[2] for row in rows[1:]] == [
            "Replaced", "Replaced", "Stays with the buyer: no other card is in stock",
        ]  # fmt: skip
        assert [row[4] for row in rows[1:]] == [first.number, first.number, ""]
        assert not any(code in written + body for code in made.codes)
        assert not given(made, second.number)[0].was_replaced
        order = text_of(owner.get(reverse("console_order", args=[first.number])))
        assert "A faulty card was replaced: 供货商整批无效" in order
        assert f"Job · {item.actor_label}" in order

    def test_by_name_and_by_filter_mean_what_they_say(self, owner, merchant, made):
        placed = bought_free(made, 3)
        spare(made, 5)
        first, second, _third = held(made, placed.number)

        ran(owner, merchant, f"sku={made.sku.uid}&card={first}&card={second}")

        assert [unit.was_replaced for unit in given(made, placed.number)] == [True, True, False]
        assert make.card_states(made)[CardState.AVAILABLE] == 5
        answer = owner.post(
            address(f"batch={made.batch.uid}&state=sold&all=1"), {"reason": "其余也无效"}
        )
        (latest, _earlier) = works(merchant_id=merchant, kinds=("orders.replace",))
        orders.run_replace(merchant_id=merchant, work_uid=latest.uid)

        assert answer.url == reverse("console_work", args=[latest.uid])
        assert all(unit.was_replaced for unit in given(made, placed.number))

    def test_can_be_stopped_before_it_begins(self, owner, merchant, made):
        placed = bought_free(made, 1)
        owner.post(address(f"batch={made.batch.uid}"), {"reason": "x"})
        (item,) = works(merchant_id=merchant)

        owner.post(reverse("console_work_cancel", args=[item.uid]))
        orders.run_replace(merchant_id=merchant, work_uid=item.uid)

        (item,) = works(merchant_id=merchant)
        assert item.state == WorkState.CANCELLED
        assert not given(made, placed.number)[0].was_replaced
        assert make.card_states(made)[CardState.AVAILABLE] == 4

    def test_the_audit_log_says_it_in_words(self, owner, merchant, made):
        bought_free(made, 1)

        ran(owner, merchant, f"batch={made.batch.uid}")

        body = text_of(owner.get(reverse("console_audit")))
        assert "Began to replace faulty cards of buyers" in body
        assert "Replaced a faulty card" in body or "Began to mark cards as faulty" in body


def test_each_sku_of_cards_by_name_is_counted(owner, merchant, made):
    """An address may name cards of several SKUs: what is there is said for each."""
    other = lying(make.sku(merchant, cards=2, price=0, strategy=Strategy.FIRST_IN))
    names = [*held(made, bought_free(made, 1).number), *held(other, bought_free(other, 2).number)]

    body = text_of(
        owner.get(address(f"sku={made.sku.uid}&" + "&".join(f"card={name}" for name in names)))
    )

    assert "Cards to replace 3" in body
    assert "The stock is 2 cards short" in body
