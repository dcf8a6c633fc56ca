"""Tags on all that match, taken back exactly; and a batch that is asked for twice (O4)."""

from datetime import timedelta
from functools import partial

import pytest

from kacang.merchants.tenancy import acting_as
from kacang.orders.batches import operations, running
from kacang.orders.batches.operations import Act, BatchRequest
from kacang.orders.batches.queries import Outcome, undo_until
from kacang.orders.errors import TooLateToUndo
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.list_models import OrderTag
from kacang.orders.models import Event, OrderState
from kacang.orders.tagging.errors import UnknownTag
from kacang.orders.tagging.putting import tag_orders
from kacang.orders.tagging.tags import delete_tag, make_tag
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState
from kacang.shared.clock import utc_now
from tests.stock.conftest import ACTOR
from tests.threads import at_once


@pytest.fixture
def tag(merchant) -> str:
    return make_tag(merchant_id=merchant, name="加急", colour="red", actor=ACTOR)


@pytest.fixture
def placed(shop):
    sku = shop.nuts()
    return [shop.place((sku, 1)) for _ in range(7)]


def start(shop, act: Act, mark: str, **where) -> str:
    return operations.start_batch(
        merchant_id=shop.merchant,
        actor=ACTOR,
        request=BatchRequest(act, OrderFilter(**where), tag=mark),
        now=utc_now(),
    )


def undone(shop, uid: str, *, hours: int = 1) -> str:
    return operations.undo_batch(
        merchant_id=shop.merchant, actor=ACTOR, uid=uid, reason="",
        now=utc_now() + timedelta(hours=hours),
    )  # fmt: skip


def tagged(shop) -> set[str]:
    with acting_as(shop.merchant):
        rows = OrderTag.objects.filter(merchant_id=shop.merchant)
        return set(rows.values_list("order__number", flat=True))


class TestTagging:
    def test_O4_is_put_on_all_that_match_and_taken_back_exactly(
        self, shop, placed, tag, monkeypatch
    ):
        monkeypatch.setattr(running, "AT_ONCE", {Act.TAG: 2, Act.UNTAG: 2})
        before = [one.number for one in placed[:2]]
        tag_orders(merchant_id=shop.merchant, numbers=before, tag=tag, actor=ACTOR)

        item = shop.run(start(shop, Act.TAG, tag, state=OrderState.PENDING))

        assert item.state is WorkState.DONE
        assert (item.result["changed_orders"], item.result["refused"]) == (5, 2)
        assert item.result["reasons"] == {"orders.tag_as_before": 2}
        assert {row.order_number for row in shop.rows(item.uid, Outcome.REFUSED)} == set(before)
        assert tagged(shop) == {one.number for one in placed}
        assert all(shop.events(one).count(Event.TAGGED) == 1 for one in placed)

        back = shop.run(undone(shop, item.uid))

        assert back.result["changed_orders"] == 5
        assert tagged(shop) == set(before)
        assert undone(shop, item.uid) == back.uid
        # What was taken back is done again likewise: the undo of the undo.
        shop.run(undone(shop, back.uid))
        assert tagged(shop) == {one.number for one in placed}

    def test_O4_is_taken_off_all_that_match(self, shop, placed, tag):
        numbers = [one.number for one in placed]
        tag_orders(merchant_id=shop.merchant, numbers=numbers[:3], tag=tag, actor=ACTOR)

        item = shop.run(start(shop, Act.UNTAG, tag, tag=tag))

        assert item.result["changed_orders"] == 3
        assert tagged(shop) == set()

    def test_O4_a_day_later_it_stays(self, shop, placed, tag):
        item = shop.run(start(shop, Act.TAG, tag))

        with pytest.raises(TooLateToUndo):
            undone(shop, item.uid, hours=25)
        assert undo_until(item) is not None
        assert len(tagged(shop)) == 7

    def test_O4_a_tag_that_is_none_starts_nothing_and_one_deleted_meanwhile_ends_it(
        self, shop, placed, tag, other_merchant
    ):
        theirs = make_tag(merchant_id=other_merchant, name="别家", colour="red", actor=ACTOR)
        for wrong in ("", "tag_none", theirs):
            with pytest.raises(UnknownTag):
                start(shop, Act.TAG, wrong)
        assert works.works(merchant_id=shop.merchant, kinds=("orders.batch",)) == []
        uid = start(shop, Act.TAG, tag)
        delete_tag(merchant_id=shop.merchant, uid=tag, actor=ACTOR)

        item = shop.run(uid)

        assert (item.state, item.error) == (WorkState.FAILED, "orders.unknown_tag")
        assert tagged(shop) == set()


class TestToken:
    def start(self, shop, text: str, token: str, actor=ACTOR) -> str:
        request = BatchRequest(Act.NOTE, OrderFilter(), text, token=token)
        return operations.start_batch(
            merchant_id=shop.merchant, actor=actor, request=request, now=utc_now()
        )

    def test_O4_a_note_that_is_sent_twice_is_written_once(self, shop, placed):
        first = self.start(shop, "到货后通知", "t-1")
        shop.run(first)

        again = self.start(shop, "到货后通知", "t-1")
        shop.run(again)

        assert again == first
        assert all(shop.events(one).count(Event.NOTE) == 1 for one in placed)
        # Another text, another form, and forms without a token are other requests.
        asked = [("另一条", "t-1"), ("到货后通知", "t-2"), ("到货后通知", ""), ("到货后通知", "")]
        others = {self.start(shop, text, token) for text, token in asked}
        assert len(others - {first}) == 4

    def test_O4_sent_at_once_it_is_one_job(self, shop, placed):
        sends = [partial(self.start, shop, "同时", "t-3") for _ in range(8)]

        uids = at_once(sends, threads=8)

        assert len(set(uids)) == 1
        assert len(works.works(merchant_id=shop.merchant, kinds=("orders.batch",))) == 1
