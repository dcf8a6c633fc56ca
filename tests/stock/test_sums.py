"""On hand is the sum of movements, whatever is done in which order, and however many do it."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.stock import operations, queries
from kacang.stock.queries import GoodsLevel
from kacang.stock.worth import share_of
from tests.stock.conftest import ACTOR, Make
from tests.threads import at_once

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["receive", "lose", "find", "reserve", "sell", "release", "hand", "send", "arrive",
             "compact"]
        ),
        st.integers(1, 40),
    ),
    max_size=25,
)  # fmt: skip


class Model:
    """What should be there, counted on fingers."""

    def __init__(self, make: Make, sku: str, east: str) -> None:
        self.make, self.sku, self.east = make, sku, east
        # Pieces by place: the default one, the other; then holds by state, and transfers.
        self.level = {"available": 0, "reserved": 0, "sold": 0, "in_transit": 0}
        self.here = 0
        self.lines: dict[str, list[tuple[int, int]]] = {"reserved": [], "sold": []}
        self.under_way: list[tuple[str, int]] = []

    def do(self, step: str, pieces: int) -> None:
        getattr(self, step)(pieces)

    def receive(self, pieces: int) -> None:
        self.make.received(self.sku, pieces, cost=pieces * 37 % 101)
        self.level["available"] += pieces

    def find(self, pieces: int) -> None:
        self.make.adjusted(self.sku, pieces)
        self.level["available"] += pieces

    def lose(self, pieces: int) -> None:
        if self.is_free(lambda: self.make.adjusted(self.sku, -pieces)):
            self.level["available"] -= pieces

    def reserve(self, pieces: int) -> None:
        line = self.make.reserved(self.sku, pieces)
        assert (line is not None) == (pieces <= self.level["available"])
        if line is not None:
            self.shift("available", "reserved", pieces)
            self.lines["reserved"].append((line, pieces))

    def sell(self, which: int) -> None:
        if line := self.pick("reserved", which):
            assert self.make.stepped(operations.sell_held, line[0]) == {line[0]: line[1]}
            self.lines["sold"].append(line)
            self.shift("reserved", "sold", line[1])

    def release(self, which: int) -> None:
        if line := self.pick("reserved", which):
            assert self.make.stepped(operations.release_held, line[0]) == {line[0]: line[1]}
            self.shift("reserved", "available", line[1])

    def hand(self, which: int) -> None:
        if line := self.pick("sold", which):
            assert self.make.handed(line[0]) == {line[0]: line[1]}
            self.level["sold"] -= line[1]

    def send(self, pieces: int) -> None:
        uids: list[str] = []
        if self.is_free(lambda: uids.append(self.make.sent(self.sku, pieces, self.east))):
            self.under_way.append((uids[0], pieces))
            self.shift("available", "in_transit", pieces)

    def arrive(self, which: int) -> None:
        if self.under_way:
            uid, pieces = self.under_way.pop(which % len(self.under_way))
            operations.arrive(merchant_id=self.make.merchant_id, actor=ACTOR, uid=uid)
            self.shift("in_transit", "available", pieces)

    def compact(self, _: int) -> None:
        operations.compact_levels(merchant_id=self.make.merchant_id)

    def is_free(self, act) -> bool:
        try:
            act()
        except operations.NotEnoughFree:
            return False
        return True

    def pick(self, state: str, which: int) -> tuple[int, int] | None:
        lines = self.lines[state]
        return lines.pop(which % len(lines)) if lines else None

    def shift(self, was: str, now: str, pieces: int) -> None:
        self.level[was] -= pieces
        self.level[now] += pieces


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_S1_every_number_is_the_sum_of_movements(merchant, steps):
    make = Make(merchant)
    sku = make.goods()
    names = {place.name: place.uid for place in queries.warehouses(merchant_id=merchant)}
    east = names.get("东") or operations.create_warehouse(
        merchant_id=merchant, actor=ACTOR, name="东"
    )
    model = Model(make, sku, east)

    for step, pieces in steps:
        model.do(step, pieces)

    assert make.level(sku) == GoodsLevel(**model.level)
    assert make.value(sku)[0] == sum(model.level.values())
    assert make.wrong() == []


@given(value=st.integers(0, 10**12), parts=st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_shares_of_a_cost_add_up_to_it_and_are_fair(value, parts):
    pieces, left, paid = sum(parts), value, 0
    for part in parts:
        share = share_of(left, pieces, part)
        assert abs(share * pieces - left * part) * 2 <= pieces
        left, pieces, paid = left - share, pieces - part, paid + share

    assert (left, pieces, paid) == (0, 0, value)


@pytest.mark.parametrize(("pieces", "each"), [(23, 1), (200, 7)])
def test_rule_8_64_at_once_never_get_more_than_there_is(merchant, pieces, each):
    make = Make(merchant)
    sku = make.goods()
    make.received(sku, pieces)

    lines = at_once([lambda: make.reserved(sku, each)] * 64, threads=16)

    served = [line for line in lines if line is not None]
    assert len(served) == pieces // each
    assert make.level(sku) == GoodsLevel(pieces % each, len(served) * each)
    assert make.wrong() == []


def test_S1_sums_hold_while_everything_happens_at_once(merchant):
    make = Make(merchant)
    sku = make.goods()
    make.received(sku, 60, cost=11)
    chance = random.Random(8)  # noqa: S311 - which step comes, nothing secret

    def buy() -> None:
        line = make.reserved(sku, chance.randint(1, 4))
        if line is None:
            return
        if chance.random() < 0.4:
            make.stepped(operations.release_held, line)
        else:
            make.stepped(operations.sell_held, line)
            make.handed(line)

    def count() -> None:
        make.received(sku, 2, cost=13)
        operations.compact_levels(merchant_id=merchant)
        try:
            make.adjusted(sku, -1)
        except operations.NotEnoughFree:
            return

    at_once([buy, buy, buy, count] * 12, threads=8)

    level = make.level(sku)
    assert (level.reserved, level.sold, level.in_transit) == (0, 0, 0)
    assert level.available == make.value(sku)[0]
    assert make.wrong() == []
    operations.compact_levels(merchant_id=merchant)
    assert make.level(sku) == level
    assert make.wrong() == []
