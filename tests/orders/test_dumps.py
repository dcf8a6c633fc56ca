"""Reading text dumps: each dialect's own way of writing strings, whatever stands in them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kacang.orders.moving.dumps import BadDump, read_dump

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
TRAPS = [
    "",
    "'",
    "''",
    "\\",
    "\\'",
    "a');\nINSERT INTO `x` VALUES ('b",
    "-- no",
    "/* no",
    "\\.",
    "#",
]


def mysql(text: str) -> str:
    pairs = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", '"': '\\"'}
    return "'" + "".join(pairs.get(letter, letter) for letter in text) + "'"


def standard(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def copied(text: str) -> str:
    pairs = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(pairs.get(letter, letter) for letter in text)


def rows(dump: str) -> list[dict[str, str | None] | None]:
    return [None if found.values is None else dict(found.values) for found in read_dump(dump)]


@pytest.mark.parametrize("trap", TRAPS)
def test_traps_come_back_as_they_are(trap):
    check_round_trip(trap, "2")


@given(TEXTS, TEXTS)
@example("\\'", "\u2028")
def test_every_text_comes_back_from_every_dialect(first, second):
    check_round_trip(first, second)


def check_round_trip(first: str, second: str) -> None:
    wanted = [{"a": first, "b": None}, {"a": second, "b": "-1.50"}]
    for head, table, quote in (
        (
            "-- MySQL dump\nCREATE TABLE `t` (`a` text COMMENT 'x, (y', `b` int) ENGINE=InnoDB;",
            "`t`",
            mysql,
        ),
        ('PRAGMA foreign_keys=OFF;\nCREATE TABLE "t" ("a" text, `b` int);', '"t"', standard),
        (
            "-- PostgreSQL database dump\nCREATE TABLE public.t (a text, b int);",
            "public.t",
            standard,
        ),
    ):
        dump = (
            f"{head}\nINSERT INTO {table} VALUES ({quote(first)},NULL),\n({quote(second)},-1.50);\n"
        )
        assert rows(dump) == wanted
    body = f"{copied(first)}\t\\N\n{copied(second)}\t-1.50\n\\.\n"
    assert rows(f"-- PostgreSQL database dump\nCOPY public.t (a, b) FROM stdin;\n{body}") == wanted


def test_lines_are_told():
    dump = "INSERT INTO `t` (`a`) VALUES\n('x\ny'),\n('z');\n\nREPLACE INTO `t` (`a`) VALUES (1,2);"
    assert [(found.line, found.values) for found in read_dump(dump)] == [
        (2, {"a": "x\ny"}),
        (4, {"a": "z"}),
        (6, None),
    ]


def test_the_ways_of_writing_bytes_and_breaks():
    dump = (
        "PRAGMA foreign_keys=OFF;\nINSERT INTO t(a,b,c) VALUES"
        "(replace('x\\ny','\\n',char(10)), X'e58da1', 0x41);"
    )
    assert rows(dump) == [{"a": "x\ny", "b": "卡", "c": "A"}]


@pytest.mark.parametrize("rest", ["('a", "('a'", "('a',", "(X'zz')"])
def test_a_dump_that_is_cut_off_says_where(rest):
    with pytest.raises(BadDump) as refused:
        rows(f"\n\nINSERT INTO `t` (`a`) VALUES {rest}")
    assert refused.value.detail["line"] == 3
