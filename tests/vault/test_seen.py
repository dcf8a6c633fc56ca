"""The small set of fingerprints is a set."""

from hypothesis import given
from hypothesis import strategies as st

from kacang.vault.imports.seen import Seen

# Of few letters, so that many begin alike and lie across one another.
KEYS = st.lists(st.text(alphabet="ab", min_size=6, max_size=6).map(str.encode), max_size=200)


@given(KEYS)
def test_knows_what_it_had_and_nothing_else(keys):
    seen, had = Seen(), set()
    for key in keys:
        assert seen.add(key) is (key not in had)
        had.add(key)
