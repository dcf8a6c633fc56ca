"""Reading po files and writing mo files, without gettext's programs."""

import ast
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0x950412DE
CONTEXT_MARK, PLURAL_MARK = "\x04", "\x00"
KEYWORDS = ("msgctxt", "msgid_plural", "msgid", "msgstr")


class BadPo(ValueError):
    """The file is not a po file that we understand."""


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """What is to be translated. `plural` is the English plural, "" when there is none."""

    text: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> str:
        """The key in a mo file."""
        start = f"{self.context}{CONTEXT_MARK}" if self.context else ""
        return start + self.text + (f"{PLURAL_MARK}{self.plural}" if self.plural else "")


def read_po(path: Path) -> dict[Message, str]:
    """Return the messages of a po file with their translations, in the order of the file.

    Only one plural form is read: Chinese has no more. The header is left out.

    Raises:
        BadPo: A line is neither a comment nor part of an entry.
    """
    found: dict[Message, str] = {}
    entry: dict[str, str] = {}
    last = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()  # noqa: PLW2901 - the same line, trimmed
        if line.startswith("#") or not line:
            continue
        keyword = next((word for word in KEYWORDS if line.startswith((f"{word} ", f"{word}["))), "")
        if not keyword and not line.startswith('"'):
            raise BadPo(f"{path.name}:{number}: {line[:60]}")
        if keyword == "msgctxt" or (keyword == "msgid" and last != "msgctxt"):
            _keep(entry, found)
            entry = {}
        last = keyword or last
        quoted = line[line.index('"') :] if '"' in line else '""'
        entry[last] = entry.get(last, "") + str(ast.literal_eval(quoted))
    _keep(entry, found)
    return found


def _keep(entry: Mapping[str, str], found: dict[Message, str]) -> None:
    if entry.get("msgid"):
        message = Message(entry["msgid"], entry.get("msgid_plural", ""), entry.get("msgctxt", ""))
        found[message] = entry.get("msgstr", "")


def write_po(header: str, messages: Mapping[Message, str]) -> str:
    """Return the text of a po file, sorted, so that equal contents give equal files."""
    lines = ['msgid ""', 'msgstr ""', *(f'"{line}\\n"' for line in header.splitlines()), ""]
    for message in sorted(messages):
        if message.context:
            lines.append(f"msgctxt {_quoted(message.context)}")
        lines.append(f"msgid {_quoted(message.text)}")
        if message.plural:
            lines.append(f"msgid_plural {_quoted(message.plural)}")
        form = "msgstr[0]" if message.plural else "msgstr"
        lines += [f"{form} {_quoted(messages[message])}", ""]
    return "\n".join(lines)


def write_mo(header: str, messages: Mapping[Message, str]) -> bytes:
    """Return the bytes of a mo file (GNU format, revision 0, no hash table)."""
    pairs = [("", f"{header.rstrip()}\n"), *((one.key, text) for one, text in messages.items())]
    encoded = sorted((key.encode(), text.encode()) for key, text in pairs)
    count = len(encoded)
    keys_at, values_at = 28, 28 + 8 * count
    keys = _table((key for key, _ in encoded), values_at + 8 * count)
    values_start = values_at + 8 * count + sum(len(key) + 1 for key, _ in encoded)
    values = _table((value for _, value in encoded), values_start)
    body = b"".join(key + b"\0" for key, _ in encoded)
    body += b"".join(value + b"\0" for _, value in encoded)
    head = struct.pack("<7I", MAGIC, 0, count, keys_at, values_at, 0, values_start)
    return head + keys + values + body


def _table(strings: Iterable[bytes], start: int) -> bytes:
    rows = []
    for string in strings:
        rows.append(struct.pack("<2I", len(string), start))
        start += len(string) + 1
    return b"".join(rows)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
