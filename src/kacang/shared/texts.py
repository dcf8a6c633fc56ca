"""Texts that buyers read, in more than one language (rule 30)."""

from collections.abc import Mapping

LANGUAGES = ("zh-Hans", "en")
DEFAULT_LANGUAGE = "zh-Hans"

Text = dict[str, str]


def pick(text: Mapping[str, str] | None, language: str) -> str:
    """Return `text` in `language`, else in the default language, else in any, else ""."""
    if not text:
        return ""
    wanted = "zh-Hans" if language.lower().startswith("zh") else language.split("-", maxsplit=1)[0]
    for key in (wanted, DEFAULT_LANGUAGE, *text):
        if text.get(key):
            return text[key]
    return ""


def both(zh: str, en: str = "") -> Text:
    """Build a text from its Chinese and English wording, leaving empty ones out."""
    return {key: value for key, value in (("zh-Hans", zh), ("en", en)) if value}
