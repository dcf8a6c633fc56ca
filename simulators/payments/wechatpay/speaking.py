"""How the company speaks: what it signs, and the messages that it sends to the shop."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from simulators.payments import company
from simulators.payments.company import Company
from simulators.payments.wechatpay import signing
from simulators.payments.wechatpay.books import Books, Refund, Trade
from simulators.payments.wechatpay.keys import new_certificate

TAKEN = range(200, 300)
EVENTS = {"SUCCESS": "REFUND.SUCCESS", "ABNORMAL": "REFUND.ABNORMAL", "CLOSED": "REFUND.CLOSED"}


class Way(Enum):
    """With which of its keys the company signs."""

    PUBLIC_KEY = "public_key"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the shop: where to, of which kind, what is sealed in it."""

    url: str
    event: str
    kind: str
    event_id: str
    inner: dict[str, Any]


class Speaker(Company):
    """The company's keys and books, and what it says by itself.

    Args:
        keys: Of `new_keys`.
        host: Where to listen.
        port: 0: any free one.
    """

    def __init__(self, keys: Mapping[str, Any], **options: Any) -> None:
        super().__init__(
            host=str(options.get("host", "127.0.0.1")), port=int(options.get("port", 0))
        )
        self.keys = keys
        self.certificate: dict[str, str] = dict(keys["certificate"])
        self.signs_with = Way.PUBLIC_KEY
        # Everything is signed with the probing signature of which WeChat warns.
        self.is_probing = False
        self.books = Books()
        self.waiting: list[Message] = []

    def rotate_certificate(self) -> None:
        """Sign with a new platform certificate from now on; the old one is no more."""
        self.certificate = new_certificate()

    def paid(self, trade: Trade) -> Message:
        """Return the message about a paid trade."""
        url = str(trade.asked["notify_url"])
        return Message(url, "TRANSACTION.SUCCESS", "transaction", trade.event_id, trade.told())

    def refunded(self, refund: Refund) -> Message:
        """Return the message about a refund that has ended."""
        event = EVENTS[refund.status]
        told = {"mchid": self.keys["mchid"], **refund.told(state_name="refund_status")}
        url = str(refund.asked["notify_url"])
        return Message(url, event, "refund", refund.event_id, told)

    def send(
        self, message: Message, *, is_forged: bool = False, shift: int = 0
    ) -> tuple[int, bytes]:
        """Send one message; return the shop's answer."""
        body, headers = self.written(message, is_forged=is_forged, shift=shift)
        return company.tell(message.url, body, headers)

    def written(
        self, message: Message, *, is_forged: bool = False, shift: int = 0
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of a message; `shift` moves its time, in seconds."""
        plain = json.dumps(message.inner, ensure_ascii=False)
        resource = signing.sealed(self.keys["api_v3_key"], plain, message.kind)
        said = {
            "id": message.event_id,
            "create_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "resource_type": "encrypt-resource",
            "event_type": message.event,
            "summary": "支付成功" if message.kind == "transaction" else "退款",
            "resource": {"original_type": message.kind, **resource},
        }
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = self.signed(body, shift=shift)
        if is_forged:
            made = "WECHATPAY/SIGNTEST/" + headers["wechatpay-signature"]
            headers["wechatpay-signature"] = made[: len(headers["wechatpay-signature"])]
        return body, {"content-type": "application/json", **headers}

    def signed(self, body: bytes, *, shift: int = 0) -> dict[str, str]:
        """Return the headers with which the company vouches for a body."""
        stamp, nonce = int(time.time()) + shift, secrets.token_hex(16)
        by_key = self.signs_with is Way.PUBLIC_KEY
        private = self.keys["platform_private_key"] if by_key else self.certificate["private"]
        made = signing.signature(private, stamp, nonce, body)
        return {
            "wechatpay-timestamp": str(stamp),
            "wechatpay-nonce": nonce,
            "wechatpay-signature": "WECHATPAY/SIGNTEST/" + made if self.is_probing else made,
            "wechatpay-serial": self.keys["public_key_id"]
            if by_key
            else self.certificate["serial"],
            "wechatpay-signature-type": signing.TYPE,
        }

    def deliver(self) -> list[tuple[int, bytes]]:
        """Send what waits; what the shop does not take waits on. Returns the shop's answers."""
        messages, self.waiting = self.waiting, []
        answers = []
        for message in messages:
            answers.append(self.send(message))
            if answers[-1][0] not in TAKEN:
                self.waiting.append(message)
        return answers
