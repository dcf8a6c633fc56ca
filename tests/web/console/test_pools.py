"""S3: the pools of a merchant at the desk."""

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.vault import operations, queries
from tests.web.console.goods import stocked_sku

LIST = "/console/stock/pools/"


@pytest.fixture
def flash(merchant):
    return operations.create_pool(merchant_id=merchant, actor=SYSTEM, name="秒杀")


def names(merchant):
    return [pool.name for pool in queries.pools(merchant_id=merchant)]


def page(client):
    answer = client.get(LIST)
    assert answer.status_code == 200
    return answer.content.decode()


class TestPools:
    def test_are_added_renamed_and_deleted(self, owner, merchant):
        assert "No pool yet" in page(owner)

        assert owner.post(f"{LIST}new/", {"name": "秒杀"}).status_code == 302
        (pool,) = queries.pools(merchant_id=merchant)
        assert owner.post(f"{LIST}{pool.uid}/", {"name": "渠道 A"}).status_code == 302
        shown = page(owner)
        assert "渠道 A" in shown
        assert f"delete-{pool.uid}" in shown
        assert owner.post(f"{LIST}{pool.uid}/delete/").status_code == 302

        assert names(merchant) == []

    def test_with_cards_show_them_and_are_not_deleted(self, owner, merchant, flash):
        stocked_sku(merchant, codes=["P-1", "P-2"])
        batch = queries.batches(merchant_id=merchant).items[0].uid
        work = operations.change_cards(
            merchant_id=merchant,
            actor=SYSTEM,
            request=operations.ChangeRequest(
                operations.Change.POOL,
                "活动",
                batch_uid=batch,
                terms=operations.Terms(pool_uid=flash.uid),
            ),
        )
        operations.run_change(merchant_id=merchant, work_uid=work)

        assert f"delete-{flash.uid}" not in page(owner)
        answer = owner.post(f"{LIST}{flash.uid}/delete/", follow=True)

        assert "There are cards in this pool" in answer.content.decode()
        assert names(merchant) == ["秒杀"]

    @pytest.mark.parametrize(
        ("name", "said"), [("", "This field is required"), ("秒杀", "a pool of this name already")]
    )
    def test_a_name_that_cannot_be_is_said_beside_the_field(self, owner, flash, name, said):
        answer = owner.post(f"{LIST}new/", {"name": name})

        assert answer.status_code == 422
        assert said in answer.content.decode()

    def test_are_only_looked_at_by_who_may_not_change_stock(self, work, merchant, flash):
        looker = work("warehouse")

        assert "秒杀" in page(looker)
        assert f"delete-{flash.uid}" not in page(looker)
        for path in ("new/", f"{flash.uid}/", f"{flash.uid}/delete/"):
            assert looker.post(f"{LIST}{path}", {"name": "x"}).status_code == 403
        assert names(merchant) == ["秒杀"]
