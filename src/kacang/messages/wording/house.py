"""The house's own words, as a merchant reads and changes them, and which channels an event has."""

import re

from django.template.loader import get_template

from kacang.messages.events import NOTICES, Event
from kacang.messages.wording.shorts import SHORTS
from kacang.messages.wording.texts import Wording
from kacang.messages.wording.variables import EMAIL, IN_APP, SMS, WECHAT
from kacang.shared.texts import pick

_PLAIN = re.compile(r"\{% (autoescape off|endautoescape) %\}")
_NAME = re.compile(r"\{(\w+)\}")


# What buyers are told in a mini-program: of their orders and cases, never a code.
MINI_PROGRAM = frozenset(
    {
        Event.ORDER_DELIVERED,
        Event.ORDER_READY,
        Event.ORDER_SHIPPED,
        Event.ORDER_WAITING,
        Event.ORDER_REPLACED,
        Event.ORDER_CANCELLED,
        Event.ORDER_REFUNDED,
        Event.ORDER_PROOF_REJECTED,
        Event.ORDER_UNPAID,
        Event.ORDER_CHANGED,
        Event.CASE_ANSWERED,
        Event.CASE_DECIDED,
    }
)


def channels_of(event: Event) -> tuple[str, ...]:
    """Return the channels in which an event can be told."""
    has = {EMAIL: True, IN_APP: event in NOTICES, SMS: event in SHORTS or event in NOTICES}
    return tuple(channel for channel, is_there in has.items() if is_there)


def told_by(event: Event) -> tuple[str, ...]:
    """Return the channels in which an event can be told, also in words that are not ours."""
    return (*channels_of(event), WECHAT) if event in MINI_PROGRAM else channels_of(event)


def house_words(event: Event, channel: str, language: str) -> Wording:
    """Return what a message says as long as the merchant says nothing else."""
    if channel == EMAIL:
        return _mail(event, language)
    if channel == SMS and event in SHORTS:
        return Wording("", pick(SHORTS[event], language))
    words = NOTICES[event]
    said = (pick(words.title, language), pick(words.line, language))
    title, line = (_NAME.sub(r"{{ \1 }}", text) for text in said)
    if channel == SMS:
        return Wording("", f"{title}{'。' if language.startswith('zh') else '. '}{line}")
    return Wording(title, line)


def language_of(language: str) -> str:
    """Return the language under which words are kept."""
    return "zh-Hans" if language.lower().startswith("zh") else "en"


def file_of(event: str, language: str) -> str:
    """Return the name of the file with a mail's words."""
    return (
        f"mail/{event.replace('.', '_')}.{'zh' if language.lower().startswith('zh') else 'en'}.txt"
    )


def _mail(event: Event, language: str) -> Wording:
    source: str = get_template(file_of(event, language)).template.source  # type: ignore[attr-defined]  # Django's own engine
    subject, _, body = _PLAIN.sub("", source).strip().partition("\n")
    return Wording(subject.strip(), body.strip())
