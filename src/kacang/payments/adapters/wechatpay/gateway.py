"""Questions to WeChat Pay, whose answers are believed only with WeChat's signature."""

from dataclasses import dataclass
from typing import Any

from kacang.payments.adapters.wechatpay.account import Merchant
from kacang.payments.adapters.wechatpay.keys import PlatformKeys
from kacang.payments.adapters.wechatpay.requests import ask
from kacang.payments.adapters.wechatpay.said import json_object, why_of
from kacang.payments.ports import AccountRefused, ProviderSilent
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.outbound import Answer, Outbound

NAME = "wechatpay"
SUCCESSES = range(200, 300)
REFUSALS = range(400, 500)
CODE_MAX = 40
# WeChat writes its codes with underscores here and without there: they are compared without.
# What passes by itself. The same request may be sent again.
_LATER = frozenset({
    "SYSTEMERROR", "FREQUENCYLIMITED", "FREQUENCYLIMITEXCEED", "RATELIMITED", "RATELIMITEXCEEDED",
    "BANKERROR", "BIZERRNEEDRETRY", "INVALIDREQTOOMUCH", "ORDERNOTREADY",
})  # fmt: skip
# What is wrong with the account, whatever was asked. WeChat may not be able to sign these.
_ACCOUNT = frozenset({
    "SIGNERROR", "NOAUTH", "MCHNOTEXISTS", "MCHIDNOTEXIST", "APPIDMCHIDNOTMATCH",
    "APPIDNOTEXIST", "INVALIDAPPID",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A signed answer.

    Args:
        fields: Of a success.
        code: Of a refusal, without underscores; "" for a success.
        why: Of a refusal, in WeChat's words.
        body: As it came.
    """

    fields: dict[str, Any]
    code: str
    why: str
    body: bytes


class Gateway:
    """WeChat Pay's interface for merchants."""

    def __init__(self, http: Outbound, keys: PlatformKeys) -> None:
        self._http = http
        self._keys = keys

    def get(self, merchant: Merchant, target: str) -> Said:
        """Ask. Raises as `post`."""
        return self._call(merchant, "GET", target, b"")

    def post(self, merchant: Merchant, target: str, body: bytes) -> Said:
        """Have something done.

        Raises:
            ProviderSilent: No answer, none that WeChat has signed, or "later".
            AccountRefused: WeChat does not accept the merchant, the app or the signature.
        """
        return self._call(merchant, "POST", target, body)

    def _call(self, merchant: Merchant, method: str, target: str, body: bytes) -> Said:
        try:
            answer = ask(self._http, merchant, method, target, body)
        except DomainError as error:
            raise ProviderSilent(provider=NAME, why=error.code) from error
        return self._read(merchant, answer)

    def _read(self, merchant: Merchant, answer: Answer) -> Said:
        fields = json_object(answer.body) or {}
        if answer.status in SUCCESSES:
            self._demand_signature(merchant, answer)
            # Only what has no content says nothing.
            if answer.body and not fields:
                raise ProviderSilent(provider=NAME, why="malformed")
            return Said(fields, "", "", answer.body)
        named = str(fields.get("code") or "")[:CODE_MAX]
        code, why = named.replace("_", ""), why_of(named, fields.get("message"))
        if answer.status not in REFUSALS or not code or code in _LATER:
            raise ProviderSilent(provider=NAME, status=answer.status, why=named)
        if code in _ACCOUNT:
            raise AccountRefused(provider=NAME, why=why)
        self._demand_signature(merchant, answer)
        return Said({}, code, why, answer.body)

    def _demand_signature(self, merchant: Merchant, answer: Answer) -> None:
        if not self._keys.is_from_wechat(merchant, answer.headers, answer.body, utc_now()):
            raise ProviderSilent(provider=NAME, status=answer.status, why="not signed")
