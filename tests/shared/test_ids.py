"""Names that leave the house: of the letters they may have, each as often as another (rule 21)."""

import string
from collections import Counter
from datetime import datetime

import pytest

from kacang.shared import ids

AT = datetime(2026, 11, 23, 8, 30)  # noqa: DTZ001 - the merchant's own clock
NAMES = {
    "uid": (lambda: ids.new_uid("sku").removeprefix("sku_"), string.digits + string.ascii_letters),
    "payment": (ids.new_payment_number, string.digits + string.ascii_letters),
    "order": (lambda: ids.new_order_number(AT).removeprefix("20261123"), ids.CROCKFORD),
}
LENGTH = {"uid": 20, "payment": 26, "order": 10}


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_of_one_length_and_favour_no_letter(kind):
    new, alphabet = NAMES[kind]
    names = [new() for _ in range(20_000)]

    counted = Counter("".join(names))

    assert {len(name) for name in names} == {LENGTH[kind]}
    assert len(set(names)) == len(names)
    assert set(counted) == set(alphabet)
    expected = sum(counted.values()) / len(alphabet)
    # Each letter comes thousands of times: six of its standard deviations are never seen.
    assert max(abs(count - expected) for count in counted.values()) < 6 * expected**0.5 + 1
