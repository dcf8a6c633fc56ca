"""Items that are made while the ones before them are being used."""

import threading

import pytest

from kacang.shared.ahead import one_ahead

SECONDS = 10


def test_yields_all_in_order():
    assert list(one_ahead(range(100))) == list(range(100))
    assert list(one_ahead([])) == []
    assert list(one_ahead([None, [], 0])) == [None, [], 0]


def test_makes_the_next_while_one_is_used_and_not_more():
    made = []
    second, third = threading.Event(), threading.Event()

    def items():
        for number, told in ((1, None), (2, second), (3, third)):
            made.append(number)
            if told:
                told.set()
            yield number

    rest = one_ahead(items())

    assert next(rest) == 1
    assert second.wait(SECONDS)
    assert made == [1, 2]
    assert next(rest) == 2
    assert third.wait(SECONDS)
    assert list(rest) == [3]


def test_raises_what_making_raised_after_what_was_made():
    def items():
        yield 1
        raise ValueError("broken")

    rest = one_ahead(items())

    assert next(rest) == 1
    with pytest.raises(ValueError, match="broken"):
        next(rest)


def test_leaves_no_thread_behind_when_one_stops_in_the_middle():
    before = threading.active_count()
    rest = one_ahead(range(10))
    next(rest)

    rest.close()

    assert threading.active_count() == before
