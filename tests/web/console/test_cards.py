"""Cards in lists with filters, and what is done to a selection of them, from the desk (V3, V6)."""

import re
from urllib.parse import urlencode

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.outbox import queries as works
from kacang.vault import operations, queries
from kacang.vault.queries import CardState
from tests.web.console.conftest import work_as
from tests.web.console.goods import a_sku
from tests.web.console.test_stock import job_of, level

LINES = [f"JN-{number}----{number}K2D-9QXA" for number in range(1, 6)]


@pytest.fixture
def sku(merchant):
    return a_sku(merchant)


@pytest.fixture
def batch(owner, merchant, sku):
    uid = operations.import_cards(
        merchant_id=merchant,
        actor=SYSTEM,
        file_uid=operations.seal_lines(merchant_id=merchant, lines=LINES),
        request=operations.ImportRequest(
            sku_uid=sku,
            purchase=operations.Purchase(supplier="蜂鸟数卡", unit_cost_minor=120),
        ),
    )
    operations.run_import(merchant_id=merchant, work_uid=uid)
    return works.work(merchant_id=merchant, uid=uid).result["batch"]


def cards(merchant, batch):
    return queries.cards_of_batch(merchant_id=merchant, batch_uid=batch).items


def address(path, **values):
    return f"/console/stock/{path}/?{urlencode(values, doseq=True)}"


def done(client, merchant, url, **values):
    answer = client.post(url, {"reason": "盘点", **values})
    assert answer.status_code == 302, answer.content.decode()
    uid = job_of(answer)
    operations.run_change(merchant_id=merchant, work_uid=uid)
    return works.work(merchant_id=merchant, uid=uid)


def rows(page):
    return re.findall(r"JN-\d ·", page)


class TestList:
    def test_is_narrowed_by_the_address(self, owner, merchant, sku, batch):
        first = cards(merchant, batch)[0].uid
        operations.freeze_cards(merchant_id=merchant, card_uids=[first], actor=SYSTEM, reason="x")

        def shown(**values):
            return rows(owner.get(address("cards", sku=sku, **values)).content.decode())

        assert len(shown()) == len(shown(supplier="蜂鸟数卡")) == 5
        assert shown(state="frozen") == ["JN-1 ·"]
        assert len(shown(state="available")) == 4
        assert shown(q="N-3") == ["JN-3 ·"]
        assert shown(supplier="nobody") == shown(since="2030-01-01") == []
        assert len(shown(pool="common")) == 5
        page = owner.get(address("cards", sku=sku, state="nonsense")).content.decode()
        assert "Not understood and left out: State" in page

    def test_pages_and_says_count_and_cost(self, owner, merchant, sku, batch, monkeypatch):
        monkeypatch.setattr("kacang.web.console.cards.listing.PAGE", 2)

        page = owner.get(address("cards", batch=batch)).content.decode()
        assert rows(page) == ["JN-1 ·", "JN-2 ·"]
        assert "5 cards" in page
        assert "6.00" in page
        onwards = re.search(r'rel="next" href="([^"]+)"', page)
        assert onwards
        further = owner.get("/console/stock/cards/" + onwards[1].replace("&amp;", "&"))
        assert rows(further.content.decode()) == ["JN-3 ·", "JN-4 ·"]

    def test_of_another_merchant_is_not_there(self, other_merchant, sku, batch):
        stranger = work_as(other_merchant, "owner")

        for url in (
            address("cards", sku=sku),
            address("cards", batch=batch),
            address("change", batch=batch, change="void"),
        ):
            assert stranger.get(url).status_code == 404

    def test_nonsense_is_not_found(self, owner, sku, batch):
        for url in (
            address("cards"), address("cards", sku="x"), address("cards", sku=sku, cursor="x"),
            address("change", batch=batch, change="sell"),
            address("change", sku=sku, change="void"),
            address("change", batch=batch, change="void", card="crd_x"),
        ):  # fmt: skip
            assert owner.get(url).status_code == 404, url


class TestChange:
    def test_says_count_and_cost_before_and_is_taken_back_after(self, owner, merchant, sku, batch):
        url = address("change", sku=sku, state="available", all="1", change="void")
        page = owner.get(url).content.decode()
        assert re.search(r"Cards to change</dt><dd>5<", page)
        assert "6.00" in page

        item = done(owner, merchant, url)
        assert level(merchant, sku).void == 5
        page = owner.get(f"/console/works/{item.uid}/").content.decode()
        assert 'id="undo-change-ask"' in page
        answer = owner.post(f"/console/works/{item.uid}/undo/", {"reason": "wrong supplier"})
        operations.run_change(merchant_id=merchant, work_uid=job_of(answer))

        assert level(merchant, sku).available == 5
        page = owner.get(f"/console/works/{item.uid}/").content.decode()
        assert 'id="undo-change-ask"' not in page
        assert "Taking a change back" in owner.get(answer["Location"]).content.decode()

    def test_of_chosen_cards_leaves_the_others(self, owner, merchant, sku, batch):
        chosen = [card.uid for card in cards(merchant, batch)[:2]]
        url = address("change", sku=sku, card=chosen, change="freeze")

        item = done(owner, merchant, url)

        assert item.result["changed"] == 2
        assert (level(merchant, sku).frozen, level(merchant, sku).available) == (2, 3)

    def test_makes_a_pool_by_its_name_and_fills_it(self, owner, merchant, sku, batch):
        url = address("change", batch=batch, change="pool")

        done(owner, merchant, url, name="秒杀")

        (pool,) = queries.pools(merchant_id=merchant)
        assert pool.name == "秒杀"
        assert (level(merchant, sku).available, level(merchant, sku).set_aside) == (0, 5)
        assert "秒杀" in owner.get(f"/console/stock/{sku}/").content.decode()
        found = owner.get(address("cards", sku=sku, pool=pool.uid)).content.decode()
        assert len(rows(found)) == 5
        done(owner, merchant, url, target="common")
        assert level(merchant, sku).available == 5

    def test_keeps_no_pool_that_nothing_went_to(self, owner, merchant, sku, batch):
        url = address("change", batch=batch, change="pool")

        answer = owner.post(url, {"name": "秒杀", "reason": " "})

        assert answer.status_code == 200
        assert queries.pools(merchant_id=merchant) == []

    def test_splits_merges_extends_and_moves_a_batch(self, owner, merchant, sku, batch):
        other = a_sku(merchant)
        split = address("change", batch=batch, change="split")
        (part,) = done(owner, merchant, split, most=2, supplier="新供货商").result["new_batches"]
        assert queries.batch(merchant_id=merchant, uid=part).supplier == "新供货商"
        assert len(cards(merchant, part)) == 2

        assert part in owner.get(address("change", batch=batch, change="merge")).content.decode()
        done(owner, merchant, address("change", batch=part, change="merge"), target=batch)
        page = owner.get(f"/console/stock/batches/{part}/").content.decode()
        assert "Moved away" in page
        assert batch in page

        move = address("change", batch=batch, change="sku")
        done(owner, merchant, move, target=other)
        assert (level(merchant, sku).total, level(merchant, other).available) == (0, 5)

        extend = address("change", sku=other, all="1", change="extend")
        for wrong in ({}, {"until": "2020-01-01"}, {"days": 0}, {"until": "2099-01-01", "days": 1}):
            answer = owner.post(extend, {"reason": "x", **wrong})
            assert answer.status_code == 200, wrong
        assert done(owner, merchant, extend, until="2099-01-01").result["changed"] == 0

    @pytest.mark.parametrize(
        "role", ["order_operator", "sales", "customer_service", "warehouse", "finance", "clerk"]
    )
    def test_is_for_nobody_else(self, owner, work, merchant, sku, batch, role):
        first = cards(merchant, batch)[0].uid
        item = done(owner, merchant, address("change", batch=batch, change="freeze"))
        person = work(role)

        for url in (
            address("change", batch=batch, change="unfreeze"),
            "/console/stock/cards/act/restore/",
            f"/console/works/{item.uid}/undo/",
        ):
            assert person.post(url, {"reason": "x", "card": first}).status_code == 403

        assert level(merchant, sku).frozen == 5


class TestOneCard:
    def test_is_frozen_put_back_and_marked_as_faulty(self, owner, merchant, sku, batch):
        first = cards(merchant, batch)[0].uid
        for act, state in (
            ("freeze", CardState.FROZEN),
            ("restore", CardState.AVAILABLE),
            ("faulty", CardState.FAULTY),
        ):
            url = f"/console/stock/cards/act/{act}/"
            owner.post(url, {"card": first, "reason": " "})
            assert cards(merchant, batch)[0].state != state
            answer = owner.post(url, {"card": first, "reason": "x", "next": "/console/stock/"})
            assert answer["Location"] == "/console/stock/"
            assert cards(merchant, batch)[0].state == state
        assert owner.post("/console/stock/cards/act/sell/", {"card": first}).status_code == 404
