"""V1: numbers that count up, none of them twice; what is printed on cards and noted of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.outbox import work
from kacang.outbox.queries import WorkState
from kacang.shared.money import Money
from kacang.vault import operations, queries
from kacang.vault.making import generating, patterns
from kacang.vault.operations import Change, GenerateRequest, Purchase, SerialRange
from tests.vault.conftest import ACTOR
from tests.vault.test_crash import at_once, killed_midway
from tests.vault.test_regrouping import ran

RANGES = st.builds(
    lambda prefix, first, step, count, more, check: SerialRange(
        first=first,
        last=first + step * (count - 1),
        prefix=prefix,
        step=step,
        width=len(str(first + step * (count - 1))) + more if more >= 0 else 0,
        has_check=check,
    ),
    prefix=st.sampled_from(["", "K", "KC-", "A1", "88"]),
    first=st.integers(0, 1500),
    step=st.integers(1, 7),
    count=st.integers(1, 60),
    more=st.integers(-1, 3),
    check=st.booleans(),
)


def started(make: Any, sku: str, serial: SerialRange, **values: Any) -> str:
    request = GenerateRequest(sku, 1, "X{12}", serial=serial, **values)
    return operations.generate_cards(merchant_id=make.merchant_id, actor=ACTOR, request=request)


def made(make: Any, sku: str, serial: SerialRange, **values: Any) -> work.WorkView:
    uid = started(make, sku, serial, **values)
    operations.run_generate(merchant_id=make.merchant_id, work_uid=uid)
    item: work.WorkView = make.work(uid)
    return item


def numbers(make: Any, uid: str) -> list[str]:
    return [card.number for card in make.opened(uid)]


class TestRange:
    @given(RANGES)
    def test_knows_its_own_numbers_and_no_others(self, serial):
        own = serial.numbers(0, serial.count)

        assert len(set(own)) == serial.count
        assert all(serial.has(number) for number in own)
        assert all(number.startswith(serial.prefix) for number in own)
        if serial.has_check:
            assert all(patterns.has_right_check(number) for number in own)
        if serial.width:
            assert {len(n) for n in own} == {len(serial.prefix) + serial.width + serial.has_check}

    @given(RANGES, RANGES)
    def test_says_of_every_number_whether_it_has_it(self, one, other):
        own = set(one.numbers(0, one.count))

        for number in other.numbers(0, other.count):
            assert one.has(number) == (number in own)
            assert not one.has(f"0{number}") or f"0{number}" in own

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"first": -1, "last": 5}, "first"),
            ({"first": 6, "last": 5}, "last"),
            ({"first": 1, "last": 10**18}, "last"),
            ({"first": 1, "last": 1_000_001}, "last"),
            ({"first": 1, "last": 5, "step": 0}, "step"),
            ({"first": 1, "last": 100, "width": 2}, "width"),
            ({"first": 1, "last": 5, "width": 19}, "width"),
            ({"first": 1, "last": 5, "prefix": "卡"}, "prefix"),
            ({"first": 1, "last": 5, "prefix": "A B"}, "prefix"),
            ({"first": 1, "last": 5, "prefix": "A" * 41}, "prefix"),
        ],
    )
    def test_that_makes_no_sense_is_refused(self, merchant, make, values, field):
        sku = make.sku()
        with pytest.raises(operations.BadSerial) as refused:
            started(make, sku, SerialRange(**values))

        assert refused.value.detail["field"] == field
        assert list(work.works(merchant_id=merchant)) == []

    def test_of_numbers_that_are_secret_is_refused(self, merchant, make):
        sku = make.sku(number_is_secret=True)
        with pytest.raises(operations.SecretNumbers):
            started(make, sku, SerialRange(1, 5))
        assert list(work.works(merchant_id=merchant)) == []


class TestGenerate:
    def test_counts_up_in_order_each_with_a_code_of_its_own(self, merchant, make, monkeypatch):
        monkeypatch.setattr(generating, "CHUNK", 7)
        sku = make.sku()
        serial = SerialRange(95, 185, prefix="KC", step=10, width=5, has_check=True)

        done = made(make, sku, serial)

        assert (done.state, done.total, done.result["stocked"]) == (WorkState.DONE, 10, 10)
        wanted = ["KC00095", "KC00105", "KC00115", "KC00125", "KC00135", "KC00145", "KC00155",
                  "KC00165", "KC00175", "KC00185"]  # fmt: skip
        cards = make.opened(done.result["batch"])
        assert [card.number[:-1] for card in cards] == wanted
        assert all(patterns.has_right_check(card.number) for card in cards)
        assert len({card.secret for card in cards}) == 10
        assert queries.batch(merchant_id=merchant, uid=done.result["batch"]).serial == serial

    @pytest.mark.parametrize("is_secret", [False, True])
    def test_refuses_all_when_some_are_in_the_vault(self, merchant, make, is_secret):
        elsewhere = make.sku(number_is_secret=is_secret)
        lines = "\n".join(
            ["卡号,卡密", "N0007,a", "N0012,b", "N0012,c", "N00012,d", "M0008,e", "x,f"]
        )
        brought = make.imported(elsewhere, lines.encode(), "a.csv")
        sku = make.sku()

        refused = made(make, sku, SerialRange(1, 20, prefix="N", width=4))

        assert (refused.state, refused.error) == (WorkState.FAILED, "vault.numbers_taken")
        assert refused.result == {"count": 3}
        assert make.level(sku).total == 0
        assert len(queries.batches(merchant_id=merchant).items) == 1
        assert made(make, sku, SerialRange(13, 20, prefix="N", width=4)).state == WorkState.DONE
        operations.undo_batch(merchant_id=merchant, batch_uid=brought.result["batch"], actor=ACTOR)
        assert made(make, sku, SerialRange(1, 12, prefix="N", width=4)).state == WorkState.DONE

    def test_numbers_of_another_merchant_are_theirs(self, merchant, other_merchant, make):
        theirs = type(make)(other_merchant)
        assert made(theirs, theirs.sku(), SerialRange(1, 5)).state == WorkState.DONE
        assert made(make, make.sku(), SerialRange(1, 5)).state == WorkState.DONE

    def test_of_two_at_once_that_overlap_one_is_refused(self, merchant, make, monkeypatch):
        monkeypatch.setattr(generating, "CHUNK", 50)
        sku = make.sku()
        uids = [started(make, sku, SerialRange(1 + at, 400 + at, prefix="Z")) for at in (0, 399)]

        raised = at_once(
            *[lambda u=u: operations.run_generate(merchant_id=merchant, work_uid=u) for u in uids]
        )

        assert raised == []
        ended = sorted((make.work(uid) for uid in uids), key=lambda item: item.state)
        assert [item.state for item in ended] == [WorkState.DONE, WorkState.FAILED]
        assert (ended[1].error, ended[1].result) == ("vault.numbers_taken", {"count": 1})
        assert make.level(sku).available == 400

    def test_of_one_that_was_killed_the_numbers_stay_its_own(
        self, merchant, make, database, monkeypatch
    ):
        monkeypatch.setattr(generating, "CHUNK", 500)
        sku = make.sku()
        uid = started(make, sku, SerialRange(1, 12_000, width=6))
        reached = killed_midway(database, make, "run_generate", uid, 1000)
        assert 1000 <= reached < 12_000

        refused = made(make, sku, SerialRange(11_990, 12_010, width=6))
        assert (refused.error, refused.result) == ("vault.numbers_taken", {"count": 11})
        operations.run_generate(merchant_id=merchant, work_uid=uid)

        done = make.work(uid)
        assert done.result["stocked"] == make.level(sku).available == 12_000
        assert numbers(make, done.result["batch"]) == [f"{n:06}" for n in range(1, 12_001)]

    def test_stopped_gives_its_numbers_back(self, merchant, make, monkeypatch):
        sku = make.sku()
        real = work.progress
        with monkeypatch.context() as asked:
            asked.setattr(work, "progress", lambda **values: real(**values) or True)
            assert made(make, sku, SerialRange(1, 50)).state == WorkState.CANCELLED

        assert made(make, sku, SerialRange(1, 50)).result["stocked"] == 50

    def test_takes_all_back_when_a_pair_came_in_meanwhile(self, merchant, make, monkeypatch):
        monkeypatch.setattr(generating, "CHUNK", 5)
        sku = make.sku()
        monkeypatch.setattr(generating, "make_codes", lambda _pattern, count: ["SAME-CODE"] * count)
        uid = started(make, sku, SerialRange(1, 10))
        stocked = generating._stock
        calls = []

        def stock(*values: Any) -> int:
            calls.append(1)
            if len(calls) == 2:
                at_once(lambda: make.imported(sku, "卡号,卡密\n9,SAME-CODE".encode(), "a.csv"))
            return stocked(*values)

        monkeypatch.setattr(generating, "_stock", stock)
        monkeypatch.setattr("kacang.vault.imports.loading.lock_loads", lambda _merchant: None)
        operations.run_generate(merchant_id=merchant, work_uid=uid)

        assert (make.work(uid).error, make.work(uid).result) == (
            "vault.numbers_taken",
            {"count": 1},
        )
        assert make.level(sku).available == 1


class TestFacts:
    PURCHASE = Purchase(
        face_value=Money(5000, "USD"), facts=(("面额地区", "美区"), ("Contract", "K-7 / 2026"))
    )

    def test_are_shown_with_the_batch_and_go_out_with_it(self, merchant, make):
        sku = make.sku()
        one = made(make, sku, SerialRange(1, 3), purchase=self.PURCHASE).result["batch"]
        other = make.imported(sku, ["A"], purchase=self.PURCHASE).result["batch"]

        for uid in (one, other):
            view = queries.batch(merchant_id=merchant, uid=uid)
            assert view.face_value == Money(5000, "USD")
            assert view.facts == (("面额地区", "美区"), ("Contract", "K-7 / 2026"))
            assert make.cards(uid)[0].face_value == Money(5000, "USD")

    def test_stay_with_the_cards_wherever_they_go(self, merchant, make):
        sku, other_sku = make.sku(), make.sku()
        batch = make.imported(sku, ["A", "B", "C"], purchase=self.PURCHASE).result["batch"]
        terms = operations.Terms(most=1)
        ran(make, Change.SPLIT, batch_uid=batch, terms=terms)
        ran(make, Change.OTHER_SKU, batch_uid=batch, terms=operations.Terms(sku_uid=other_sku))

        found = queries.batches(merchant_id=merchant).items
        assert len(found) == 3
        assert {view.face_value for view in found} == {Money(5000, "USD")}
        assert {view.facts for view in found} == {self.PURCHASE.facts}

    def test_batches_of_other_face_values_do_not_become_one(self, merchant, make):
        sku = make.sku()
        one = make.imported(sku, ["A"], purchase=self.PURCHASE).result["batch"]
        for face in (None, Money(5000, "EUR"), Money(5001, "USD")):
            other = make.imported(sku, [f"B{face}"], purchase=Purchase(face_value=face))
            with pytest.raises(operations.BatchesDiffer):
                ran(
                    make, Change.MERGE, batch_uids=[other.result["batch"]],
                    terms=operations.Terms(batch_uid=one),
                )  # fmt: skip
        same = make.imported(sku, ["C"], purchase=Purchase(face_value=Money(5000, "USD")))
        ran(
            make, Change.MERGE, batch_uids=[same.result["batch"]],
            terms=operations.Terms(batch_uid=one),
        )  # fmt: skip
        assert queries.batch(merchant_id=merchant, uid=one).card_count == 2

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"face_value": Money(0, "USD")}, "face_value"),
            ({"face_value": Money(-1, "USD")}, "face_value"),
            ({"face_value": Money(5, "XXX")}, "face_value"),
            ({"facts": (("", "x"),)}, "data"),
            ({"facts": (("a", ""),)}, "data"),
            ({"facts": (("a", "1"), ("a", "2"))}, "data"),
            ({"facts": (("a" * 41, "1"),)}, "data"),
            ({"facts": (("a", "1" * 201),)}, "data"),
            ({"facts": (("a", "1\n2"),)}, "data"),
            ({"facts": tuple((f"a{n}", "1") for n in range(21))}, "data"),
        ],
    )
    def test_that_cannot_be_are_refused(self, merchant, make, values, field):
        sku = make.sku()
        with pytest.raises(operations.BadPurchase) as refused:
            started(make, sku, SerialRange(1, 3), purchase=Purchase(**values))
        assert refused.value.detail["field"] == field
        assert list(work.works(merchant_id=merchant)) == []
