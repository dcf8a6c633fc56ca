"""More time, another pool, another SKU, split and merged batches: counts and costs stay true."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kacang.catalog.operations import StockMode, Strategy
from kacang.outbox.queries import UnknownWork, WorkView
from kacang.vault import operations, queries
from kacang.vault.operations import Change, ChangeRequest, Purchase, Terms
from kacang.vault.queries import BatchState, CardFilter, CardState
from tests.vault.conftest import ACTOR, Make
from tests.vault.test_crash import stocked_minor
from tests.vault.test_levels import move, sql

SOON = datetime(2031, 5, 1, tzinfo=UTC)
LATER = datetime(2032, 5, 1, tzinfo=UTC)
COSTLY = Purchase(unit_cost_minor=10, valid_until=SOON)


def ran(make: Make, change: Change, **values: Any) -> WorkView:
    request = ChangeRequest(change, "换货架", **values)
    uid = operations.change_cards(merchant_id=make.merchant_id, actor=ACTOR, request=request)
    operations.run_change(merchant_id=make.merchant_id, work_uid=uid)
    return make.work(uid)


def undone(make: Make, uid: str) -> WorkView:
    undo = operations.undo_change(
        merchant_id=make.merchant_id, actor=ACTOR, work_uid=uid, reason="点错了"
    )
    operations.run_change(merchant_id=make.merchant_id, work_uid=undo)
    return make.work(undo)


def view(make: Make, uid: str) -> queries.BatchView:
    return queries.batch(merchant_id=make.merchant_id, uid=uid)


def costs(merchant: int) -> int:
    """What the unsold cards cost, card by card."""
    ((minor,),) = sql(
        merchant,
        "select coalesce(sum(coalesce(c.cost_minor, b.unit_cost_minor)), 0)::bigint from card c"
        " join batch b on b.merchant_id = c.merchant_id and b.id = c.batch_id"
        " where c.merchant_id = %s::bigint and c.state in (0, 1, 7, 8) and c.sold_at is null",
    )
    return int(minor)


def is_sound(merchant: int) -> bool:
    """Counts are the rows, and the books have what the cards in stock cost."""
    assert operations.check_references(merchant_id=merchant) == []
    operations.compact_levels(merchant_id=merchant)
    assert operations.check_references(merchant_id=merchant) == []
    return stocked_minor(merchant) == costs(merchant)


def expire(merchant: int, number: int) -> None:
    """Let the first cards run out, and the job find them."""
    sql(
        merchant,
        "update card set expires_at = now() - interval '2 days' where merchant_id = %s::bigint and"
        " id in (select id from card where merchant_id = %s::bigint order by id limit %s::int)",
        merchant,
        number,
    )
    assert operations.expire_cards(merchant_id=merchant) == number


class TestExtend:
    def test_gives_cards_a_new_date_but_never_less_time(self, merchant, make):
        sku = make.sku(strategy=Strategy.SOONEST_EXPIRY)
        batch = make.imported(sku, b"A\nB\n", purchase=COSTLY).result["batch"]

        shorter = Terms(until=SOON - timedelta(days=9))
        assert ran(make, Change.EXTEND, batch_uid=batch, terms=shorter).result["changed"] == 0
        item = ran(make, Change.EXTEND, batch_uid=batch, terms=Terms(until=LATER))

        assert item.result["changed"] == 2
        assert [card.expires_at for card in make.cards(batch)] == [LATER, LATER]
        assert view(make, batch).valid_until == LATER
        keys = sql(merchant, "select distinct pick_key from card where merchant_id = %s::bigint")
        assert keys == [(int(LATER.timestamp()) * 1_000_000,)]

    def test_by_days_leaves_cards_without_an_end(self, merchant, make):
        sku = make.sku()
        dated = make.imported(sku, b"A\n", purchase=COSTLY).result["batch"]
        endless = make.imported(sku, b"B\n").result["batch"]

        wanted = CardFilter(sku_id=make.sku_id(sku))
        item = ran(make, Change.EXTEND, matching=wanted, terms=Terms(days=30))

        assert (item.result["changed"], item.result["stayed"]) == (1, 1)
        assert make.cards(dated)[0].expires_at == SOON + timedelta(days=30)
        assert make.cards(endless)[0].expires_at is None

    def test_puts_unsold_expired_cards_back_on_sale_and_into_the_books(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\n", purchase=COSTLY).result["batch"]
        expire(merchant, 2)
        assert stocked_minor(merchant) == 10

        too_little = ran(make, Change.EXTEND, batch_uid=batch, terms=Terms(days=1))
        assert [too_little.result["changed"], make.level(sku).expired] == [1, 2]
        item = ran(make, Change.EXTEND, batch_uid=batch, terms=Terms(days=3))

        assert item.result["changed"] == 3
        assert (make.level(sku).available, make.level(sku).expired) == (3, 0)
        assert stocked_minor(merchant) == 30
        assert is_sound(merchant)
        undone(make, item.uid)
        assert (make.level(sku).available, stocked_minor(merchant)) == (1, 10)

    def test_leaves_sold_ones_that_ran_out_with_their_buyers(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\n", purchase=COSTLY).result["batch"]
        move(merchant, 0, 2, 1)
        move(merchant, 2, 5, 1)

        item = ran(make, Change.EXTEND, batch_uid=batch, terms=Terms(until=LATER))

        assert make.cards(batch)[0].state == CardState.EXPIRED
        assert item.result["changed"] == 0


class TestPool:
    def test_takes_cards_out_of_what_the_shop_sells_and_back(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\nD\n", purchase=COSTLY).result["batch"]
        flash = operations.create_pool(merchant_id=merchant, actor=ACTOR, name="  秒杀 池 ")
        names = [card.uid for card in make.cards(batch)]
        move(merchant, 0, 1, 1)

        item = ran(make, Change.POOL, card_uids=names[:3], terms=Terms(pool_uid=flash.uid))

        assert (flash.name, item.result["changed"], item.result["stayed"]) == ("秒杀 池", 2, 1)
        level = make.level(sku)
        assert (level.available, level.set_aside, level.reserved) == (1, 2, 1)
        assert (level.on_hand, level.total) == (4, 4)
        sku_id = make.sku_id(sku)
        assert queries.availability(merchant_id=merchant, sku_ids=[sku_id]) == {sku_id: 1}
        shares = queries.pool_stock(merchant_id=merchant, sku_id=sku_id)
        assert [(share.pool, share.available) for share in shares] == [(None, 1), (flash, 2)]
        moved = sql(
            merchant,
            "select pool_id, from_state, to_state, cards from card_movement"
            " where merchant_id = %s::bigint order by id desc limit 2",
        )
        assert sorted(moved, key=str) == sorted([(flash.id, None, 0, 2), (0, 0, None, 2)], key=str)
        assert is_sound(merchant)

        wanted = CardFilter(sku_id=sku_id, pool_uid=flash.uid)
        back = ran(make, Change.POOL, matching=wanted, terms=Terms(pool_uid=queries.COMMON))
        assert back.result["changed"] == 2
        assert make.level(sku).available == 3

    def test_has_a_name_of_its_own(self, merchant, other_merchant):
        operations.create_pool(merchant_id=merchant, actor=ACTOR, name="秒杀")
        with pytest.raises(operations.PoolNameTaken):
            operations.create_pool(merchant_id=merchant, actor=ACTOR, name=" 秒杀")
        for bad in ("", " ", "x" * 81, "a\0b"):
            with pytest.raises(operations.BadPoolName):
                operations.create_pool(merchant_id=merchant, actor=ACTOR, name=bad)
        theirs = operations.create_pool(merchant_id=other_merchant, actor=ACTOR, name="秒杀")

        assert [pool.name for pool in queries.pools(merchant_id=merchant)] == ["秒杀"]
        assert theirs.uid != queries.pools(merchant_id=merchant)[0].uid


class TestOtherSku:
    def test_takes_unsold_cards_with_what_they_cost(self, merchant, make):
        old, new = make.sku(strategy=Strategy.FIRST_IN), make.sku(cost_minor=999)
        batch = make.imported(old, b"A\nB\nC\n", purchase=COSTLY).result["batch"]
        move(merchant, 0, 2, 1)

        item = ran(make, Change.OTHER_SKU, batch_uid=batch, terms=Terms(sku_uid=new))

        (uid,) = item.result["new_batches"]
        assert (make.level(old).sold, make.level(old).total) == (1, 1)
        assert (make.level(new).available, make.level(new).total) == (2, 2)
        twin = view(make, uid)
        assert (twin.unit_cost.minor, twin.card_count, twin.state) == (10, 2, BatchState.STOCKED)
        assert view(make, batch).card_count == 1
        assert operations.check_references(merchant_id=merchant) == []
        # Random keys, as the other SKU wants them.
        keys = sql(
            merchant,
            "select max(pick_key) from card where merchant_id = %s::bigint and sku_id = %s::bigint",
            make.sku_id(new),
        )
        assert keys[0][0] < 2**31

    def test_and_back_in_one_action(self, merchant, make):
        old, new = make.sku(strategy=Strategy.FIRST_IN), make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(old, b"A\nB\n", purchase=COSTLY).result["batch"]
        order = "select id, cost_minor from card where merchant_id = %s::bigint order by pick_key"
        before = sql(merchant, order)

        item = ran(make, Change.OTHER_SKU, batch_uid=batch, terms=Terms(sku_uid=new))
        (uid,) = item.result["new_batches"]
        assert view(make, batch).state == BatchState.MERGED
        back = undone(make, item.uid)

        assert back.result["changed"] == 2
        assert len(make.cards(batch)) == 2
        assert view(make, batch).state == BatchState.STOCKED
        assert (view(make, uid).state, view(make, uid).card_count) == (BatchState.MERGED, 0)
        assert sql(merchant, order) == before
        assert is_sound(merchant)

    def test_that_hides_numbers_takes_no_open_ones(self, merchant, make):
        old, hidden = make.sku(), make.sku(number_is_secret=True)
        looped = make.sku(stock_mode=StockMode.LOOP)
        batch = make.imported(old, b"N-1----A\n").result["batch"]

        for target in (hidden, looped, old):
            item = ran(make, Change.OTHER_SKU, batch_uid=batch, terms=Terms(sku_uid=target))
            assert (item.result["changed"], item.result.get("new_batches")) == (0, None)
        assert make.level(old).available == 1


class TestSplit:
    def test_of_the_first_unsold_cards_makes_a_batch(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\nD\nE\n", purchase=COSTLY).result["batch"]
        cards = make.cards(batch)
        move(merchant, 0, 2, 1)

        terms = Terms(most=2, purchase=Purchase(supplier="蜂鸟", note="第二批"))
        item = ran(make, Change.SPLIT, batch_uid=batch, terms=terms)

        (uid,) = item.result["new_batches"]
        assert [card.uid for card in make.cards(uid)] == [cards[1].uid, cards[2].uid]
        part, rest = view(make, uid), view(make, batch)
        assert (part.supplier, part.note, part.unit_cost.minor) == ("蜂鸟", "第二批", 10)
        assert (part.card_count, part.valid_until, part.levels.available) == (2, SOON, 2)
        assert (rest.card_count, rest.levels.available, rest.levels.sold) == (3, 2, 1)
        assert part.can_undo_until is None
        with pytest.raises(operations.TooLateToUndo):
            operations.undo_batch(merchant_id=merchant, batch_uid=uid, actor=ACTOR)
        assert operations.rekey(merchant_id=merchant, sku_id=make.sku_id(sku)) == 4
        assert operations.check_references(merchant_id=merchant) == []

    def test_of_chosen_cards_pages_through_both_parts(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, [f"P-{number}" for number in range(9)]).result["batch"]
        names = [card.uid for card in make.cards(batch)]

        item = ran(make, Change.SPLIT, card_uids=names[1::2])

        (uid,) = item.result["new_batches"]
        wanted = CardFilter(sku_id=make.sku_id(sku))
        found: list[str] = []
        cursor = ""
        while True:
            page = queries.list_cards(merchant_id=merchant, wanted=wanted, cursor=cursor, limit=2)
            found += [card.uid for card in page.items]
            cursor = page.next_cursor
            if not cursor:
                break
        assert found == names[0::2] + names[1::2]
        assert [card.uid for card in make.cards(uid)] == names[1::2]


class TestMerge:
    def test_brings_batches_together_with_each_cards_cost(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        cheap = make.imported(sku, b"A\nB\n", purchase=Purchase(unit_cost_minor=10))
        dear = make.imported(sku, b"C\nD\nE\n", purchase=Purchase(unit_cost_minor=25))
        cheap_uid, dear_uid = cheap.result["batch"], dear.result["batch"]
        move(merchant, 0, 2, 1)
        move(merchant, 0, 1, 1)
        assert stocked_minor(merchant) == 95

        item = ran(make, Change.MERGE, batch_uids=[cheap_uid], terms=Terms(batch_uid=dear_uid))

        # Somebody is paying for the second one: it stays.
        assert (item.result["changed"], item.result["stayed"]) == (1, 1)
        assert view(make, cheap_uid).state == BatchState.STOCKED
        assert operations.check_references(merchant_id=merchant) == []
        move(merchant, 1, 0, 1)
        again = ran(make, Change.MERGE, batch_uids=[cheap_uid], terms=Terms(batch_uid=dear_uid))

        source, target = view(make, cheap_uid), view(make, dear_uid)
        assert (source.state, source.card_count) == (BatchState.MERGED, 0)
        assert source.merged_into_uid == dear_uid
        assert (target.card_count, target.levels.sold, target.levels.available) == (5, 1, 4)
        own = sql(
            merchant,
            "select coalesce(c.cost_minor, b.unit_cost_minor), count(*) from card c join batch b"
            " on b.merchant_id = c.merchant_id and b.id = c.batch_id"
            " where c.merchant_id = %s::bigint group by 1 order by 1",
        )
        assert own == [(10, 2), (25, 3)]
        assert stocked_minor(merchant) == 95
        assert operations.check_references(merchant_id=merchant) == []
        with pytest.raises(operations.BatchTouched):
            operations.undo_batch(merchant_id=merchant, batch_uid=dear_uid, actor=ACTOR)

        undone(make, again.uid)
        assert view(make, cheap_uid).state == BatchState.STOCKED
        assert operations.check_references(merchant_id=merchant) == []

    def test_is_for_batches_of_one_sku_in_stock(self, merchant, make):
        one = make.imported(make.sku(), b"A\n").result["batch"]
        two = make.imported(make.sku(), b"B\n").result["batch"]

        for sources, target in (([one], two), ([one], one)):
            with pytest.raises(operations.BatchesDiffer):
                ran(make, Change.MERGE, batch_uids=sources, terms=Terms(batch_uid=target))


class TestUndo:
    @pytest.mark.parametrize(
        "change", [Change.FREEZE, Change.VOID, Change.FAULTY], ids=lambda change: change.value
    )
    def test_makes_of_each_card_what_it_was(self, merchant, make, change):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\nD\n", purchase=COSTLY).result["batch"]
        names = [card.uid for card in make.cards(batch)]
        ran(make, Change.FAULTY, card_uids=names[3:])
        before = [card.state for card in make.cards(batch)]

        item = ran(make, change, batch_uid=batch)
        done = make.work(item.uid)
        assert queries.can_undo(merchant_id=merchant, done=done)
        back = undone(make, item.uid)

        assert back.result["changed"] == item.result["changed"] >= 3
        assert [card.state for card in make.cards(batch)] == before
        assert stocked_minor(merchant) == 40
        assert is_sound(merchant)
        assert not queries.can_undo(merchant_id=merchant, done=done)
        with pytest.raises(operations.CannotUndo):
            undone(make, item.uid)

    def test_leaves_what_changed_since(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\n", purchase=COSTLY).result["batch"]
        names = [card.uid for card in make.cards(batch)]
        ran(make, Change.FREEZE, batch_uid=batch)
        item = ran(make, Change.UNFREEZE, batch_uid=batch)
        move(merchant, 0, 2, 1)
        operations.void_cards(merchant_id=merchant, card_uids=names[1:2], actor=ACTOR, reason="x")

        back = undone(make, item.uid)

        assert (back.result["changed"], back.result["stayed"]) == (1, 2)
        states = [card.state for card in make.cards(batch)]
        assert states == [CardState.SOLD, CardState.VOID, CardState.FROZEN]

    def test_is_for_changes_of_this_merchant_that_did_something(
        self, merchant, other_merchant, make
    ):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        item = ran(make, Change.UNFREEZE, batch_uid=batch)
        with pytest.raises(operations.CannotUndo):
            undone(make, item.uid)
        frozen = ran(make, Change.FREEZE, batch_uid=batch)
        with pytest.raises(UnknownWork):
            undone(Make(other_merchant), frozen.uid)
        assert make.cards(batch)[0].state == CardState.FROZEN
