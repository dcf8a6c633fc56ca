"""Calling an address: signed, tried again for three days, given up when it is gone (J2).

A message is sent at least once. Every try has the same `webhook-id`, by which the other side can
tell a repeat. A crash between the answer and noting it sends once more.
"""

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kacang.merchants.queries import setting
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages import outside
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.messages.webhooks import secrets as kept
from kacang.messages.webhooks.models import (
    EndpointState,
    HookState,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTry,
)
from kacang.messages.webhooks.operations import UnknownHook, queue_hook
from kacang.shared.outbound import AddressRefused, AnswerTooLarge, NotReached
from kacang.shared.signed_messages import signature

# Seconds until the next try: three days in all.
BACK_OFF = (5, 300, 1_800, 7_200, 18_000, *(36_000,) * 6, 14_400)
# An address that fails so long, with no success between, is switched off.
GIVE_UP = timedelta(days=5)
# After so many failures in a row it is left alone for a while, twice as long each time.
PAUSE_FROM, PAUSE_SECONDS, PAUSE_MAX = 5, 10, 300
ASKED_WAIT_MAX = 86_400
GONE, TOO_MANY, UNAVAILABLE = 410, 429, 503
OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call. `error` is a code, or "" for success; `wait` is what it asks for."""

    status: int
    error: str
    milliseconds: int
    wait: int = 0


def send(*, merchant_id: int, uid: str, now: datetime) -> HookState:
    """Call the address of a message that waits; a try that failed queues the next.

    Must not be called inside a transaction (L18).

    Raises:
        UnknownHook: The merchant has none of that uid.
    """
    row = _begin(merchant_id, uid, now)
    if row.state != HookState.WAITING or row.next_at is not None:
        return HookState(row.state)
    result = _call(row, now)
    with acting_as(merchant_id):
        WebhookTry.objects.create(
            merchant_id=merchant_id,
            message_uid=uid,
            status=result.status,
            error=result.error,
            milliseconds=result.milliseconds,
            at=now,
        )
        endpoint = _locked(row.endpoint)
        if result.error:
            _failed_again(endpoint, result, now)
        elif endpoint.failures:
            endpoint.failures, endpoint.failing_since, endpoint.resume_at = 0, None, None
            endpoint.save(update_fields=["failures", "failing_since", "resume_at"])
        return _note(row, result, now)


def body_of(row: WebhookMessage) -> bytes:
    """Return what is sent: the same bytes at every try."""
    at = row.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {"type": row.event, "timestamp": at, "data": row.data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(row: WebhookMessage, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers by which the other side knows us; two signatures while it changes over."""
    endpoint, stamp = row.endpoint, int(now.timestamp())
    active = [kept.opened(endpoint)]
    if endpoint.old_secret and endpoint.old_until and endpoint.old_until > now:
        active.append(kept.opened(endpoint, kept.OLD))
    return {
        "content-type": "application/json",
        "webhook-id": row.uid,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(signature(one, row.uid, stamp, body) for one in active),
    }


def _begin(merchant_id: int, uid: str, now: datetime) -> WebhookMessage:
    """Count a try, or put it off while the address is left alone: `next_at` says until when."""
    with acting_as(merchant_id):
        rows = WebhookMessage.objects.filter(merchant_id=merchant_id, uid=uid)
        row = rows.select_for_update(no_key=True, of=("self",)).select_related("endpoint").first()
        if row is None:
            raise UnknownHook
        if row.state != HookState.WAITING:
            return row
        row.next_at = None
        if row.endpoint.state != EndpointState.ON:
            row.state, row.error, row.ended_at = HookState.FAILED, "endpoint_off", now
        elif row.endpoint.resume_at and row.endpoint.resume_at > now:
            wait = _scattered((row.endpoint.resume_at - now).total_seconds())
            row.next_at = now + timedelta(seconds=wait)
            queue_hook(merchant_id, uid, wait)
        else:
            row.tries += 1
        row.save(update_fields=["state", "error", "tries", "next_at", "ended_at"])
    return row


def _call(row: WebhookMessage, now: datetime) -> Result:
    body = body_of(row)
    started = time.monotonic()
    try:
        answer = outside.client().post(
            row.endpoint.url, body, headers=signed_headers(row, body, now)
        )
    except AddressRefused:
        return Result(0, "address_refused", _since(started))
    except AnswerTooLarge:
        return Result(0, "answer_too_large", _since(started))
    except NotReached as problem:
        timed_out = "Timeout" in str(problem.detail.get("why", ""))
        return Result(0, "timeout" if timed_out else "not_reached", _since(started))
    error = "" if answer.status in OK else "gone" if answer.status == GONE else "refused"
    asked = answer.headers.get("retry-after", "")
    may_ask = answer.status in (TOO_MANY, UNAVAILABLE) and asked.isascii() and asked.isdigit()
    wait = min(int(asked[:6]), ASKED_WAIT_MAX) if may_ask else 0
    return Result(answer.status, error, _since(started), wait)


def _note(row: WebhookMessage, result: Result, now: datetime) -> HookState:
    wait = 0
    if not result.error:
        state = HookState.SENT
    elif row.tries > len(BACK_OFF) or result.error == "gone":
        state = HookState.FAILED
    else:
        state = HookState.WAITING
        wait = max(_scattered(BACK_OFF[row.tries - 1]), result.wait)
        queue_hook(row.merchant_id, row.uid, wait)
    WebhookMessage.objects.filter(
        merchant_id=row.merchant_id, pk=row.pk, state=HookState.WAITING
    ).update(
        state=state,
        status=result.status,
        error=result.error,
        next_at=now + timedelta(seconds=wait) if state == HookState.WAITING else None,
        ended_at=None if state == HookState.WAITING else now,
    )
    return state


def _failed_again(endpoint: WebhookEndpoint, result: Result, now: datetime) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    over = endpoint.failures - PAUSE_FROM
    if over >= 0:
        pause = min(PAUSE_SECONDS * 2 ** min(over, 10), PAUSE_MAX)
        endpoint.resume_at = now + timedelta(seconds=pause)
    is_over = result.error == "gone" or now - endpoint.failing_since >= GIVE_UP
    if is_over and endpoint.state == EndpointState.ON:
        endpoint.state = EndpointState.BROKEN
        _tell_staff(endpoint)
    endpoint.save(update_fields=["failures", "failing_since", "resume_at", "state"])


def _tell_staff(endpoint: WebhookEndpoint) -> None:
    merchant_id = endpoint.merchant_id
    address = str(setting(merchant_id=merchant_id, name="mail_staff"))
    since = endpoint.failing_since
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.STAFF_WEBHOOK_OFF,
            once=f"{endpoint.uid}/{since.isoformat() if since else ''}",
            context={"url": endpoint.url, "webhook": endpoint.uid},
            emails=[address] if address else [],
            in_app=True,
            language=str(setting(merchant_id=merchant_id, name="default_language")),
        ),
    )


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.filter(merchant_id=endpoint.merchant_id, pk=endpoint.pk)
    return rows.select_for_update(no_key=True).get()


def _scattered(seconds: float) -> int:
    """Return a little more than `seconds`: what failed together does not come back together."""
    return max(int(seconds * random.uniform(1.0, 1.2)), 1)  # noqa: S311 - not a secret


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1_000)
