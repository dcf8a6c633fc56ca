"""Writing to the audit log (I3). Reading and sealing it are elsewhere in this room."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from kacang.merchants.models import AuditEntry
from kacang.shared.clock import utc_now


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, for the logs: a person, a key, a buyer, a command, the system.

    `label` is what people read ("lu@example.com", "key kc_live_ab3f…"); never a secret. `visit` is
    the uid of the visit on which they do it.
    """

    kind: str = "system"
    id: int | None = None
    label: str = ""
    address: str = ""
    visit: str = ""


SYSTEM = Actor()


def record(
    *,
    merchant_id: int,
    actor: Actor,
    action: str,
    object_kind: str = "",
    object_uid: str = "",
    **details: Any,
) -> None:
    """Add a row to the audit log, inside the caller's transaction.

    Args:
        merchant_id: Whose log.
        actor: Who did it.
        action: A verb of the room, such as "keys.create".
        object_kind: What it was done to.
        object_uid: Its public id.
        details: `before` and `after` (JSON of references and masked values, never personal data
            or secrets, rule 23), and `reason`.
    """
    assert connection.in_atomic_block
    _entry(merchant_id, actor, action, (object_kind, object_uid), details).save(force_insert=True)


def record_each(
    *, merchant_id: int, actor: Actor, action: str, object_kind: str, object_uids: Iterable[str]
) -> None:
    """Add a row for each of many things that the same was done to, as `record` adds one."""
    assert connection.in_atomic_block
    AuditEntry.objects.bulk_create(
        _entry(merchant_id, actor, action, (object_kind, uid), {}) for uid in object_uids
    )


def _entry(
    merchant_id: int, actor: Actor, action: str, what: tuple[str, str], details: Mapping[str, Any]
) -> AuditEntry:
    return AuditEntry(
        merchant_id=merchant_id,
        at=utc_now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:120],
        action=action,
        object_kind=what[0],
        object_uid=what[1],
        before=details.get("before"),
        after=details.get("after"),
        reason=str(details.get("reason", ""))[:300],
        address=actor.address[:50],
        visit=actor.visit,
    )
