"""Cards that are more than a line: values behind keys, and blocks of lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.vault.reading.layouts import Wishes, settle_layout
from kacang.vault.reading.records import Pairs, blocks
from kacang.vault.reading.rows import BadFile, Odd, text_of
from kacang.vault.reading.sources import open_source

VALUE = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",;|-:"),
    min_size=1,
    max_size=20,
)


def read(text: str, separator: str = "", **more: str):
    """The cells, and what the columns are taken for."""
    source = open_source(text.encode(), "a.txt", separator, **more)
    rows = [row for row in source.rows() if not row.is_blank]
    return [tuple(text_of(cell) for cell in row.cells) for row in rows], settle_layout(
        rows, Wishes(), None, source
    )


class TestPairs:
    @pytest.mark.parametrize(
        "line",
        [
            "账号: u1 密码: p1",
            "账号：u1密码：p1",
            "账号:u1,密码:p1",
            "账号: u1----密码: p1",
            "账号:u1 | 密码:p1",
            "  账号 : u1\t密码 : p1  ",
        ],
    )
    def test_are_found_unasked(self, line):
        rows, layout = read(f"{line}\n{line.replace('1', '2')}\n")

        assert [row[1:] for row in rows] == [("u1", "p1"), ("u2", "p2")]
        assert dict(layout.columns) == {"number": 1, "secret": 2}
        assert (layout.separator, layout.names) == ("pairs", ("", "账号", "密码"))

    def test_keep_the_card_whole_when_a_key_is_unknown(self):
        line = "账号: u1 密码: p1 邮箱: a@b.c 邮箱密码: q:1"

        rows, layout = read(line)

        assert rows == [(line, "u1", "p1", "a@b.c", "q:1")]
        assert dict(layout.columns) == {"number": 1, "secret": 0}

    @pytest.mark.parametrize(
        "text",
        [
            "user:pass\nother:word\n",
            "https://example.com/?a=1\nhttps://example.com/?a=2\n",
            "ABC-1 密码: x\nABC-2 密码: y\n",
            "账号: u1 密码: p1\nno keys at all\n",
        ],
    )
    def test_are_not_seen_where_they_may_be_none(self, text):
        rows, layout = read(text)

        assert layout.separator == "none"
        assert [row[0] for row in rows] == text.splitlines()

    def test_name_the_line_that_has_others(self):
        source = open_source("账号:a 密码:b\n账号:c\n".encode(), "a.txt", "pairs")

        second = list(source.rows())[1]

        assert source.names == ("", "账号")
        assert second.cells == ("账号:c", "c")
        source = open_source("账号:a 密码:b\n".encode() * 1000 + "其他\n".encode(), "a.txt")
        assert list(source.rows())[-1].cells[1:] == (Odd("?", "pairs"), Odd("?", "pairs"))

    def test_are_refused_where_they_were_asked_for_and_are_none(self):
        with pytest.raises(BadFile) as refused:
            open_source(b"just a code\n", "a.txt", "pairs")
        assert refused.value.detail == {"problem": "no_pairs"}

    @given(st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=5))
    def test_L11_values_come_out_as_they_went_in(self, cards):
        pairs = Pairs(("账号", "密码"))

        for user, password in cards:
            assert pairs.split(f"账号: {user} 密码: {password}") == (user, password)

    def test_long_lines_take_no_time(self):
        """A pattern that looks twice at the same text would take hours."""
        line = "账号: " + " " * 15_000 + "x" + "密码" * 50
        assert Pairs(("账号", "密码")).split(line) is None
        assert len(read((line + "\n") * 20, "none")[0]) == 20


class TestBlocks:
    KEY = "-----BEGIN KEY-----\nMIIB\n  +x==\n-----END KEY-----"

    @pytest.mark.parametrize("gap", ["\n\n", "\n\n\n \n", "\n\t\n"])
    def test_end_at_a_blank_line(self, gap):
        rows, layout = read(f"\n{self.KEY}{gap}{self.KEY}2\n", unit="block")

        assert rows == [(self.KEY,), (f"{self.KEY}2",)]
        assert (layout.unit, dict(layout.columns)) == ("block", {"secret": 0})

    def test_end_at_a_line_of_their_own(self):
        rows, layout = read("a\n\nb\n====\nc\n====\n====\n", unit="block", block_end="====")

        assert rows == [("a\n\nb",), ("c",)]
        assert layout.block_end == "===="

    def test_know_the_line_on_which_they_begin(self):
        source = open_source(b"\na\nb\n\nc\n", "a.txt", unit="block")
        assert [row.line for row in source.rows()] == [2, 5]

    @given(
        st.lists(
            st.lists(
                st.text(
                    alphabet=st.sampled_from("ab \t\x0b\u2028中=-"), min_size=1, max_size=8
                ).filter(lambda line: bool(line.strip()) and line.strip() != "=="),
                min_size=1,
                max_size=4,
            ),
            min_size=1,
            max_size=5,
        ),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.sampled_from(["", "=="]),
    )
    def test_L11_come_out_as_they_went_in(self, cards, ending, end):
        whole = [ending.join(card) for card in cards]
        body = f"{ending}{end}{ending}".join(whole) + ending

        rows, _ = read(body, "none", unit="block", block_end=end)

        assert rows == [(card,) for card in whole]

    def test_of_keys_one_below_the_other_are_found_unasked(self):
        card = "账号: u{}\n密码: p{}\n"
        text = "\n".join(card.format(number, number) for number in range(400))

        rows, layout = read(text)

        assert len(rows) == 400
        assert rows[399][1:] == ("u399", "p399")
        assert (layout.unit, layout.separator) == ("block", "pairs")

    def test_of_one_line_are_the_lines(self):
        assert list(blocks(enumerate(["a\n", "\n", "b"], 1), "")) == [(1, "a"), (3, "b")]
