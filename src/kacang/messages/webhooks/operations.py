"""What others may do: name an address that is told of events, change it, tell it (J2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages import outside
from kacang.messages.webhooks import events
from kacang.messages.webhooks import secrets as kept
from kacang.messages.webhooks.models import (
    HOOK_STEPS,
    EndpointState,
    HookState,
    WebhookEndpoint,
    WebhookMessage,
)
from kacang.messages.webhooks.queries import UnknownEndpoint, switched_off
from kacang.queue import enqueue
from kacang.shared import states
from kacang.shared.errors import Conflict, Invalid, NotFound, TooMany
from kacang.shared.ids import new_uid
from kacang.shared.signed_messages import new_secret

URL_MAX, NOTE_MAX, ENDPOINTS_MAX = 500, 120, 20
# How long the old secret signs beside the new one.
OVERLAP = timedelta(hours=24)
# A person can have so many sent again at once.
REPLAY_MAX = 1_000
TESTS_A_MINUTE = 10
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9A-Fa-f:.]{2,45}")


class BadUrl(Invalid):
    """Not an address that can be told: https, with a host, without a name and password."""

    code = "webhooks.bad_url"


class TooManyEndpoints(Conflict):
    """A merchant has at most so many addresses."""

    code = "webhooks.too_many"


class EndpointOff(Conflict):
    """The address is switched off: nothing is sent there."""

    code = "webhooks.off"


class TooManyTests(TooMany):
    """Tests come too often."""

    code = "webhooks.too_many_tests"


class UnknownHook(NotFound):
    """There is no such message."""

    code = "webhooks.unknown_message"


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What is said of an address. `events`: those it is told of; none: all."""

    url: str
    events: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    """A new address, or one with a new secret: told this once."""

    uid: str
    secret: str = field(repr=False)


def add_endpoint(*, merchant_id: int, draft: EndpointDraft, actor: Actor) -> MadeEndpoint:
    """Take an address in, and return it with its secret, which is shown this once.

    Raises:
        BadUrl: It is none that can be told.
        UnknownEvent: There is no such event.
        TooManyEndpoints: The merchant has 20.
    """
    url, wanted = checked_url(draft.url), events.checked(list(draft.events))
    uid, secret = new_uid("whe"), new_secret()
    with acting_as(merchant_id):
        _lock(merchant_id)
        if _present(merchant_id).count() >= ENDPOINTS_MAX:
            raise TooManyEndpoints(limit=ENDPOINTS_MAX)
        WebhookEndpoint.objects.create(
            merchant_id=merchant_id,
            uid=uid,
            url=url,
            note=_line(draft.note),
            events=wanted,
            secret=kept.seal(merchant_id, uid, secret),
        )
        _log(merchant_id, actor, "webhooks.create", uid, after={"url": url, "events": wanted})
    return MadeEndpoint(uid, secret)


def change_endpoint(*, merchant_id: int, uid: str, draft: EndpointDraft, actor: Actor) -> None:
    """Change address, events and note. What waits goes to the new address.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
        BadUrl: It is none that can be told.
        UnknownEvent: There is no such event.
    """
    url, wanted = checked_url(draft.url), events.checked(list(draft.events))
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        before = {"url": row.url, "events": row.events}
        row.url, row.events, row.note = url, wanted, _line(draft.note)
        row.save(update_fields=["url", "events", "note"])
        after = {"url": url, "events": wanted}
        _log(merchant_id, actor, "webhooks.change", uid, before=before, after=after)


def switch_endpoint(*, merchant_id: int, uid: str, on: bool, actor: Actor) -> None:
    """Switch an address off, or on again, as if it had never failed.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.state = EndpointState.ON if on else EndpointState.OFF
        row.failures, row.failing_since, row.resume_at = 0, None, None
        row.save(update_fields=["state", "failures", "failing_since", "resume_at"])
        _log(merchant_id, actor, "webhooks.switch_on" if on else "webhooks.switch_off", uid)


def new_endpoint_secret(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> MadeEndpoint:
    """Give an address another secret; the old one signs beside it for 24 hours.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
    """
    secret = new_secret()
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.old_secret = kept.seal(merchant_id, uid, kept.opened(row), kept.OLD)
        row.old_until = now + OVERLAP
        row.secret = kept.seal(merchant_id, uid, secret)
        row.save(update_fields=["secret", "old_secret", "old_until"])
        _log(merchant_id, actor, "webhooks.new_secret", uid)
    return MadeEndpoint(uid, secret)


def remove_endpoint(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> None:
    """Forget an address and its secrets; what waits for it is not sent.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.state, row.removed_at = EndpointState.OFF, now
        row.secret, row.old_secret, row.old_until = b"", None, None
        row.save(update_fields=["state", "removed_at", "secret", "old_secret", "old_until"])
        _log(merchant_id, actor, "webhooks.remove", uid, before={"url": row.url})


def tell(*, merchant_id: int, event: str, once: str, data: Mapping[str, Any]) -> int:
    """Tell every address that wants to hear of an event; return how many are told.

    Args:
        merchant_id: Whose addresses.
        event: One of EVENTS.
        once: Names the occasion: an address is told of it once, however often the job runs.
        data: Ids, numbers and amounts; never a secret.
    """
    assert event in events.EVENTS, event
    with acting_as(merchant_id):
        if event in switched_off(merchant_id=merchant_id):
            return 0
        present = _present(merchant_id).filter(state=EndpointState.ON)
        rows = [
            _message(endpoint, event, once, data)
            for endpoint in present.order_by("id")
            if not endpoint.events or event in endpoint.events
        ]
        WebhookMessage.objects.bulk_create(rows, ignore_conflicts=True)
        new = set(
            WebhookMessage.objects.filter(
                merchant_id=merchant_id, uid__in=[row.uid for row in rows]
            ).values_list("uid", flat=True)
        )
        for uid in (row.uid for row in rows if row.uid in new):
            queue_hook(merchant_id, uid)
    return len(new)


def send_test(*, merchant_id: int, uid: str, now: datetime) -> str:
    """Send an address a message that means nothing; return its id.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
        EndpointOff: It is switched off.
        TooManyTests: It got ten within a minute.
    """
    with acting_as(merchant_id):
        endpoint = _locked(merchant_id, uid)
        if endpoint.state != EndpointState.ON:
            raise EndpointOff
        lately = WebhookMessage.objects.filter(
            merchant_id=merchant_id, endpoint=endpoint, created_at__gt=now - timedelta(minutes=1)
        )
        if lately.filter(event=events.TEST)[:TESTS_A_MINUTE].count() >= TESTS_A_MINUTE:
            raise TooManyTests(retry_seconds=60)
        row = _message(endpoint, events.TEST, new_uid("test"), {"endpoint_id": uid})
        row.save(force_insert=True)
        queue_hook(merchant_id, row.uid)
    return row.uid


def replay(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Send one message again, with the same id, whatever became of it.

    Raises:
        UnknownHook: The merchant has none of that uid.
        EndpointOff: Its address is switched off or gone.
        WrongState: It waits already.
    """
    with acting_as(merchant_id):
        rows = WebhookMessage.objects.filter(merchant_id=merchant_id, uid=uid)
        row = rows.select_for_update(no_key=True, of=("self",)).select_related("endpoint").first()
        if row is None:
            raise UnknownHook
        if row.endpoint.state != EndpointState.ON:
            raise EndpointOff
        states.check(HOOK_STEPS, now=HookState(row.state), to=HookState.WAITING)
        _again(merchant_id, [row])
        _log(merchant_id, actor, "webhooks.replay", row.endpoint.uid, after={"message": uid})


def replay_failed(*, merchant_id: int, uid: str, actor: Actor) -> int:
    """Send again what an address did not take, the oldest first; return how many, at most 1,000.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
        EndpointOff: It is switched off.
    """
    with acting_as(merchant_id):
        endpoint = _locked(merchant_id, uid)
        if endpoint.state != EndpointState.ON:
            raise EndpointOff
        rows = WebhookMessage.objects.filter(
            merchant_id=merchant_id, endpoint=endpoint, state=HookState.FAILED
        )
        found = list(rows.select_for_update(no_key=True).order_by("id")[:REPLAY_MAX])
        if found:
            _again(merchant_id, found)
            _log(merchant_id, actor, "webhooks.replay", uid, after={"messages": len(found)})
    return len(found)


def queue_hook(merchant_id: int, uid: str, after_seconds: int = 0) -> None:
    """Queue the sending of one message."""
    enqueue(
        "webhooks.send",
        queue="mail",
        lock=f"webhooks.send/{uid}",
        after_seconds=after_seconds,
        merchant_id=merchant_id,
        uid=uid,
    )


def checked_url(url: str) -> str:
    """Return an address without white space around it.

    Whether it leads to the internet is looked at whenever it is called, after resolution.

    Raises:
        BadUrl: It is none that can be told. `http` is for networks that the operator allows.
    """
    url = url.strip()
    if not 0 < len(url) <= URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise BadUrl
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise BadUrl from None
    if not _HOST.fullmatch(host) or parts.username is not None or parts.fragment:
        raise BadUrl
    if parts.scheme != "https" and not (parts.scheme == "http" and outside.allows_plain(host)):
        raise BadUrl
    return url


def _again(merchant_id: int, rows: list[WebhookMessage]) -> None:
    WebhookMessage.objects.filter(merchant_id=merchant_id, pk__in=[row.pk for row in rows]).update(
        state=HookState.WAITING, tries=0, status=0, error="", next_at=None, ended_at=None
    )
    for row in rows:
        queue_hook(merchant_id, row.uid)


def _message(
    endpoint: WebhookEndpoint, event: str, once: str, data: Mapping[str, Any]
) -> WebhookMessage:
    return WebhookMessage(
        merchant_id=endpoint.merchant_id,
        uid=new_uid("msg"),
        endpoint=endpoint,
        event=event,
        once=f"{event}/{once}"[:120],
        data=dict(data),
    )


def _present(merchant_id: int) -> Any:
    return WebhookEndpoint.objects.filter(merchant_id=merchant_id, removed_at__isnull=True)


def _locked(merchant_id: int, uid: str) -> WebhookEndpoint:
    found: WebhookEndpoint | None = (
        _present(merchant_id).filter(uid=uid).select_for_update(no_key=True).first()
    )
    if found is None:
        raise UnknownEndpoint
    return found


def _lock(merchant_id: int) -> None:
    with connection.cursor() as cursor:
        # Of two who add the twentieth at once, the second sees the first one's.
        cursor.execute(
            "select 1 from merchant where id = %s::bigint for no key update", [merchant_id]
        )


def _line(text: str) -> str:
    return " ".join(text.split())[:NOTE_MAX]


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: Any) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="webhook",
        object_uid=uid, **details,
    )  # fmt: skip
