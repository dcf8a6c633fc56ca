"""W3: what buyers are asked, and what is taken for an answer."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.catalog import masks
from kacang.catalog.operations import BadAnswer, BadField, BadMask, check_answers, read_fields
from kacang.shared.texts import both


def field(**values: object) -> dict[str, object]:
    return {"name": "account", "label": both("账号"), **values}


class TestFields:
    @pytest.mark.parametrize(
        "wrong",
        [
            field(name="Account"),
            field(name=""),
            field(kind="file"),
            field(kind="select"),
            field(options=["a"]),
            field(kind="select", options=["a", "a"]),
            field(kind="select", options=["x" * 201]),
        ],
    )
    def test_refuses_definitions_that_make_no_sense(self, wrong):
        with pytest.raises(BadField):
            read_fields([wrong])

    def test_refuses_a_name_twice_and_too_many(self):
        with pytest.raises(BadField):
            read_fields([field(), field()])
        with pytest.raises(BadField):
            read_fields([field(name=f"f{number}") for number in range(21)])

    def test_keeps_what_it_read(self):
        (read,) = read_fields([field(kind="select", options=["一区", "二区"], required=False)])

        assert (read.kind, read.options, read.required) == ("select", ("一区", "二区"), False)


class TestAnswers:
    def test_parts_secret_from_open_and_drops_the_rest(self):
        fields = read_fields([field(), field(name="password", secret=True)])

        answers = check_answers(
            fields, {"account": " 10086 ", "password": " p w ", "injected": "x"}
        )

        assert answers.open == {"account": "10086"}
        assert answers.secret == {"password": " p w "}

    @pytest.mark.parametrize(
        ("values", "answer"),
        [
            ({}, ""),
            ({}, "a\nb"),
            ({}, "x" * 201),
            ({"kind": "email"}, "nobody"),
            ({"kind": "phone"}, "12"),
            ({"kind": "number"}, "1e5"),
            ({"kind": "select", "options": ["a"]}, "b"),
            ({"pattern": "#{5,12}"}, "1234"),
            ({"pattern": "#{5,12}"}, "12345a"),
        ],
    )
    def test_refuses_what_does_not_fit(self, values, answer):
        with pytest.raises(BadAnswer) as refused:
            check_answers(read_fields([field(**values)]), {"account": answer})
        assert refused.value.detail["field"] == "account"

    def test_an_optional_one_may_be_empty(self):
        fields = read_fields([field(required=False, pattern="#{5}")])

        assert check_answers(fields, {}).open == {}

    def test_brings_contacts_to_one_form(self):
        fields = read_fields([field(kind="phone"), field(name="mail", kind="email")])

        answers = check_answers(fields, {"account": "138 2604 2716", "mail": "Lu@Example.com"})

        assert answers.open == {"account": "+8613826042716", "mail": "lu@example.com"}


class TestMasks:
    @pytest.mark.parametrize(
        ("mask", "fitting", "other"),
        [
            ("#{5,12}", ("12345", "123456789012"), ("1234", "1234567890123", "１２３４５")),
            ("1#{10}", ("13826042716",), ("23826042716", "1382604271")),
            ("AA-####", ("Ab-1234",), ("A1-1234",)),
            ("\\#X?", ("#a!", "#9长"), ("1a!", "#--")),
            ("A{0,2}#{0,2}", ("", "a", "ab1"), ("1a", "abc")),
        ],
    )
    def test_fit_as_they_say(self, mask, fitting, other):
        assert all(masks.fits(mask, text) for text in fitting)
        assert not any(masks.fits(mask, text) for text in other)

    @pytest.mark.parametrize("mask", ["{2}", "#{3,2}", "#{201}", "#{", "a}", "\\", "#" * 101])
    def test_that_cannot_be_read_are_refused(self, mask):
        with pytest.raises(BadMask):
            masks.read_mask(mask)
        with pytest.raises(BadMask):
            read_fields([field(pattern=mask)])

    def test_cannot_be_made_slow(self):
        mask = "#{0,200}" * 12

        started = time.perf_counter()
        assert not masks.fits(mask, "1" * 199 + "x")
        assert time.perf_counter() - started < 1

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["#", "A", "X", "?", "-", "\\#", "(", "."]), st.integers(0, 3)
            ),
            max_size=6,
        ),
        st.text(alphabet="a1-#(.", max_size=8),
    )
    def test_agree_with_their_regular_expression(self, places, text):
        mask = "".join(f"{letter}{{{low},{low + 1}}}" for letter, low in places)

        expected = re.fullmatch(masks.html_pattern(mask), text) is not None
        assert masks.fits(mask, text) == expected
