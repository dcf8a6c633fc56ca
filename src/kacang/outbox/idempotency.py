"""The same answer to the same request, however often it is sent (rule 15, J1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from kacang.shared.ciphers import same
from kacang.shared.errors import Invalid

KEY_MAX = 255
KEEP_HOURS = 24

_INSERT = """
insert into idempotency (merchant_id, api_key_id, key, request_hash, expires_at)
values (%s::bigint, %s::bigint, %s::text, %s::bytea, clock_timestamp() + interval '24 hours')
on conflict (merchant_id, api_key_id, key) do nothing
"""
_READ = """
select request_hash, status, response from idempotency
where merchant_id = %s::bigint and api_key_id = %s::bigint and key = %s::text
"""
_STORE = """
update idempotency set status = %s::smallint, response = %s::jsonb
where merchant_id = %s::bigint and api_key_id = %s::bigint and key = %s::text
"""
_CLAIM_MANY = """
insert into idempotency (merchant_id, api_key_id, key, request_hash, expires_at)
select %s::bigint, api_key_id, key, request_hash, clock_timestamp() + interval '24 hours'
from unnest(%s::bigint[], %s::text[], %s::bytea[]) as c(api_key_id, key, request_hash)
order by api_key_id, key
on conflict (merchant_id, api_key_id, key) do nothing
returning api_key_id, key
"""
_STORE_MANY = """
update idempotency i set status = a.status, response = a.response::jsonb
from unnest(%s::bigint[], %s::text[], %s::smallint[], %s::text[])
    as a(api_key_id, key, status, response)
where i.merchant_id = %s::bigint and i.api_key_id = a.api_key_id and i.key = a.key
"""
_FORGET_MANY = """
delete from idempotency i using unnest(%s::bigint[], %s::text[]) as g(api_key_id, key)
where i.merchant_id = %s::bigint and i.api_key_id = g.api_key_id and i.key = g.key
"""


class Mismatch(Invalid):
    """The key was used for a different request."""

    code = "idempotency.mismatch"


class BadKey(Invalid):
    """An idempotency key has 1 to 255 visible ASCII characters."""

    code = "idempotency.bad_key"


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one key of one caller, and the hash of what was asked under it."""

    merchant_id: int
    api_key_id: int
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered before: a status and JSON of references, without secrets."""

    status: int
    response: Any


def is_usable(key: str) -> bool:
    """Whether this can be an idempotency key."""
    return 1 <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()


def claim_many(merchant_id: int, slots: Sequence[Slot]) -> set[int]:
    """Claim usable keys in one statement; return the positions of those that were free.

    Whose key was taken, or stands twice among these, is not in the answer: `begin` says more.
    """
    assert connection.in_atomic_block
    columns: list[list[int] | list[str] | list[bytes]] = [
        [slot.api_key_id for slot in slots],
        [slot.key for slot in slots],
        [slot.request_hash for slot in slots],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_MANY, [merchant_id, *columns])
        free = set(cursor.fetchall())
    claimed = set()
    for at, slot in enumerate(slots):
        if (place := (slot.api_key_id, slot.key)) in free:
            free.remove(place)
            claimed.add(at)
    return claimed


def store_many(merchant_id: int, answers: Sequence[tuple[Slot, Answer]]) -> None:
    """Keep answers for repeats, in the transaction that claimed their keys."""
    if answers:
        columns: list[list[int] | list[str]] = [
            [slot.api_key_id for slot, _ in answers],
            [slot.key for slot, _ in answers],
            [answer.status for _, answer in answers],
            [json.dumps(answer.response) for _, answer in answers],
        ]
        with connection.cursor() as cursor:
            cursor.execute(_STORE_MANY, [*columns, merchant_id])


def forget_many(merchant_id: int, slots: Sequence[Slot]) -> None:
    """Give claimed keys back: nothing came of them in this transaction."""
    if slots:
        keys, names = [slot.api_key_id for slot in slots], [slot.key for slot in slots]
        with connection.cursor() as cursor:
            cursor.execute(_FORGET_MANY, [keys, names, merchant_id])


def begin(slot: Slot) -> Answer | None:
    """Claim a key, or return the answer that was given under it.

    Must run first in the transaction of the effect: the key exists if and only if the effect
    does. Who brings a key that another transaction holds waits for it, and then replays.

    Raises:
        BadKey: Too long, empty, or not visible ASCII.
        Mismatch: The key belongs to another request.
    """
    assert connection.in_atomic_block
    if not is_usable(slot.key):
        raise BadKey
    place: list[int | str | bytes] = [slot.merchant_id, slot.api_key_id, slot.key]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*place, slot.request_hash])
        if cursor.rowcount == 1:
            return None
    # A new statement, so that it sees what was waited for.
    answer = kept(slot)
    assert answer is not None, "a key that conflicts is there to read"
    return answer


def kept(slot: Slot) -> Answer | None:
    """Return the answer that was given under a key, without claiming it.

    Raises:
        Mismatch: The key belongs to another request.
    """
    with connection.cursor() as cursor:
        cursor.execute(_READ, [slot.merchant_id, slot.api_key_id, slot.key])
        row = cursor.fetchone()
    if row is None:
        return None
    request_hash, status, response = row
    if not same(bytes(request_hash), slot.request_hash):
        raise Mismatch
    assert status is not None, "a key is committed with its answer"
    return Answer(status, json.loads(response) if isinstance(response, str) else response)


def store(slot: Slot, answer: Answer) -> None:
    """Keep the answer for repeats, in the transaction that claimed the key."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                answer.status,
                json.dumps(answer.response),
                slot.merchant_id,
                slot.api_key_id,
                slot.key,
            ],
        )


def sweep(*, most: int = 5000) -> int:
    """Drop keys that have expired; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("select idempotency_sweep(%s::int)", [most])
        return int(cursor.fetchone()[0])
