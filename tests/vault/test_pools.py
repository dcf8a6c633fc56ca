"""S3: pools are renamed and deleted by staff while jobs fill and empty them."""

import pytest

from kacang.catalog.operations import Strategy
from kacang.merchants import queries as merchants
from kacang.merchants.queries import AuditFilter
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from kacang.vault.operations import Change, ChangeRequest, Terms
from tests.threads import at_once
from tests.vault.conftest import ACTOR
from tests.vault.test_levels import move, sql
from tests.vault.test_regrouping import COSTLY, is_sound, ran, undone


@pytest.fixture
def flash(merchant):
    return operations.create_pool(merchant_id=merchant, actor=ACTOR, name="秒杀")


@pytest.fixture
def batch(make):
    sku = make.sku(strategy=Strategy.FIRST_IN)
    return make.imported(sku, b"A\nB\nC\nD\n", purchase=COSTLY).result["batch"]


def delete(merchant: int, uid: str) -> None:
    operations.delete_pool(merchant_id=merchant, actor=ACTOR, uid=uid)


def totals(merchant: int) -> list[tuple[str, int, int]]:
    found = queries.pool_totals(merchant_id=merchant)
    return [(one.pool.name, one.available, one.total) for one in found]


def told(merchant: int, uid: str) -> list[tuple[str, object, object]]:
    page = merchants.audit_page(merchant_id=merchant, where=AuditFilter(object_uid=uid))
    return [(row.action, row.before, row.after) for row in page.rows]


class TestNames:
    def test_are_changed_and_written_down(self, merchant, flash):
        for name in (" 双十一 预留 ", "双十一 预留"):
            operations.rename_pool(merchant_id=merchant, actor=ACTOR, uid=flash.uid, name=name)

        assert totals(merchant) == [("双十一 预留", 0, 0)]
        assert told(merchant, flash.uid) == [
            ("pools.rename", {"name": "秒杀"}, {"name": "双十一 预留"}),
            ("pools.create", None, {"name": "秒杀"}),
        ]

    def test_are_refused_like_new_ones(self, merchant, other_merchant, flash):
        operations.create_pool(merchant_id=merchant, actor=ACTOR, name="渠道")

        for name, error in (
            ("渠道", operations.PoolNameTaken),
            ("", operations.BadPoolName),
            ("x" * 81, operations.BadPoolName),
        ):
            with pytest.raises(error):
                operations.rename_pool(merchant_id=merchant, actor=ACTOR, uid=flash.uid, name=name)
        with pytest.raises(operations.UnknownPool):
            operations.rename_pool(
                merchant_id=other_merchant, actor=ACTOR, uid=flash.uid, name="theirs"
            )

        assert sorted(name for name, *_ in totals(merchant)) == ["渠道", "秒杀"]


class TestDeleting:
    def test_an_empty_one_goes(self, merchant, other_merchant, flash):
        with pytest.raises(operations.UnknownPool):
            delete(other_merchant, flash.uid)
        delete(merchant, flash.uid)

        assert totals(merchant) == []
        assert told(merchant, flash.uid)[0] == ("pools.delete", {"name": "秒杀"}, None)

    def test_one_with_cards_stays_even_if_they_are_void(self, merchant, make, flash, batch):
        ran(make, Change.POOL, batch_uid=batch, terms=Terms(pool_uid=flash.uid))
        assert totals(merchant) == [("秒杀", 4, 4)]
        move(merchant, 0, 6, 4)

        with pytest.raises(operations.PoolNotEmpty):
            delete(merchant, flash.uid)

        assert totals(merchant) == [("秒杀", 0, 4)]

    def test_cards_do_not_come_back_to_one_that_is_gone(self, merchant, make, flash, batch):
        ran(make, Change.POOL, batch_uid=batch, terms=Terms(pool_uid=flash.uid))
        emptied = ran(make, Change.POOL, batch_uid=batch, terms=Terms(pool_uid=queries.COMMON))
        delete(merchant, flash.uid)

        item = undone(make, emptied.uid)

        assert (item.result["changed"], item.result["stayed"]) == (0, 4)
        assert is_sound(merchant)

    def test_a_job_that_was_to_fill_it_fails_and_moves_nothing(self, merchant, make, flash, batch):
        uid = operations.change_cards(
            merchant_id=merchant,
            actor=ACTOR,
            request=ChangeRequest(
                Change.POOL, "活动", batch_uid=batch, terms=Terms(pool_uid=flash.uid)
            ),
        )
        delete(merchant, flash.uid)

        operations.run_change(merchant_id=merchant, work_uid=uid)

        item = make.work(uid)
        assert (item.state, item.error) == (WorkState.FAILED, "vault.unknown_pool")
        found = sql(
            merchant, "select count(*) from card where merchant_id = %s::bigint and pool_id > 0"
        )
        assert found == [(0,)]

    @pytest.mark.parametrize("turn", range(3))
    def test_at_once_with_jobs_no_card_is_left_in_a_pool_that_is_gone(
        self, merchant, make, flash, turn
    ):
        sku = make.sku()
        batches = [make.imported(sku, f"T{turn}-{n}\n".encode()).result["batch"] for n in range(6)]
        works = [
            operations.change_cards(
                merchant_id=merchant,
                actor=ACTOR,
                request=ChangeRequest(
                    Change.POOL, "活动", batch_uid=one, terms=Terms(pool_uid=flash.uid)
                ),
            )
            for one in batches
        ]
        jobs = [
            lambda uid=uid: operations.run_change(merchant_id=merchant, work_uid=uid)
            for uid in works
        ]

        at_once([*jobs[:3], lambda: delete(merchant, flash.uid), *jobs[3:]], threads=7)

        set_aside = make.level(sku).set_aside
        assert totals(merchant) == ([("秒杀", set_aside, set_aside)] if set_aside else [])
        assert make.level(sku).total == 6
        assert is_sound(merchant)
