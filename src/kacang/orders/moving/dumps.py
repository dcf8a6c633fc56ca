"""Reading tables out of a database's text dump: MySQL, SQLite, PostgreSQL.

Only CREATE TABLE (for the order of columns), INSERT, REPLACE and COPY are looked at; all else is
passed over. A general SQL parser builds trees of statements that are a megabyte long and must be
told the dialect; here values are taken one after the other, and the dialect, which decides what
a backslash means, is found in the head of the file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kacang.shared.errors import Invalid

Row = Mapping[str, str | None]

_SPACE = re.compile(r"(?:\s+|--[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"`((?:[^`]|``)+)`|\"((?:[^\"]|\"\")+)\"|\[([^\]]+)\]|([\w$]+)")
_STANDARD = re.compile(r"'[^']*(?:''[^']*)*'")
_BACKSLASH = re.compile(r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)
_PREFIX = re.compile(r"(?:_binary|_utf8mb4|_utf8|N)\s*(?=')", re.IGNORECASE)
_WORD = re.compile(r"[^\s,()';]+")
_HEX = re.compile(r"(?:0x([0-9a-f]*)|x'([0-9a-f]*)')", re.IGNORECASE)
_START = re.compile(r"^[ \t]*(create\s+table|insert|replace|copy)\b", re.IGNORECASE | re.MULTILINE)
_INTO = re.compile(r"\s+(?:ignore\s+|or\s+\w+\s+)?into\s+", re.IGNORECASE)
_EXISTS = re.compile(r"\s+(?:if\s+not\s+exists\s+)?", re.IGNORECASE)
_VALUES = re.compile(r"(?:overriding\s+\w+\s+value\s+)?values\b", re.IGNORECASE)
_STDIN = re.compile(r"from\s+stdin[^;\n]*;[ \t]*\r?\n", re.IGNORECASE)
_NO_COLUMN = {
    "primary", "key", "unique", "constraint", "index", "foreign", "check", "fulltext", "spatial",
    "exclude",
}  # fmt: skip
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "Z": "\x1a"}
_COPY_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
_CHAR_MAX = 127
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class BadDump(Invalid):
    """The file cannot be read; `problem` and `line` say where."""

    code = "moving.bad_file"


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a table. `values` is None where the line has another number of columns."""

    table: str
    line: int
    values: Row | None


def read_dump(text: str) -> Iterator[Found]:
    """Yield the rows of every table, in the order of the file.

    Raises:
        BadDump: The file ends in the middle of something.
    """
    return _Reader(text).rows()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.columns: dict[str, list[str]] = {}
        self.string = _BACKSLASH if _is_mysql(text) else _STANDARD
        self._line, self._counted = 1, 0

    def rows(self) -> Iterator[Found]:
        while start := _START.search(self.text, self.at):
            self.at = start.end()
            word = start[1].lower()
            if word.startswith("create"):
                self._create()
            elif word == "copy":
                yield from self._copy()
            else:
                yield from self._insert()

    def line(self, at: int) -> int:
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, sign: str) -> bool:
        self._skip()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _name(self) -> str:
        """Read a name; of `public.cards` the last part."""
        self._skip()
        found = _NAME.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        if self.text.startswith(".", self.at):
            self.at += 1
            return self._name()
        return next(part for part in found.groups() if part is not None).lower()

    def _names(self) -> list[str]:
        names = []
        while name := self._name():
            names.append(name)
            if not self._take(","):
                break
        self._take(")")
        return names

    def _create(self) -> None:
        self._pass(_EXISTS)
        table = self._name()
        if not self._take("("):
            return
        columns: list[str] = []
        while True:
            name = self._name()
            if name and name not in _NO_COLUMN:
                columns.append(name)
            if not self._to_comma():
                break
        self.columns[table] = columns

    def _pass(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found is not None

    def _to_comma(self) -> bool:
        """Go behind the next comma of this level; False: its bracket closed."""
        depth = 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "'":
                self._string()
                continue
            self.at += 1
            if letter == "," and depth == 0:
                return True
            if letter == ")":
                if depth == 0:
                    return False
                depth -= 1
            depth += letter == "("
        raise self._cut_off()

    def _insert(self) -> Iterator[Found]:
        if not self._pass(_INTO):
            return
        table = self._name()
        columns = self._names() if self._take("(") else self.columns.get(table, [])
        self._skip()
        if not self._pass(_VALUES):
            return
        while self._take("("):
            line = self.line(self.at)
            values = self._values()
            fits = len(values) == len(columns)
            yield Found(table, line, dict(zip(columns, values, strict=True)) if fits else None)
            if not self._take(","):
                break

    def _values(self) -> list[str | None]:
        values = []
        while True:
            values.append(self._value())
            if self._take(","):
                continue
            if not self._take(")"):
                raise self._cut_off()
            return values

    def _value(self) -> str | None:
        self._skip()
        self._pass(_PREFIX)
        if found := _HEX.match(self.text, self.at):
            self.at = found.end()
            try:
                return bytes.fromhex(found[1] or found[2] or "").decode()
            except ValueError:
                raise self._cut_off("hex") from None
        if self.text[self.at : self.at + 2] in ("E'", "e'"):
            self.at += 1
            return self._string(_BACKSLASH)
        if self.text.startswith("'", self.at):
            return self._string()
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise self._cut_off()
        self.at = word.end()
        if self.text.startswith("(", self.at):
            return self._call(word[0].lower())
        return None if word[0].lower() == "null" else word[0]

    def _call(self, name: str) -> str | None:
        """What the shell of SQLite writes for line breaks: replace of a mark by char(10)."""
        self.at += 1
        arguments = [item or "" for item in self._values()]
        if name == "replace" and len(arguments) == len(("text", "old", "new")):
            return arguments[0].replace(arguments[1], arguments[2])
        if name == "char" and arguments[0].isdecimal():
            return chr(min(int(arguments[0][:3]), _CHAR_MAX))
        return None

    def _string(self, pattern: re.Pattern[str] | None = None) -> str:
        pattern = pattern or self.string
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self._cut_off()
        self.at = found.end()
        inner = found[0][1:-1].replace("''", "'")
        if pattern is _BACKSLASH and "\\" in inner:
            return _ESCAPED.sub(lambda part: _ESCAPES.get(part[1], part[1]), inner)
        return inner

    def _copy(self) -> Iterator[Found]:
        table = self._name()
        columns = self._names() if self._take("(") else self.columns.get(table, [])
        self._skip()
        if not self._pass(_STDIN):
            return
        while True:
            end = self.text.find("\n", self.at)
            if end < 0:
                raise self._cut_off()
            start, self.at = self.at, end + 1
            raw = self.text[start:end].rstrip("\r")
            if raw == "\\.":
                return
            values = [_copied(value) for value in raw.split("\t")]
            fits = len(values) == len(columns)
            found = dict(zip(columns, values, strict=True)) if fits else None
            yield Found(table, self.line(start), found)

    def _cut_off(self, problem: str = "cut_off") -> BadDump:
        return BadDump(problem=problem, line=self.text.count("\n", 0, self.at) + 1)


def _copied(value: str) -> str | None:
    if value == "\\N":
        return None
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda part: _COPY_ESCAPES.get(part[1], part[1]), value)


def _is_mysql(text: str) -> bool:
    """Whether a backslash in a string escapes. Judged by what stands before the first row."""
    first = re.search(
        r"^[ \t]*(?:insert|replace|copy)\b[^\n(]*", text, re.IGNORECASE | re.MULTILINE
    )
    head = text[: first.end()] if first else text
    if re.search(
        r"^PRAGMA foreign_keys|PostgreSQL database dump|standard_conforming", head, re.MULTILINE
    ):
        return False
    return bool(re.search(r"MySQL|MariaDB|ENGINE\s*=|`|/\*!\d", head))
