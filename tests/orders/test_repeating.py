"""Orders under idempotency keys that are placed in one set (rule 15)."""

import pytest

from kacang.merchants.tenancy import acting_as
from kacang.orders.buying.placing import place_set
from kacang.orders.buying.repeating import KeyTaken, Repeat
from kacang.orders.errors import SoldOut
from kacang.orders.types import PlacedOrder
from kacang.outbox.idempotency import Answer, Slot
from kacang.outbox.models import Idempotency
from kacang.vault.models import CardState
from tests import make


def repeat(merchant_id: int, key: str) -> Repeat:
    slot = Slot(merchant_id, 1, key, b"h" * 32)
    return Repeat(slot, lambda placed: Answer(201, {"number": placed.number}))


def kept(merchant_id: int) -> dict[str, object]:
    with acting_as(merchant_id):
        return dict(
            Idempotency.objects.filter(merchant_id=merchant_id).values_list("key", "response")
        )


@pytest.fixture
def made(merchant):
    return make.sku(merchant, cards=3)


class TestPlaceSet:
    def test_keeps_each_answer_with_its_order(self, made):
        wishes = [make.request(made) for _ in range(3)]
        repeats = [repeat(made.merchant_id, "a"), None, repeat(made.merchant_id, "b")]

        outcomes = place_set(made.merchant_id, wishes, repeats=repeats)

        numbers = [one.number for one in outcomes if isinstance(one, PlacedOrder)]
        assert len(numbers) == 3
        assert kept(made.merchant_id) == {
            "a": {"number": numbers[0]},
            "b": {"number": numbers[2]},
        }

    def test_places_one_of_two_that_bring_the_same_key(self, made):
        wishes = [make.request(made) for _ in range(2)]
        repeats = [repeat(made.merchant_id, "a")] * 2

        first, second = place_set(made.merchant_id, wishes, repeats=repeats)

        assert isinstance(first, PlacedOrder)
        assert isinstance(second, KeyTaken)
        assert kept(made.merchant_id) == {"a": {"number": first.number}}

    def test_leaves_a_key_free_whose_order_was_refused(self, made):
        wishes = [make.request(made, quantity=3), make.request(made, quantity=3)]
        repeats = [repeat(made.merchant_id, "a"), repeat(made.merchant_id, "b")]

        first, second = place_set(made.merchant_id, wishes, repeats=repeats)

        assert isinstance(first, PlacedOrder)
        assert isinstance(second, SoldOut)
        assert kept(made.merchant_id) == {"a": {"number": first.number}}

    def test_an_answer_that_cannot_be_made_undoes_the_orders(self, made):
        def fail(placed: PlacedOrder) -> Answer:
            raise ValueError(placed.number)

        broken = Repeat(Slot(made.merchant_id, 1, "a", b"h" * 32), fail)

        with pytest.raises(ValueError, match=r"^\d{8}"):
            place_set(made.merchant_id, [make.request(made)], repeats=[broken])

        assert kept(made.merchant_id) == {}
        assert make.card_states(made) == {CardState.AVAILABLE: 3}
