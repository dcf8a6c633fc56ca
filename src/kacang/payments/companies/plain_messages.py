"""Messages about money in the one form that we write ourselves: signed JSON.

Their headers are those of Standard Webhooks, their body is
`{"id", "payment_id", "provider_number", "amount_minor", "currency", "status"}`; one about money
that goes back has a "refund_id" as well. The sandbox sends them, and a confirmed bank transfer is
told by one (`docs/how-it-works/sandbox.md`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from kacang.payments.companies import webhooks
from kacang.payments.ports import (
    BadNotice,
    BadSecrets,
    IncomingMessage,
    RefundNotice,
    RefundState,
    VerifiedNotice,
)
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money

PAID = "paid"
ID = re.compile(r"[!-~]{1,60}")
PAYMENT = re.compile(r"[!-~]{1,64}")
NUMBER = re.compile(r"[!-~]{1,128}")
REFUND = re.compile(r"[!-~]{0,64}")
REFUND_STATES = {
    "refunded": RefundState.DONE,
    "refund_pending": RefundState.PENDING,
    "refund_failed": RefundState.FAILED,
    "refund_unknown": RefundState.UNKNOWN,
}


def read(
    active: Sequence[str], message: IncomingMessage, now: datetime
) -> VerifiedNotice | RefundNotice:
    """Check a message's signature by one of the `active` secrets, then every field.

    Raises:
        BadSignature: No secret fits, or the message is old.
        BadNotice: It is signed, and a field is missing or odd.
    """
    body = message.body
    message_id = webhooks.check(active, message.headers, body, now)
    said = json_object(body)
    is_final = said.get("status") == PAID
    text(said, "status", ID)
    own_id = text(said, "id", ID)
    # Both are signed; a sender that reuses one of them must not swallow a payment.
    notice_id = own_id if own_id == message_id else f"{message_id}/{own_id}"
    if "refund_id" in said:
        return _refund_notice(said, notice_id, body.decode())
    return VerifiedNotice(
        notice_id=notice_id,
        payment_number=text(said, "payment_id", PAYMENT),
        provider_number=text(said, "provider_number", NUMBER, optional=not is_final),
        amount=amount(said, smallest=1 if is_final else 0),
        is_final=is_final,
        raw=body.decode(),
    )


def _refund_notice(said: Mapping[str, Any], notice_id: str, raw: str) -> RefundNotice:
    state = REFUND_STATES.get(text(said, "status", ID))
    if state is None:
        _bad("status")
    return RefundNotice(
        notice_id=notice_id,
        # Empty: somebody gave the money back at the company's own website.
        refund_number=text(said, "refund_id", REFUND),
        provider_number=text(said, "provider_number", NUMBER),
        payment_number=text(said, "payment_id", PAYMENT),
        amount=amount(said, smallest=1),
        state=state,
        raw=raw,
    )


def written(secret: str, said: Mapping[str, Any], now: datetime) -> IncomingMessage:
    """Return a message that says this, signed; its id is that of `said`."""
    body = json.dumps(said).encode()
    message_id, stamp = str(said["id"]), int(now.timestamp())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": webhooks.sign(secret, message_id, stamp, body),
    }
    return IncomingMessage(headers=headers, body=body)


def check_secrets(given: Sequence[str]) -> None:
    """Demand one to two signing secrets of the right form.

    Raises:
        BadSecrets: There is none, one too many, or one that is worth nothing (L9).
    """
    if not 1 <= len(given) <= 2:  # noqa: PLR2004 - the old one and the new one
        raise BadSecrets
    for secret in given:
        webhooks.key_of(secret)


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, or raise BadNotice."""
    try:
        said = json.loads(body.decode())
    # ValueError covers broken UTF-8, broken JSON and numbers of thousands of digits.
    except (ValueError, RecursionError):
        raise BadNotice(field="body") from None
    return said if isinstance(said, dict) else _bad("body")


def text(
    said: Mapping[str, Any], name: str, form: re.Pattern[str], *, optional: bool = False
) -> str:
    """Return a field that is a text of this form, or raise BadNotice."""
    value = said.get(name)
    if optional and value is None:
        return ""
    if not isinstance(value, str) or not form.fullmatch(value):
        _bad(name)
    return value


def amount(said: Mapping[str, Any], *, smallest: int) -> Money:
    """Return the amount that is said, of at least `smallest` minor units, or raise BadNotice."""
    minor, currency = said.get("amount_minor"), said.get("currency")
    # `type` and not `isinstance`: True is an int.
    if type(minor) is not int or not smallest <= minor <= MINOR_MAX:
        _bad("amount_minor")
    if not isinstance(currency, str) or currency not in EXPONENTS:
        _bad("currency")
    return Money(minor, currency)


def _bad(field: str) -> NoReturn:
    raise BadNotice(field=field)
