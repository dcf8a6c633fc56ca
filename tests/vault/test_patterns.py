"""V1: generated codes look as the pattern says, and are hard to guess."""

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kacang.vault.making import patterns
from kacang.vault.operations import BadPattern, WeakPattern

# A place of a pattern as it is written, and what a code may have there.
PLACES = st.one_of(
    st.sampled_from([("X", "[A-HJKMNP-TV-Z2-9]"), ("#", "[0-9]"), ("A", "[A-HJKMNP-TV-Z]")]),
    st.sampled_from("BCDEKWXYZ0189-_.:/%+abcxyz").map(
        lambda letter: (f"\\{letter}", re.escape(letter))
    ),
    st.sampled_from("\\{}@#XA").map(lambda letter: (f"\\{letter}", re.escape(letter))),
)


class TestPatterns:
    @given(st.lists(st.tuples(PLACES, st.integers(1, 6)), min_size=1, max_size=7), st.booleans())
    def test_make_codes_of_any_pattern_as_it_says(self, places, has_check):
        random = [place for (place, _), _ in places if place in ("X", "#", "A")]
        assume(random)
        text = "".join(place + (f"{{{n}}}" if n > 1 else "") for (place, _), n in places)
        expression = "".join(f"(?:{allowed}){{{n}}}" for (_, allowed), n in places)
        assume(len(text) + has_check <= patterns.LENGTH_MAX)

        pattern = patterns.read_pattern(text + "@" * has_check)
        codes = patterns.make_codes(pattern, 5)

        sizes = {"X": 30, "#": 10, "A": 22}
        assert pattern.room == math.prod(sizes.get(place, 1) ** n for (place, _), n in places)
        assert pattern.length == sum(n for _, n in places) + has_check
        for code in codes:
            body = code[:-1] if has_check else code
            assert len(code) == pattern.length
            assert re.fullmatch(expression, body)
            assert not has_check or patterns.has_right_check(code)

    @pytest.mark.parametrize(
        ("pattern", "expression"),
        [
            ("XXXX-XXXX-####", r"[A-HJKMNP-TV-Z2-9]{4}-[A-HJKMNP-TV-Z2-9]{4}-[0-9]{4}"),
            ("KC-X{8}", r"KC-[A-HJKMNP-TV-Z2-9]{8}"),
            ("\\X\\#A{7}", r"X#[A-HJKMNP-TV-Z]{7}"),
            ("X{12}@", r"[A-HJKMNP-TV-Z2-9]{12}[0-9]"),
        ],
    )
    def test_make_codes_that_look_like_them(self, pattern, expression):
        codes = patterns.make_codes(patterns.read_pattern(pattern), 200)

        assert all(re.fullmatch(expression, code) for code in codes)
        assert len(set(codes)) > 190

    @pytest.mark.parametrize(
        "pattern", ["", "\\X-\\#", "X{0", "X}", "@X", "X@@", "X{99}", "X 4", "卡X", "X" * 65, "{4}"]
    )
    def test_that_make_no_sense_are_refused(self, pattern):
        with pytest.raises(BadPattern):
            patterns.read_pattern(pattern)

    def test_weak_ones_are_refused(self):
        strong = patterns.read_pattern("X{12}")
        patterns.check_strength(strong, 1_000_000)

        with pytest.raises(WeakPattern):
            patterns.check_strength(patterns.read_pattern("#{8}"), 1000)
        patterns.check_strength(patterns.read_pattern("#{6}"), 1000, beside_number=True)
        with pytest.raises(WeakPattern):
            patterns.check_strength(patterns.read_pattern("#{5}"), 1, beside_number=True)

    def test_every_letter_is_as_likely(self):
        letters = "".join(patterns.make_codes(patterns.read_pattern("X"), 60_000))

        counts = [letters.count(letter) for letter in patterns.MIXED]
        assert min(counts) > 60_000 / len(counts) * 0.85
        assert max(counts) < 60_000 / len(counts) * 1.15


class TestCheckDigits:
    def test_is_that_of_securities_numbers(self):
        # Apple, BAE Systems, Treasury Corporation of Victoria
        for number in ("US0378331005", "GB0002634946", "AU0000XVGZA3"):
            assert patterns.has_right_check(number)

    @given(st.from_regex(r"[A-Z2-9]{4,16}", fullmatch=True), st.data())
    def test_one_wrong_digit_is_noticed(self, code, data):
        whole = code + patterns.check_digit(code)
        digits = [at for at, letter in enumerate(whole) if letter.isdigit()]
        at = data.draw(st.sampled_from(digits))
        wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != whole[at]]))

        assert patterns.has_right_check(whole)
        assert not patterns.has_right_check(whole[:at] + wrong + whole[at + 1 :])

    @given(st.from_regex(r"[0-9]{4,16}", fullmatch=True), st.data())
    def test_two_digits_that_change_places_are_noticed(self, code, data):
        whole = code + patterns.check_digit(code)
        # Luhn cannot tell 09 from 90; any other two neighbours it can.
        pairs = [
            at
            for at in range(len(whole) - 1)
            if whole[at] != whole[at + 1] and {whole[at], whole[at + 1]} != {"0", "9"}
        ]
        assume(pairs)
        at = data.draw(st.sampled_from(pairs))

        swapped = whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :]
        assert not patterns.has_right_check(swapped)
