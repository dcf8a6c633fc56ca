"""Put the Chinese catalogue together: `python -m kacang.web.design.catalogue [--check]`.

Each part of the house keeps its translations in `locale/parts/<part>.po`; this merges them into
`django.po` and `django.mo`. `--check` writes nothing and fails when a text of the code or of a
template has no Chinese, or when the written files are not what the parts give.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

from kacang.web.design.po import Message, read_po, write_mo, write_po

PACKAGE = Path(__file__).resolve().parents[2]
LOCALE = PACKAGE / "locale"
PARTS = LOCALE / "parts"
CHINESE = LOCALE / "zh_Hans" / "LC_MESSAGES"
FIRST_PART = "design"
HEADER = (
    "Project-Id-Version: Kacang\n"
    "Language: zh_Hans\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=1; plural=0;\n"
)
# Function name: positions of text, plural and context among its arguments.
CALLS: Mapping[str, tuple[int, int | None, int | None]] = {
    "_": (0, None, None),
    "gettext": (0, None, None),
    "gettext_lazy": (0, None, None),
    "gettext_noop": (0, None, None),
    "ngettext": (0, 1, None),
    "ngettext_lazy": (0, 1, None),
    "pgettext": (1, None, 0),
    "pgettext_lazy": (1, None, 0),
    "npgettext": (1, 2, 0),
    "npgettext_lazy": (1, 2, 0),
}
_TEMPLATE_CALL = re.compile(r"(?<![\w.])(_|n?p?gettext)\(")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(?<!%)%[sd]|\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Use:
    """A text and where it is used."""

    message: Message
    place: str


@dataclass(frozen=True, slots=True)
class Merged:
    """All translations, and what is wrong with the parts."""

    messages: dict[Message, str]
    complaints: list[str]


def merge(folder: Path = PARTS) -> Merged:
    """Return the translations of all parts; where two differ "design" wins, then the alphabet."""
    messages: dict[Message, str] = {}
    complaints = []
    paths = sorted(folder.glob("*.po"), key=lambda path: (path.stem != FIRST_PART, path.stem))
    for path in paths:
        for message, translation in read_po(path).items():
            if not translation:
                continue
            known = messages.setdefault(message, translation)
            if known != translation:
                complaints.append(f"{path.name}: {message.text!r} is also {known!r} elsewhere")
    return Merged(messages, complaints)


def uses(package: Path = PACKAGE) -> list[Use]:
    """Return every text that the code and the templates of `package` ask to translate."""
    found = []
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [Use(one, f"{path.relative_to(package)}:{line}") for one, line in _calls(tree)]
    for path in sorted(package.rglob("templates/**/*")):
        if path.suffix in {".html", ".txt", ".js"}:
            place = str(path.relative_to(package))
            found += [Use(one, place) for one in _of_template(path.read_text("utf-8"), place)]
    return found


def missing(translations: Mapping[Message, str], used: list[Use]) -> list[str]:
    """Return the used texts that have no translation, each with its place."""
    lost: dict[Message, str] = {}
    for use in used:
        if use.message not in translations:
            lost.setdefault(use.message, use.place)
    return [f"{place}: {message.text!r}" for message, place in lost.items()]


def unequal(translations: Mapping[Message, str]) -> list[str]:
    """Return the texts whose translation names other placeholders than they do."""
    return [
        message.text
        for message, translation in translations.items()
        if not _placeholders(translation) <= _placeholders(message.text + message.plural)
        or (not message.plural and _placeholders(translation) != _placeholders(message.text))
    ]


def check() -> list[str]:
    """Return what is wrong: texts without Chinese, unequal placeholders, stale files."""
    merged = merge()
    wrong = [f"no Chinese: {text}" for text in missing(merged.messages, uses())]
    wrong += [f"placeholders differ: {text!r}" for text in unequal(merged.messages)]
    for name, content in _files(merged).items():
        path = CHINESE / name
        if not path.exists() or path.read_bytes() != content:
            wrong.append(f"stale: {path.name} (run python -m kacang.web.design.catalogue)")
    return wrong


def write() -> Merged:
    """Write django.po and django.mo from the parts."""
    merged = merge()
    CHINESE.mkdir(parents=True, exist_ok=True)
    for name, content in _files(merged).items():
        (CHINESE / name).write_bytes(content)
    return merged


def _files(merged: Merged) -> dict[str, bytes]:
    return {
        "django.po": write_po(HEADER, merged.messages).encode(),
        "django.mo": write_mo(HEADER, merged.messages),
    }


def _calls(tree: ast.AST) -> Iterator[tuple[Message, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in CALLS and (message := _message(name, node.args)):
                yield message, node.lineno


def _message(name: str, arguments: list[ast.expr]) -> Message | None:
    texts = [
        one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else None
        for one in arguments
    ]
    text_at, plural_at, context_at = CALLS[name]
    needed = [at for at in (text_at, plural_at, context_at) if at is not None]
    if max(needed) >= len(texts) or any(texts[at] is None for at in needed):
        return None
    plural = texts[plural_at] if plural_at is not None else ""
    context = texts[context_at] if context_at is not None else ""
    return Message(str(texts[text_at]), plural or "", context or "")


def _of_template(source: str, place: str) -> Iterator[Message]:
    """Read the calls in what Django's own extraction makes of a template."""
    code = templatize(source, origin=place)
    for match in _TEMPLATE_CALL.finditer(code):
        call = _balanced(code, match.start(1))
        try:
            tree = ast.parse(call)
        except SyntaxError:
            continue
        yield from (message for message, _ in _calls(tree))


def _balanced(code: str, start: int) -> str:
    """Return the call that starts here, up to its closing bracket outside of strings."""
    end = code.find(")", start)
    while end != -1:
        call = code[start : end + 1].replace("\n", "\\n")
        try:
            # A plural call ends in a bare word for the number; `u` and `'''` are Python's own.
            ast.parse(call)
        except SyntaxError:
            end = code.find(")", end + 1)
        else:
            return call
    return ""


def _placeholders(text: str) -> set[str]:
    return {match.group() for match in PLACEHOLDER.finditer(text)}


def main(arguments: list[str]) -> int:
    """Write the catalogue, or check it; return the exit code."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
    if "--check" in arguments:
        wrong = check()
        sys.stderr.write("".join(f"{line}\n" for line in wrong))
        return 1 if wrong else 0
    merged = write()
    notes = merged.complaints + [f"no Chinese: {text}" for text in missing(merged.messages, uses())]
    sys.stderr.write("".join(f"{line}\n" for line in notes))
    sys.stdout.write(f"{len(merged.messages)} texts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
