"""Rule 9, L6, L10: caps hold, whoever comes at once, and nothing is left over."""

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.merchants.tenancy import acting_as
from kacang.risk import operations, queries
from kacang.risk.keys import counter_key
from kacang.risk.models import Counter, Scope
from kacang.risk.operations import TooManyAttempts, Want

UNPAID, MINUTE = Scope.UNPAID_BY_CONTACT, Scope.ORDERS_BY_ADDRESS


def want(value="a@example.com", amount=1, cap=3, window=None, scope=UNPAID) -> Want:
    return Want(scope, value, amount, cap, window)


def take(merchant: int, *wants: Want) -> list[Want]:
    return operations.take(merchant_id=merchant, wants=wants)


def used(merchant: int, value="a@example.com", scope=UNPAID) -> int:
    return queries.used(merchant_id=merchant, key=counter_key(scope, value))


def at_once(count: int, act: Callable[[int], None]) -> None:
    """Run `act` in that many threads that start together, each with its own connection."""
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            act(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def end_windows(merchant: int) -> None:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("update counter set until = until - interval '1 day'")


class TestKeys:
    def test_are_sixteen_bytes_that_tell_nothing(self):
        key = counter_key(UNPAID, "zhao@example.com")

        assert len(key) == 16
        assert key[0] == UNPAID
        assert b"zhao" not in key
        assert key != counter_key(Scope.UNPAID_BY_DEVICE, "zhao@example.com")
        assert key != counter_key(UNPAID, "zhao@example.org")


class TestTake:
    def test_takes_until_the_cap(self, merchant):
        refused = [take(merchant, want()) for _ in range(5)]

        assert refused == [[], [], [], [want()], [want()]]
        assert used(merchant) == 3

    def test_64_at_once_and_a_cap_of_three(self, merchant):
        won: list[int] = []

        def buy(number: int) -> None:
            if not take(merchant, want()):
                won.append(number)

        at_once(64, buy)

        assert len(won) == 3
        assert used(merchant) == 3

    def test_wants_in_any_order_never_deadlock(self, merchant):
        values = ["a", "b", "c", "d"]
        failed: list[Exception] = []

        def buy(number: int) -> None:
            turned = values[number % 4 :] + values[: number % 4]
            for _ in range(10):
                try:
                    take(merchant, *(want(value, cap=10_000) for value in turned))
                    operations.release(
                        merchant_id=merchant,
                        taken=[(counter_key(UNPAID, value), 1) for value in reversed(turned)],
                    )
                except DatabaseError as error:
                    failed.append(error)

        at_once(8, buy)

        assert failed == []
        assert [used(merchant, value) for value in values] == [0, 0, 0, 0]

    def test_names_the_refused_and_takes_the_rest(self, merchant):
        full, free = want("full", cap=0), want("free")

        assert take(merchant, full, free) == [full]
        assert (used(merchant, "full"), used(merchant, "free")) == (0, 1)

    def test_wants_of_one_key_count_together(self, merchant):
        assert take(merchant, want(amount=2), want(amount=2)) == [want(amount=2)] * 2
        assert take(merchant, want(amount=1), want(amount=2)) == []
        assert used(merchant) == 3

    def test_an_amount_above_the_cap_is_refused_at_once(self, merchant):
        assert take(merchant, want(amount=4)) == [want(amount=4)]
        assert used(merchant) == 0

    def test_a_raised_cap_counts_at_once(self, merchant):
        take(merchant, want(amount=3))

        assert take(merchant, want()) == [want()]
        assert take(merchant, want(cap=4)) == []

    def test_a_lowered_cap_refuses_but_takes_nothing_away(self, merchant):
        take(merchant, want(amount=3))

        assert take(merchant, want(cap=1)) == [want(cap=1)]
        assert used(merchant) == 3

    def test_is_undone_with_the_callers_transaction(self, merchant):
        def place() -> None:
            with acting_as(merchant):
                take(merchant, want())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            place()

        assert used(merchant) == 0

    def test_merchants_count_apart(self, merchant, other_merchant):
        take(merchant, want(amount=3))

        assert take(other_merchant, want(amount=3)) == []
        assert take(merchant, want()) == [want()]

    def test_nothing_wanted_is_nothing_refused(self, merchant):
        assert take(merchant) == []

    def test_the_database_holds_the_cap_too(self, merchant):
        take(merchant, want())

        with pytest.raises(DatabaseError, match="counter_check"), acting_as(merchant):
            connection.cursor().execute("update counter set used = cap + 1")


class TestWindows:
    def test_counting_starts_anew(self, merchant):
        rate = want("1.2.3.4", cap=2, window=60, scope=MINUTE)
        before = [take(merchant, rate) for _ in range(3)]

        end_windows(merchant)

        assert before == [[], [], [rate]]
        assert take(merchant, rate) == []
        assert used(merchant, "1.2.3.4", MINUTE) == 1

    def test_a_window_is_not_made_longer_by_coming_again(self, merchant):
        rate = want("1.2.3.4", cap=9, window=60, scope=MINUTE)
        take(merchant, rate)
        with acting_as(merchant):
            first = Counter.objects.get(merchant_id=merchant).until

        take(merchant, rate)

        with acting_as(merchant):
            assert Counter.objects.get(merchant_id=merchant).until == first


class TestRelease:
    def test_gives_back(self, merchant):
        take(merchant, want(amount=3))

        operations.release(merchant_id=merchant, taken=[(want().key, 1), (want().key, 1)])

        assert used(merchant) == 1
        assert take(merchant, want(amount=2)) == []

    def test_never_falls_below_nothing(self, merchant):
        take(merchant, want())

        operations.release(merchant_id=merchant, taken=[(want().key, 7), (b"\0" * 16, 1)])
        operations.release(merchant_id=merchant, taken=[])

        assert used(merchant) == 0

    @settings(
        max_examples=15, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=20))
    def test_counts_like_arithmetic(self, merchant, steps):
        operations.release(merchant_id=merchant, taken=[(want().key, 100)])
        expected = 0
        for is_taking, amount in steps:
            if is_taking:
                fits = expected + amount <= 5
                assert bool(take(merchant, want(amount=amount, cap=5))) is not fits
                expected += amount if fits else 0
            else:
                operations.release(merchant_id=merchant, taken=[(want().key, amount)])
                expected = max(expected - amount, 0)
        assert used(merchant) == expected


class TestAttempts:
    def count(self, merchant: int) -> None:
        operations.count_attempt(
            merchant_id=merchant, scope=Scope.LOOKUPS_BY_ADDRESS, value="1.2.3.4",
            limit=3, window_seconds=60,
        )  # fmt: skip

    def test_L10_are_limited(self, merchant):
        for _ in range(3):
            self.count(merchant)

        with pytest.raises(TooManyAttempts) as refused:
            self.count(merchant)

        assert 1 <= int(refused.value.detail["retry_seconds"]) <= 60

    def test_L10_are_possible_again_later(self, merchant):
        for _ in range(3):
            self.count(merchant)
        end_windows(merchant)

        self.count(merchant)

        assert used(merchant, "1.2.3.4", Scope.LOOKUPS_BY_ADDRESS) == 1


class TestSweep:
    def test_deletes_what_counts_nothing(self, merchant):
        take(merchant, want("held"), want("free"), want("old", window=60), want("new", window=60))
        operations.release(merchant_id=merchant, taken=[(want("free").key, 1)])
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update counter set until = until - interval '1 day' where key = %s::bytea",
                [want("old").key],
            )

        assert operations.sweep(merchant_id=merchant) == 2
        assert operations.sweep(merchant_id=merchant) == 0

        with acting_as(merchant):
            kept = {
                bytes(key)
                for key in Counter.objects.filter(merchant_id=merchant).values_list(
                    "key", flat=True
                )
            }
        assert kept == {want("held").key, want("new").key}
