"""V1: generated codes look as the pattern says, and are hard to guess."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.vault import patterns
from kacang.vault.operations import BadPattern, WeakPattern


class TestPatterns:
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
