"""What others may do: count towards caps, ask for an opinion, keep a blacklist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.risk import consulting
from kacang.risk.keys import counter_key
from kacang.risk.models import Block, BlockKind, Scope
from kacang.risk.ports import Attempt, Decision, Verdict
from kacang.shared.contacts import BadEmail, BadPhone, read_contact
from kacang.shared.errors import Invalid, NotFound, TooMany
from kacang.shared.ids import new_uid

__all__ = [
    "BadBlock", "Scope", "TooManyAttempts", "UnknownBlock", "Want", "block", "consult",
    "count_attempt", "judge", "release", "sweep", "take", "unblock",
]  # fmt: skip

# One statement: whoever comes second to a key waits for the first, then sees what it left.
# Keys in order, so that two buyers with the same two never wait for each other.
TAKE = """
with wanted as materialized (
    select key, min(scope)::smallint as scope, sum(amount)::int as amount, min(cap) as cap,
           max(window_seconds) as window_seconds
    from unnest(%s::bytea[], %s::int[], %s::int[], %s::int[], %s::int[])
        as w(key, scope, amount, cap, window_seconds)
    group by key
)
insert into counter as c (merchant_id, key, scope, used, cap, until)
select %s::bigint, key, scope, amount, cap,
       case when window_seconds > 0
            then clock_timestamp() + make_interval(secs => window_seconds) end
from wanted where amount <= cap order by key
on conflict (merchant_id, key) do update set
    used = case when c.until <= clock_timestamp() then 0 else c.used end + excluded.used,
    cap = excluded.cap,
    until = case when c.until <= clock_timestamp() or c.until is null
                 then excluded.until else c.until end
where case when c.until <= clock_timestamp() then 0 else c.used end + excluded.used <= excluded.cap
returning key
"""
RELEASE = """
with given as materialized (
    select key, sum(amount)::int as amount
    from unnest(%s::bytea[], %s::int[]) as g(key, amount) group by key
),
locked as materialized (
    select c.key, g.amount from counter c join given g on g.key = c.key
    where c.merchant_id = %s::bigint order by c.key for no key update of c
)
update counter c set used = greatest(c.used - locked.amount, 0)
from locked where c.merchant_id = %s::bigint and c.key = locked.key
"""
LEFT = """
select ceil(extract(epoch from until - clock_timestamp()))::int from counter
where merchant_id = %s::bigint and key = %s::bytea
"""
BLOCKED = """
select kind, value from block
where merchant_id = %s::bigint and (kind, value) in (
    select * from unnest(%s::text[], %s::text[])
)
"""
SWEEP = """
delete from counter where merchant_id = %s::bigint and key in (
    select key from counter
    where merchant_id = %s::bigint
      and (until < clock_timestamp() - interval '5 minutes' or (used = 0 and until is null))
    order by key limit %s::int for update skip locked
)
"""


class TooManyAttempts(TooMany):
    """The same was tried too often in a short time (L10)."""

    code = "risk.too_many_attempts"


class BadBlock(Invalid):
    """This is not an e-mail address, phone number, address or device."""

    code = "risk.bad_block"


class UnknownBlock(NotFound):
    """The blacklist has no such entry."""

    code = "risk.unknown_block"


@dataclass(frozen=True, slots=True)
class Want:
    """A place in a counter.

    Args:
        scope: What is counted.
        value: Whose count it is: a contact, an address, a device.
        amount: How many places; at least 1.
        cap: How many there are altogether.
        window_seconds: For rates: when counting starts anew. None: what is taken stays taken
            until it is released.
    """

    scope: Scope
    value: str
    amount: int
    cap: int
    window_seconds: int | None = None

    @property
    def key(self) -> bytes:
        """The key of the counter."""
        return counter_key(self.scope, self.value)


def take(*, merchant_id: int, wants: Sequence[Want]) -> list[Want]:
    """Take the places that are wanted; return the wants for which there was none (rule 9).

    One statement. Each key is taken whole or not at all, wants of equal key together. What was
    taken stays taken although another was refused: the caller's transaction is rolled back, or
    it gives them back by `release`.
    """
    if not wants:
        return []
    columns: list[list[bytes] | list[int]] = [
        [want.key for want in wants],
        [int(want.scope) for want in wants],
        [want.amount for want in wants],
        [want.cap for want in wants],
        [want.window_seconds or 0 for want in wants],
    ]
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(TAKE, [*columns, merchant_id])
        taken = {bytes(row[0]) for row in cursor.fetchall()}
    return [want for want in wants if want.key not in taken]


def release(*, merchant_id: int, taken: Iterable[tuple[bytes, int]]) -> None:
    """Give places back, by key and amount. A counter never falls below nothing."""
    pairs = list(taken)
    if not pairs:
        return
    keys, amounts = [key for key, _ in pairs], [amount for _, amount in pairs]
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(RELEASE, [keys, amounts, merchant_id, merchant_id])


def count_attempt(
    *, merchant_id: int, scope: Scope, value: str, limit: int, window_seconds: int
) -> None:
    """Count one attempt, such as a look-up of an order, towards a limit per window (L10).

    The count commits at once, unless the caller is acting as the merchant already.

    Raises:
        TooManyAttempts: The limit is reached; `retry_seconds` says how long it will be.
    """
    want = Want(scope, value, 1, limit, window_seconds)
    with acting_as(merchant_id):
        full = take(merchant_id=merchant_id, wants=[want])
        seconds = _seconds_left(merchant_id, want) if full else 0
    if full:
        raise TooManyAttempts(retry_seconds=seconds)


def judge(*, merchant_id: int, attempts: Sequence[Attempt]) -> list[Verdict]:
    """Say who of these buyers is on the blacklist. One statement; may run in a transaction."""
    marks = [mark for attempt in attempts for mark in attempt.marks]
    if not marks:
        return [Verdict(Decision.ALLOW) for _ in attempts]
    kinds, values = [kind for kind, _ in marks], [value for _, value in marks]
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(BLOCKED, [merchant_id, kinds, values])
        blocked = set(cursor.fetchall())
    return [_verdict(attempt, blocked) for attempt in attempts]


def consult(*, attempt: Attempt, seconds: float = consulting.SECONDS) -> Verdict:
    """Ask the risk services that are installed; must not run inside a transaction (L18).

    The strictest opinion counts. A service that fails or is late has none: an outage never
    stops sales.
    """
    if connection.in_atomic_block:
        raise RuntimeError("no outside call inside a transaction")
    return consulting.consult(attempt, seconds)


def block(
    *, merchant_id: int, kind: str, value: str, reason: str = "", actor: Actor = audit.SYSTEM
) -> str:
    """Keep somebody from buying; return the entry's uid. May be repeated.

    Raises:
        BadBlock: `value` is not what `kind` says.
    """
    normal = _normal(kind, value)
    with acting_as(merchant_id):
        row, is_new = Block.objects.get_or_create(
            merchant_id=merchant_id,
            kind=kind,
            value=normal,
            defaults={"uid": new_uid("blk"), "reason": reason.strip()[:300]},
        )
        if is_new:
            # The log outlives personal data: it names the entry, not the person (rule 23).
            _log(merchant_id, actor, "risk.block", row.uid, reason=reason)
    return row.uid


def unblock(*, merchant_id: int, uid: str, actor: Actor = audit.SYSTEM) -> None:
    """Take an entry off the blacklist.

    Raises:
        UnknownBlock: There is none of that uid.
    """
    with acting_as(merchant_id):
        gone, _ = Block.objects.filter(merchant_id=merchant_id, uid=uid).delete()
        if not gone:
            raise UnknownBlock
        _log(merchant_id, actor, "risk.unblock", uid)


def sweep(*, merchant_id: int, most: int = 5_000) -> int:
    """Delete counters that count nothing any more; return how many."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(SWEEP, [merchant_id, merchant_id, most])
        return int(cursor.rowcount)


def _seconds_left(merchant_id: int, want: Want) -> int:
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [merchant_id, want.key])
        row = cursor.fetchone()
    return max(int(row[0]), 1) if row and row[0] is not None else want.window_seconds or 1


def _verdict(attempt: Attempt, blocked: set[tuple[str, str]]) -> Verdict:
    found = [kind for kind, value in attempt.marks if (kind, value) in blocked]
    if not found:
        return Verdict(Decision.ALLOW)
    return Verdict(Decision.REFUSE, tuple(f"blocked.{kind}" for kind in found))


def _normal(kind: str, value: str) -> str:
    text = value.strip()
    if kind not in BlockKind.values or not text or "\0" in text:
        raise BadBlock
    try:
        if kind == BlockKind.EMAIL:
            return read_contact(email=text, phone=None).email
        if kind == BlockKind.PHONE:
            return read_contact(email=None, phone=text).phone
    except (BadEmail, BadPhone):
        raise BadBlock from None
    return consulting.normal_address(text) if kind == BlockKind.ADDRESS else text[:254]


def _log(merchant_id: int, actor: Actor, action: str, uid: str, reason: str = "") -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="block",
        object_uid=uid,
        reason=reason,
    )
