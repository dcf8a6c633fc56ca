"""Cards that are more than a line: blocks of lines, and keys with their values.

"账号: user1 密码: pass1" is a card of one line, parted by its keys. A key file between
"-----BEGIN" and "-----END" is one of many; what ends it is a blank line, or a line of its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from kacang.vault.reading.names import FIELD_OF

BLOCK_END_MAX = 40
# A key begins the record, or follows white space, a mark or, in Chinese, the value before it. No
# part of this may look at the same text twice: lines are as long as their sender likes.
_BEFORE = r"(?:(?<=[\s,，;；|])|(?<=--)|(?<=[!-~])(?=[\u4e00-\u9fff]))"
_KNOWN = "|".join(re.escape(name) for name in sorted(FIELD_OF, key=len, reverse=True))
_ASSIGN = r"\s*[:：](?!//)\s*"
_KEY = re.compile(
    f"(?i)(?:^\\s*|{_BEFORE})({_KNOWN}|[A-Za-z_\u4e00-\u9fff][\\w\u4e00-\u9fff]{{0,19}}){_ASSIGN}"
)
_KEYS_MAX = 12
_LEAST = 2
_RECORD_MAX = 16_000


def blocks(lines: Iterable[tuple[int, str]], end: str) -> Iterator[tuple[int, str]]:
    """Join lines, given with their line breaks, to blocks, each with the number of its first.

    A block ends at a line that is `end`, or at a blank one when `end` is empty. The line break
    behind its last line is not part of it, those within are, as they were.
    """
    held: list[str] = []
    first = 0
    for number, line in lines:
        text = line.strip()
        if text == end:
            if held:
                yield first, without_ending("".join(held))
            held = []
            continue
        if not held:
            first = number
        held.append(line)
    if held:
        yield first, without_ending("".join(held))


def without_ending(line: str) -> str:
    """Return a line without its line break."""
    if line.endswith("\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(("\n", "\r")) else line


class Pairs:
    """Takes records apart by keys, which were learnt from the first of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        before = (r"\s*" if not at else _BEFORE for at in range(len(self.keys)))
        self._finders = [
            re.compile(f"{start}{re.escape(key)}{_ASSIGN}")
            for start, key in zip(before, self.keys, strict=True)
        ]

    def split(self, record: str) -> tuple[str, ...] | None:
        """Return the values in the order of the keys, or None when not all are there."""
        found: list[re.Match[str]] = []
        at = 0
        if len(record) > _RECORD_MAX:
            return None
        for finder in self._finders:
            match = finder.search(record, at) if found else finder.match(record)
            if match is None:
                return None
            found.append(match)
            at = match.end()
        ends = [match.start() for match in found[1:]] + [len(record)]
        values = [record[match.end() : end] for match, end in zip(found, ends, strict=True)]
        return (*map(_without_mark, values[:-1]), values[-1].rstrip())


def learn_pairs(records: Sequence[str], *, asked: bool) -> Pairs | None:
    """Return how these records are taken apart by keys; None when they are not made so.

    All of them have the same keys, in the same order, from their very beginning. Unasked there
    are at least two, and one is known for a code: a colon may well be part of a code.
    """
    filled = [record for record in records if record.strip()]
    if not filled:
        return None
    shared = _keys_of(filled[0])
    for record in filled[1:]:
        there = set(_keys_of(record))
        shared = [key for key in shared if key in there]
        if not shared:
            return None
    if not asked:
        known = any(FIELD_OF.get(key.lower()) == "secret" for key in shared)
        if len(shared) < _LEAST or not known:
            return None
    pairs = Pairs(shared[:_KEYS_MAX])
    if not asked and not all(pairs.split(record) for record in filled):
        return None
    return pairs if pairs.keys else None


def is_of_blocks(records: Sequence[str]) -> bool:
    """Whether lines look like keys with their values, one below the other, card by card."""
    # The sample may end within a card: what is behind its last blank line does not count.
    ends = [at for at, line in enumerate(records) if not line.strip()]
    whole = records[: ends[-1]] if ends else ()
    seen = [(_keys_of(line) or [""])[0] for line in whole if line.strip()]
    keys = set(seen)
    return (
        "" not in keys
        and 1 < len(keys) <= _KEYS_MAX
        and len({seen.count(key) for key in keys}) == 1
    )


def _without_mark(value: str) -> str:
    """Return a value without what parts it from the next key."""
    value = value.rstrip()
    if value.endswith("--"):
        return value.rstrip("-").rstrip()
    return value[:-1].rstrip() if value.endswith((",", "，", ";", "；", "|")) else value


def _keys_of(record: str) -> list[str]:
    if len(record) > _RECORD_MAX:
        return []
    found: list[str] = []
    end = -1
    for match in _KEY.finditer(record):
        # What a value begins with is no key, unless everybody knows it for one: "密码: q:1".
        if match.start(1) != end or match[1].lower() in FIELD_OF:
            found.append(match[1])
        end = match.end()
    if not found or not record.lstrip().startswith(found[0]):
        return []
    return list(dict.fromkeys(found))
