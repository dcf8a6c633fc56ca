"""From template and context to words. Done when a message is sent or shown, never before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from kacang.messages.events import NOTICES, REASONS, Event
from kacang.shared.texts import pick

# Values longer than this are cut: a title is a line, not a page.
VALUE_MAX = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice's words. `target` is what it leads to: a kind, and its public id."""

    title: str
    line: str
    tone: str
    target: tuple[str, str]


def mail(event: str, language: str, context: Mapping[str, Any]) -> Mail:
    """Render a mail. The first line of its template is the subject."""
    values = _values(context, language)
    name = f"mail/{event.replace('.', '_')}.{_file_language(language)}.txt"
    subject, _, body = render_to_string(name, values).strip().partition("\n")
    paragraphs = [part.strip() for part in body.strip().split("\n\n") if part.strip()]
    html = render_to_string(
        "mail/layout.html",
        {
            "language": "zh-CN" if _is_chinese(language) else "en",
            "subject": subject.strip(),
            "paragraphs": [_paragraph(part) for part in paragraphs],
        },
    )
    return Mail(" ".join(subject.split()), "\n\n".join(paragraphs) + "\n", html)


def notice(event: str, language: str, context: Mapping[str, Any]) -> Notice:
    """Render a notice of the console."""
    words = NOTICES[Event(event)]
    values = _values(context, language)
    kind, name = words.target
    return Notice(
        title=_filled(pick(words.title, language), values),
        line=_filled(pick(words.line, language), values),
        tone=words.tone,
        target=(kind, str(values.get(name, ""))),
    )


def short(event: str, language: str, context: Mapping[str, Any]) -> str:
    """Render what a text message says: a notice's title and line in one."""
    words = notice(event, language, context)
    return f"{words.title}{'。' if _is_chinese(language) else '. '}{words.line}"


def _values(context: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Pick the reader's language of every value that has several, and make lines of all.

    A list is one of rows, each with values of its own.
    """
    return {
        name: [_values(row, language) for row in value]
        if isinstance(value, list)
        else _line(name, value, language)
        for name, value in context.items()
    }


def _line(name: str, value: Any, language: str) -> str:
    said = REASONS.get(value, value) if name == "reason" else value
    text = pick(said, language) if isinstance(said, Mapping) else str(said)
    return " ".join(text.split())[:VALUE_MAX]


def _filled(words: str, values: Mapping[str, Any]) -> str:
    return words.format_map(_Lenient(values))


class _Lenient(dict[str, Any]):
    def __missing__(self, _name: str) -> str:
        return ""


def _paragraph(text: str) -> dict[str, str]:
    # A line that is an address becomes a link of its own.
    return {"link": text} if text.startswith(("https://", "http://")) else {"text": text}


def _is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")


def _file_language(language: str) -> str:
    return "zh" if _is_chinese(language) else "en"
