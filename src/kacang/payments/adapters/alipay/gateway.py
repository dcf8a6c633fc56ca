"""Questions to Alipay's gateway, and the answers, which are believed as far as they are signed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kacang.payments.adapters.alipay.keys import is_alipays, signer_of
from kacang.payments.ports import AccountInfo, AccountRefused, ProviderSilent
from kacang.shared.errors import DomainError
from kacang.shared.outbound import OK, Outbound

NAME = "alipay"
GATEWAY = "https://openapi.alipay.com/gateway.do"
ZONE = ZoneInfo("Asia/Shanghai")
DONE = "10000"
# Something failed there, or has not ended yet: what it did is unknown.
UNSURE = frozenset({"10003", "20000", "40005"})
BUSINESS = "40004"
REFUSALS = frozenset({"20001", "40001", "40002", "40003", "40006"})
WHY_MAX = 120
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """A signed answer: done, or refused for a reason of the trade (`sub_code`, `why`)."""

    is_done: bool
    sub_code: str = ""
    why: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    raw: str = ""

    def text(self, name: str) -> str:
        """Return a field, "" when it is not there or is not text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


def url_of(account: AccountInfo) -> str:
    """Return where an account's gateway is."""
    return str(account.options.get("gateway") or GATEWAY)


def local(at: datetime) -> str:
    """Return an instant as Alipay writes it: its own local time, whatever ours is."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def signed(
    account: AccountInfo,
    method: str,
    content: Mapping[str, str],
    now: datetime,
    addresses: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the fields of a request with its signature.

    Args:
        account: Whose request it is.
        method: What is asked, such as "alipay.trade.query".
        content: The fields of `biz_content`.
        now: When. Alipay refuses what is minutes off.
        addresses: `notify_url` and `return_url`, where the method has them.
    """
    signer = signer_of(account)
    fields = {
        "app_id": str(account.options.get("app_id", "")),
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": local(now),
        "version": "1.0",
        "biz_content": json.dumps(content, separators=(",", ":")),
        "app_cert_sn": signer.app_serial,
        "alipay_root_cert_sn": signer.root_serial,
        **(addresses or {}),
    }
    fields = {name: value for name, value in fields.items() if value}
    return {**fields, "sign": signer.sign(fields)}


def ask(
    http: Outbound,
    account: AccountInfo,
    request: tuple[str, Mapping[str, str]],
    now: datetime,
    addresses: Mapping[str, str] | None = None,
) -> Said:
    """Ask the gateway one thing: a method and its content.

    Raises:
        ProviderSilent: No answer, none that Alipay has signed, or one that leaves it open.
        AccountRefused: It does not accept the application, its key or its contract.
    """
    method, content = request
    body = urlencode(signed(account, method, content, now, addresses)).encode()
    kind = "application/x-www-form-urlencoded;charset=utf-8"
    try:
        answer = http.post(url_of(account), body, headers={"content-type": kind})
    except DomainError as error:
        raise ProviderSilent(provider=NAME, why=error.code) from error
    if answer.status != OK:
        raise ProviderSilent(provider=NAME, status=answer.status)
    return _heard(account, method.replace(".", "_") + "_response", answer.body)


def members(text: str) -> dict[str, tuple[Any, str]]:
    """Return a JSON object's members, each with its text as it stood there.

    A signature is over that text: writing the value anew would not give the same.

    Raises:
        ValueError: It is not one JSON object, or names a member twice.
    """
    decoder = json.JSONDecoder()
    found: dict[str, tuple[Any, str]] = {}
    at = _past(text, 0, "{")
    has_more = not text.startswith("}", at)
    while has_more:
        name, at = decoder.raw_decode(text, at)
        start = _past(text, at, ":")
        value, at = decoder.raw_decode(text, start)
        if not isinstance(name, str) or name in found:
            raise ValueError("not a member")
        found[name] = (value, text[start:at])
        at = _blank(text, at)
        has_more = not text.startswith("}", at)
        if has_more:
            at = _past(text, at, ",")
    if _blank(text, at + 1) != len(text):
        raise ValueError("more than an object")
    return found


def _heard(account: AccountInfo, node: str, body: bytes) -> Said:
    try:
        found = members(body.decode())
        fields, raw = found[node] if node in found else found["error_response"]
        signature = found["sign"][0] if "sign" in found else ""
    # ValueError covers broken UTF-8, broken JSON and numbers of thousands of digits.
    except (ValueError, KeyError, RecursionError):
        raise ProviderSilent(provider=NAME, why="not understood") from None
    if not isinstance(fields, dict) or not isinstance(signature, str):
        raise ProviderSilent(provider=NAME, why="not understood")
    code = fields.get("code")
    why = f"{fields.get('sub_code') or code}: {fields.get('sub_msg') or fields.get('msg')}"[
        :WHY_MAX
    ]
    sub_code = str(fields.get("sub_code") or "")
    if signature and not is_alipays(account, raw.encode(), signature):
        raise ProviderSilent(provider=NAME, why="not signed with Alipay's key of this account")
    if code in UNSURE or sub_code.upper().endswith(("SYSTEM_ERROR", "UNKNOW-ERROR")):
        raise ProviderSilent(provider=NAME, why=why)
    if code in REFUSALS:
        # Alipay cannot sign for an application that it does not know: such a refusal comes bare.
        raise AccountRefused(provider=NAME, why=why)
    if not signature or code not in {DONE, BUSINESS}:
        raise ProviderSilent(provider=NAME, why="not signed or not understood")
    return Said(code == DONE, sub_code, why, fields, raw)


def _blank(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _past(text: str, at: int, sign: str) -> int:
    at = _blank(text, at)
    if not text.startswith(sign, at):
        raise ValueError(f"no {sign}")
    return _blank(text, at + 1)
