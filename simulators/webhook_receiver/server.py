"""A receiver of Standard Webhooks: it checks signatures by itself and misbehaves on order.

Written from the specification, not from our sender: `v1,` and base64 of the HMAC-SHA256 over
`id.timestamp.body` under the bytes of the secret; five minutes of tolerance; several signatures
parted by spaces, one of which must fit. 200 to what is right, 401 to what is not.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.payments.company import Asked, Company, Said

TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Heard:
    """A message whose signature was right."""

    id: str
    type: str
    data: Mapping[str, Any]
    body: bytes
    signatures: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """What it answers instead, for a while."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver(Company):
    """Runs while it is entered. `refusals`: what the next calls are answered, one each."""

    def __init__(self, secret: str = "") -> None:
        super().__init__()
        self.secret = secret
        self.heard: list[Heard] = []
        self.refusals: list[Refusal] = []
        self.seconds = 0.0

    def visit(self, asked: Asked) -> Said | None:  # noqa: ARG002 - the base class asks
        """There are no pages."""
        return None

    def answer(self, asked: Asked) -> Said:
        """Take a message in, if it is signed rightly."""
        time.sleep(self.seconds)
        with self.lock:
            if self.refusals:
                one = self.refusals.pop(0)
                return Said(b"{}", status=one.status, headers=one.headers)
            given = asked.headers.get("webhook-signature", "").split(" ")
            if not self._fits(asked, given):
                return Said(b'{"error": "signature"}', status=401)
            said = json.loads(asked.body)
            self.heard.append(
                Heard(asked.headers["webhook-id"], said["type"], said["data"], asked.body,
                      len(given))
            )  # fmt: skip
        return Said(b'{"ok": true}')

    def _fits(self, asked: Asked, given: list[str]) -> bool:
        stamp = asked.headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = f"{asked.headers.get('webhook-id', '')}.{stamp}.".encode() + asked.body
        right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{right}" in given
