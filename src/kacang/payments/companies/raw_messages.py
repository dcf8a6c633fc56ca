"""Raw messages of companies as people may see them: what is secret or personal is masked.

Read as JSON, as a form or as XML, by the names of the fields; whatever else looks like an
address, a telephone number or a long token is masked wherever it stands.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

SHOWN_MOST = 4_000
_NAMES = re.compile(
    r"sign|secret|token|cipher|nonce|credential|openid|unionid|payer|buyer|user_?id|logon|e?mail"
    r"|phone|mobile|tel\b|card|bank|holder|real_?name|id_?no|address|client_?ip|\bip\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # a mobile telephone number
    r"|[A-Za-z0-9+/_=-]{60,}"  # a signature, a certificate, a token
)
_TAG = re.compile(r"<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</\1>", re.DOTALL)


def masked(raw: str) -> str:
    """Return a message without what is nobody's business, at most 4,000 characters of it."""
    return _structured(raw.strip())[:SHOWN_MOST]


def _structured(raw: str) -> str:
    try:
        return json.dumps(_walk("", json.loads(raw)), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        pass
    if raw.startswith("<"):
        return _anywhere(_TAG.sub(_tag, raw))
    pairs = parse_qsl(raw, keep_blank_values=True) if "=" in raw else []
    if pairs:
        return "\n".join(f"{name} = {_leaf(name, value)}" for name, value in pairs)
    return _anywhere(raw)


def _tag(found: "re.Match[str]") -> str:
    value = found[2] if found[2] is not None else found[3]
    return f"<{found[1]}>{_leaf(found[1], value)}</{found[1]}>"


def _walk(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _walk(f"{name} {key}", inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walk(name, inner) for inner in value]
    return _leaf(name, value) if isinstance(value, str) else value


def _leaf(name: str, value: str) -> str:
    return _hidden(value) if value and _NAMES.search(name) else _anywhere(value)


def _anywhere(text: str) -> str:
    return _PERSONAL.sub(lambda found: _hidden(found[0]), text)


def _hidden(value: str) -> str:
    return f"{value[:2]}****{value[-2:]}" if len(value) > 8 else "****"  # noqa: PLR2004 - enough to hide
