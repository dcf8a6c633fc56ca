"""Subscription messages of a WeChat mini-program (小程序订阅消息), `subscribeMessage.send`.

A reader is an openid of that mini-program, so that there is no account of the operator's here. A
template's places have typed names, `thing1`, `amount2`: each is given one of our names,
`thing1:title`. Values are cut to what their type takes. Never a code, never a card: the message
leads to a page of the mini-program.

Addresses and error codes are those of the public pages; `stable_token` from memory. It gives every
process the same token, so that no process ends another's by asking.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import quote

from django.conf import settings

from kacang.messages.adapters.companies import (
    LATER,
    has_template,
    refuse,
    said_by,
    template_for,
)
from kacang.messages.ports import (
    PORT_VERSION,
    Keys,
    NotConfigured,
    NotSent,
    Taken,
    TextMessage,
)

ENDPOINT = "https://api.weixin.qq.com/"
JSON = {"content-type": "application/json"}
# A place of a template, and how many characters its type takes.
PLACE = re.compile(r"(thing|character_string|phrase|amount|time|date|number|letter|name)[0-9]{1,2}")
LIMITS = {"thing": 20, "character_string": 32, "phrase": 5, "letter": 32, "name": 10}
TYPED = 32
# Our token is not theirs any more: another is asked for, once.
STALE = ("40001", "40014", "42001")
WORDS = {
    "43101": ("wechat_refused", True),
    "47003": ("wechat_data", True),
    "40003": ("wechat_reader", True),
    "40037": ("wechat_template", True),
    "41030": ("wechat_page", True),
    "40001": ("sms_key", False),
    "40013": ("sms_key", False),
    "40125": ("sms_key", False),
    "40014": ("sms_key", False),
    "42001": ("sms_key", False),
    "45009": LATER,
    "45011": LATER,
    "-1": LATER,
}


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: float


_tokens: dict[tuple[str, str], _Token] = {}
_asking = Lock()


class WechatMiniProgram:
    """The adapter. AppID, AppSecret, templates and page are of a merchant's account."""

    name = "wechat_miniprogram"
    channel = "wechat"
    port_version = PORT_VERSION
    needs_app = True

    def __init__(self, keys: Keys | None = None) -> None:
        if keys is None:
            raise NotConfigured
        self._keys = keys
        self._endpoint = settings.WECHAT_ENDPOINT or ENDPOINT

    @classmethod
    def of(cls, keys: Keys) -> "WechatMiniProgram":
        """Build it for an account. `app` is the page that a message opens."""
        return cls(keys)

    def knows(self, event: str) -> bool:
        """Whether the account has a template for an event."""
        return has_template(self._keys, event)

    def send(self, message: TextMessage) -> Taken:
        """Hand a message over.

        Raises:
            NotSent: It was not taken: the reader has not agreed to it, a value does not fit; or
                nobody knows, "unknown", which is final.
        """
        template = template_for(self._keys, message)
        said = {
            "touser": message.phone,
            "template_id": template.code,
            "page": _page(self._keys.app, message.values),
            "lang": "zh_CN" if message.language.startswith("zh") else "en_US",
            "data": dict(_field(name, message.values) for name in template.names),
        }
        token = self._token(is_new=False)
        answer = self._ask(f"cgi-bin/message/subscribe/send?access_token={token}", said)
        if _code(answer) in STALE:
            token = self._token(is_new=True)
            answer = self._ask(f"cgi-bin/message/subscribe/send?access_token={token}", said)
        code = _code(answer)
        if code != "0":
            refuse(code, WORDS)
        return Taken(str(answer.get("msgid", ""))[:64])

    def _token(self, *, is_new: bool) -> str:
        """Return the access token, asked for once by all threads of this process.

        Raises:
            NotSent: There is none: the key is wrong, or WeChat cannot be reached (later: nothing
                was sent).
        """
        place = (self._endpoint, self._keys.id)
        with _asking:
            kept = _tokens.get(place)
            if kept and kept.until > time.monotonic() and not is_new:
                return kept.value
            said = {
                "grant_type": "client_credential",
                "appid": self._keys.id,
                "secret": self._keys.secret,
                "force_refresh": is_new,
            }
            try:
                answer = self._ask("cgi-bin/stable_token", said)
            except NotSent as problem:
                raise NotSent("not_reached", is_final=False) from problem
            token, code = str(answer.get("access_token", "")), _code(answer)
            if not token:
                refuse(code, WORDS)
            # Five minutes before it ends the next one is given out beside it.
            seconds = max(int(answer.get("expires_in", 0)) - 300, 0)
            _tokens[place] = _Token(token, time.monotonic() + seconds)
            return token

    def _ask(self, path: str, said: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(said, ensure_ascii=False).encode()
        url = f"{self._endpoint.rstrip('/')}/{path}"
        return said_by(self._endpoint, url, body, JSON)


def forget_tokens() -> None:
    """Ask for new tokens at the next call."""
    _tokens.clear()


def _page(page: str, values: Mapping[str, str]) -> str:
    return page.replace("{order}", quote(values.get("order", ""), safe=""))


def _field(name: str, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    place, _colon, ours = name.partition(":")
    kind = place.rstrip("0123456789")
    value = values.get(ours, "")
    # A value that is empty is refused as wrong data.
    return place, {"value": value[: LIMITS.get(kind, TYPED)] or "-"}


def _code(answer: Mapping[str, Any]) -> str:
    return str(answer.get("errcode", 0))
