"""`stable_token` and `subscribe/send`, written from the public pages.

A token is good until another is forced, or `expire` is called. A reader gets one message for each
time they agreed to a template (`agree`). Values are held to the rules of their types.
"""

import json
import re
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any

from simulators.payments.company import Asked, Company, Said

_RULES = {
    "thing": re.compile(r".{1,20}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "amount": re.compile(r"[¥$€]?[0-9,]{1,10}(\.[0-9]{1,2})?元?"),
    "number": re.compile(r"[0-9.]{1,32}"),
}
_PLACE = re.compile(r"([a-z_]+)[0-9]{1,2}")
OK, BAD_TOKEN, BAD_SECRET, BAD_READER, BAD_TEMPLATE = 0, 40001, 40125, 40003, 40037
NOT_AGREED, BAD_DATA, BUSY = 43101, 47003, 45009


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a reader got."""

    reader: str
    template: str
    page: str
    data: dict[str, str]


class WeChat(Company):
    """The server. `templates`: id → the places that it has."""

    def __init__(self, appid: str, secret: str, templates: dict[str, set[str]]) -> None:
        super().__init__()
        self.appid, self.secret, self.templates = appid, secret, templates
        self.received: list[Received] = []
        self.is_busy = False
        self.tokens_given = 0
        self._token = ""
        self._agreed: Counter[tuple[str, str]] = Counter()

    def agree(self, reader: str, template: str) -> None:
        """Somebody agrees to one message."""
        with self.lock:
            self._agreed[reader, template] += 1

    def expire(self) -> None:
        """From now on the token is none any more."""
        self._token = ""

    def visit(self, asked: Asked) -> Said | None:  # noqa: ARG002 - the base class asks
        """There are no pages."""
        return None

    def answer(self, asked: Asked) -> Said:
        """Give a token out, or take a message, or say why not."""
        said = json.loads(asked.body)
        with self.lock:
            if asked.path == "/cgi-bin/stable_token":
                return _said(self._give(said))
            if asked.path == "/cgi-bin/message/subscribe/send":
                if not self._token or asked.form().get("access_token") != self._token:
                    return _said({"errcode": BAD_TOKEN, "errmsg": "invalid credential"})
                code = self._take(said)
                return _said({"errcode": code, "errmsg": "ok" if code == OK else "no"})
        return Said(b"", status=404)

    def _give(self, said: dict[str, Any]) -> dict[str, Any]:
        if (said.get("appid"), said.get("secret")) != (self.appid, self.secret):
            return {"errcode": BAD_SECRET, "errmsg": "invalid appsecret"}
        if not self._token or said.get("force_refresh"):
            self._token = secrets.token_hex(16)
        self.tokens_given += 1
        return {"access_token": self._token, "expires_in": 7200}

    def _take(self, said: dict[str, Any]) -> int:
        reader, template = str(said.get("touser", "")), str(said.get("template_id", ""))
        if self.is_busy:
            return BUSY
        if template not in self.templates:
            return BAD_TEMPLATE
        if not re.fullmatch(r"o[A-Za-z0-9_-]{10,40}", reader):
            return BAD_READER
        data = {name: str(one.get("value", "")) for name, one in said.get("data", {}).items()}
        if set(data) != self.templates[template] or not all(map(_fits, data, data.values())):
            return BAD_DATA
        if not self._agreed[reader, template]:
            return NOT_AGREED
        self._agreed[reader, template] -= 1
        self.received.append(Received(reader, template, str(said.get("page", "")), data))
        return OK


def _fits(place: str, value: str) -> bool:
    found = _PLACE.fullmatch(place)
    rule = _RULES.get(found[1]) if found else None
    return bool(rule and rule.fullmatch(value))


def _said(said: dict[str, Any]) -> Said:
    return Said(json.dumps(said).encode())
