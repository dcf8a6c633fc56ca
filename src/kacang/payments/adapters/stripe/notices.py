"""Stripe's messages: events as JSON, signed by HMAC over time and body (`Stripe-Signature`).

Written out rather than taken from the library because every payment waits for it; the tests hold
it to the library and to a known signature.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from kacang.payments.ports import (
    AccountInfo,
    BadNotice,
    BadSignature,
    Ignored,
    IncomingMessage,
    Notice,
    RefundNotice,
    RefundState,
    VerifiedNotice,
)
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money

SIGNING = "webhook_secret"
PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
STAMP_DIGITS_MAX = 12
SIGNATURES_MAX = 16
# Under these names a payment and a refund carry our numbers.
PAYMENT, REFUND = "kacang_payment", "kacang_refund"
REFUND_KEY = "kacang-refund-"
PAID = "paid"
SESSION_EVENTS = frozenset(
    f"checkout.session.{name}"
    for name in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
)
REFUND_EVENTS = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_Fields = dict[str, Any]


def read(account: AccountInfo, message: IncomingMessage, *, is_live: bool, now: datetime) -> Notice:
    """Check a message's signature and age, then understand it.

    Everything that happens at the account comes here, also what other shops do with it: what
    does not carry our numbers is nothing to us.
    """
    secrets = account.secrets.get(SIGNING, ())
    check(secrets, message.headers.get("stripe-signature") or "", message.body, now)
    event = _object(message.body)
    kind, thing = _text(event, "type"), (event.get("data") or {})
    said = thing.get("object") if isinstance(thing, dict) else None
    if not isinstance(said, dict):
        _bad("data")
    # Money of trials must never pay for goods.
    if event.get("livemode") is not is_live:
        _bad("livemode")
    raw = message.body.decode()
    if kind in SESSION_EVENTS:
        return _about_payment(event, said, raw)
    if kind in REFUND_EVENTS:
        return _about_refund(event, said, raw)
    if kind == "charge.refunded":
        return _about_charge(event, said, raw)
    return Ignored(kind[:60])


def check(active: Sequence[str], header: str, body: bytes, now: datetime) -> None:
    """Refuse a body that none of the `active` secrets has signed within five minutes.

    Raises:
        BadSignature: Whatever is wrong with it; it is not told.
    """
    parts = [part.partition("=") for part in header.split(",")[:SIGNATURES_MAX]]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    offered = [value.encode() for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1:
        raise BadSignature
    (stamp,) = stamps
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS_MAX):
        raise BadSignature
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise BadSignature
    for secret in filter(None, active):
        right = hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256").hexdigest()
        if any(hmac.compare_digest(right.encode(), one) for one in offered):
            return
    raise BadSignature


def paid_notice(session: Mapping[str, Any], notice_id: str, raw: str) -> VerifiedNotice:
    """Return what a session says about its payment. Raises BadNotice."""
    is_final = session.get("payment_status") == PAID
    intent = session.get("payment_intent")
    return VerifiedNotice(
        notice_id=notice_id,
        payment_number=_text(session.get("metadata") or {}, PAYMENT),
        provider_number=intent if isinstance(intent, str) else "",
        amount=money(session, "amount_total"),
        is_final=is_final,
        raw=raw,
    )


def money(said: Mapping[str, Any], name: str) -> Money:
    """Return an amount: minor units as ours, the currency in small letters. Raises BadNotice."""
    minor, currency = said.get(name), said.get("currency")
    # `type` and not `isinstance`: True is an int.
    if type(minor) is not int or not 0 <= minor <= MINOR_MAX:
        _bad(name)
    if not isinstance(currency, str) or currency.upper() not in EXPONENTS:
        _bad("currency")
    return Money(minor, currency.upper())


def own(said: Mapping[str, Any], name: str) -> str:
    """Return one of our numbers that an object carries, "" when it does not."""
    carried = said.get("metadata")
    number = carried.get(name) if isinstance(carried, dict) else None
    return number if isinstance(number, str) else ""


def _about_payment(event: _Fields, said: _Fields, raw: str) -> Notice:
    if not own(said, PAYMENT):
        return Ignored("another shop's payment")
    return paid_notice(said, f"{_text(event, 'id')}/{said.get('payment_status')}", raw)


def _about_refund(event: _Fields, said: _Fields, raw: str) -> Notice:
    if not own(said, REFUND):
        # `charge.refunded` tells of it with the payment's number.
        return Ignored("a refund that was made elsewhere")
    return RefundNotice(
        notice_id=_text(event, "id"),
        refund_number=own(said, REFUND),
        provider_number=_text(said, "id"),
        payment_number=own(said, PAYMENT),
        amount=money(said, "amount"),
        state=REFUND_STATES.get(str(said.get("status"))) or _bad("status"),
        raw=raw,
    )


def _about_charge(event: _Fields, said: _Fields, raw: str) -> Notice:
    """Understand the sum of a charge's refunds: the news is what it has grown by."""
    request = event.get("request")
    made_by = request.get("idempotency_key") if isinstance(request, dict) else None
    if not own(said, PAYMENT) or str(made_by or "").startswith(REFUND_KEY):
        return Ignored("another shop's refund, or one of ours, which is told by itself")
    before = (event["data"].get("previous_attributes") or {}).get("amount_refunded")
    total = money(said, "amount_refunded")
    if type(before) is not int or not 0 <= before < total.minor:
        return Ignored("not a new refund")
    return RefundNotice(
        notice_id=_text(event, "id"),
        refund_number="",
        # The refund's own number is not in this message; charge and sum name it as well.
        provider_number=f"{_text(said, 'id')}/{total.minor}",
        payment_number=own(said, PAYMENT),
        amount=Money(total.minor - before, total.currency),
        state=RefundState.DONE,
        raw=raw,
    )


def _object(body: bytes) -> _Fields:
    try:
        said = json.loads(body.decode())
    # ValueError covers broken UTF-8, broken JSON and numbers of thousands of digits.
    except (ValueError, RecursionError):
        raise BadNotice(field="body") from None
    return said if isinstance(said, dict) else _bad("body")


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        _bad(name)
    return value


def _bad(field: str) -> NoReturn:
    raise BadNotice(field=field)
