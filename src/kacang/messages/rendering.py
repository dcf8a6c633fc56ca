"""From template and context to words. Done when a message is sent or shown, never before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from kacang.messages.events import NOTICES, REASONS, Event
from kacang.messages.wording.house import file_of, house_words, language_of
from kacang.messages.wording.texts import Wording, fill
from kacang.messages.wording.variables import IN_APP, SMS, with_computed
from kacang.shared.texts import both, pick

# Values longer than this are cut: a title is a line, not a page.
VALUE_MAX = 500
SWITCHES = both(
    "不想再收到这类邮件，或选择接收哪些通知：",
    "To get no more mails of this kind, or to choose what you are told:",
)


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


def mail(
    event: str,
    language: str,
    context: Mapping[str, Any],
    own: Wording | None = None,
    *,
    switches_url: str = "",
) -> Mail:
    """Render a mail, in the merchant's own words where there are such.

    The first line of the house's template is the subject. `switches_url`: where its reader says
    what they want to be told, put below; "": nowhere.
    """
    values = with_computed(event, language, _values(context, language))
    if own:
        subject, body = fill(own.subject, values), fill(own.body, values)
    else:
        text = render_to_string(file_of(event, language), values)
        subject, _, body = text.strip().partition("\n")
    paragraphs = [part.strip() for part in body.strip().split("\n\n") if part.strip()]
    if switches_url:
        paragraphs += [pick(SWITCHES, language), switches_url]
    html = render_to_string(
        "mail/layout.html",
        {
            "language": "zh-CN" if _is_chinese(language) else "en",
            "subject": subject.strip(),
            "paragraphs": [_paragraph(part) for part in paragraphs],
        },
    )
    return Mail(" ".join(subject.split()), "\n\n".join(paragraphs) + "\n", html)


def notice(
    event: str, language: str, context: Mapping[str, Any], own: Wording | None = None
) -> Notice:
    """Render a notice of the console, in the merchant's own words where there are such."""
    words = NOTICES[Event(event)]
    said = own or house_words(Event(event), IN_APP, language_of(language))
    values = with_computed(event, language, _values(context, language))
    kind, name = words.target
    return Notice(
        title=fill(said.subject, values),
        line=fill(said.body, values),
        tone=words.tone,
        target=(kind, str(values.get(name, ""))),
    )


def short(event: str, language: str, context: Mapping[str, Any], own: Wording | None = None) -> str:
    """Render what a text message says."""
    said = own or house_words(Event(event), SMS, language_of(language))
    return fill(said.body, with_computed(event, language, _values(context, language)))


def values_of(event: str, language: str, context: Mapping[str, Any]) -> dict[str, str]:
    """Return what the words of a message are made of, in a language, each as a text."""
    values = with_computed(event, language, _values(context, language))
    return {name: value for name, value in values.items() if isinstance(value, str)}


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


def _paragraph(text: str) -> dict[str, str]:
    # A line that is an address becomes a link of its own.
    return {"link": text} if text.startswith(("https://", "http://")) else {"text": text}


def _is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")
