"""Which cards somebody means: those of batches that fit a filter, page by page or all of them (V3).

Cards are walked batch by batch, in the order in which they came in. The walk leans on the primary
key, in whose order a batch's own cards lie side by side, and on the index of those that joined it
later: no page needs an index over all cards, which each sale would have to write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.shared.errors import Invalid
from kacang.vault.finding.listing import find_batch
from kacang.vault.models import Batch, CardState
from kacang.vault.selling.levels import batch_levels
from kacang.vault.selling.pools import pool_id_of

TEXT_MAX = 60
# Where a walk begins.
START = (0, 0)
# A page counts the cards that fit up to here, whatever the stock.
COUNT_MOST = 10_000
NARROWED = """
(%(states)s::smallint[] is null or c.state = any(%(states)s::smallint[]))
and (%(pool)s::bigint is null or c.pool_id = %(pool)s::bigint)
and (%(from)s::timestamptz is null or c.expires_at >= %(from)s::timestamptz)
and (%(to)s::timestamptz is null or c.expires_at < %(to)s::timestamptz)
and (%(text)s::text is null or position(%(text)s::text in c.number) > 0)
and (%(taken_until)s::timestamptz is null
     or (c.line_id is not null or c.sold_at is not null)
        and coalesce(c.sold_at, '-infinity') <= %(taken_until)s::timestamptz)
and (%(erased)s::boolean or octet_length(c.secret) > 0)
"""
_LOOKED_AT = "c.id, c.cost_minor, c.sku_id, c.state, c.pool_id, c.line_id, c.sold_at"
_OF_BATCH = f"""
(select {_LOOKED_AT} from card c
 where c.merchant_id = %(merchant)s::bigint and c.batch_id = b.id and not c.regrouped
   and c.id >= greatest(b.first_card_id, b.after) and c.id <= b.last_card_id and {NARROWED}
 {{tail}})
union all
(select {_LOOKED_AT} from card c
 where c.merchant_id = %(merchant)s::bigint and c.batch_id = b.id and c.regrouped
   and c.id >= b.after and {NARROWED}
 {{tail}})
"""  # noqa: S608 - our own text
_SOME_OF_BATCH = _OF_BATCH.format(tail="order by c.id limit %(most)s::int")
_ALL_OF_BATCH = _OF_BATCH.format(tail="")
_FEW_OF_BATCH = _OF_BATCH.format(tail="limit %(most)s::int")
_NEXT = f"""
select b.id, c.id from (
    select id, first_card_id, last_card_id,
           case when id = %(batch)s::bigint then %(card)s::bigint + 1 else 0 end as after
    from batch
    where merchant_id = %(merchant)s::bigint and id = any(%(batches)s::bigint[])
      and id >= %(batch)s::bigint
    order by id
) b cross join lateral (
    select u.id from ({_SOME_OF_BATCH}) u
    order by u.id limit %(most)s::int
) c order by b.id, c.id limit %(most)s::int
"""  # noqa: S608 - our own text
_COUNT = f"""
select count(*), coalesce(sum(coalesce(u.cost_minor, b.unit_cost_minor)), 0)::bigint from (
    select id, first_card_id, last_card_id, unit_cost_minor, 0 as after from batch
    where merchant_id = %(merchant)s::bigint and id = any(%(batches)s::bigint[])
) b cross join lateral ({_ALL_OF_BATCH}) u
"""  # noqa: S608 - our own text
_COUNT_SOME = f"""
select count(*), coalesce(sum(t.cost_minor), 0)::bigint from (
    select coalesce(u.cost_minor, b.unit_cost_minor) as cost_minor from (
        select id, first_card_id, last_card_id, unit_cost_minor, 0 as after from batch
        where merchant_id = %(merchant)s::bigint and id = any(%(batches)s::bigint[])
    ) b cross join lateral ({_FEW_OF_BATCH}) u limit %(most)s::int
) t
"""  # noqa: S608 - our own text

_NAMED = """
select count(*), coalesce(sum(coalesce(c.cost_minor, b.unit_cost_minor)), 0)::bigint
from card c join batch b on b.merchant_id = c.merchant_id and b.id = c.batch_id
where c.merchant_id = %s::bigint and c.id = any(%s::bigint[]) and c.state = any(%s::smallint[])
  and (not %s::boolean or c.line_id is null and c.sold_at is null) and octet_length(c.secret) > 0
"""

_TALLY = """
select u.sku_id, u.state, u.pool_id = 0, u.line_id is not null or u.sold_at is not null,
       a.id is not null, count(*)
from ({cards}) u
left join allocation a on a.merchant_id = %(merchant)s::bigint and a.card_id = u.id and a.exclusive
     and a.released_at is null and a.delivered_at is not null
group by 1, 2, 3, 4, 5
"""
_TALLY_SELECTED = _TALLY.format(
    cards=f"""
    select u.* from (
        select id, first_card_id, last_card_id, 0 as after from batch
        where merchant_id = %(merchant)s::bigint and id = any(%(batches)s::bigint[])
    ) b cross join lateral ({_ALL_OF_BATCH}) u"""  # noqa: S608 - our own text
)
_TALLY_NAMED = _TALLY.format(
    cards=f"""
    select {_LOOKED_AT} from card c
    where c.merchant_id = %(merchant)s::bigint and c.id = any(%(ids)s::bigint[])
      and octet_length(c.secret) > 0"""  # noqa: S608 - our own text
)
_NEXT_NAMED = f"""
select 0::bigint, c.id from card c
where c.merchant_id = %(merchant)s::bigint and c.id = any(%(ids)s::bigint[])
  and c.id > %(card)s::bigint and {NARROWED}
order by c.id limit %(most)s::int
"""  # noqa: S608 - our own text


class BadFilter(Invalid):
    """What cards are looked for by is impossible; `field` says what."""

    code = "vault.bad_filter"


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Which cards: of a SKU or of one batch; what is empty does not narrow them.

    `pool_uid` may be "common". `text` is looked for in numbers that are no secret.
    """

    sku_id: int = 0
    batch_uid: str = ""
    states: tuple[CardState, ...] = ()
    pool_uid: str = ""
    expires_from: datetime | None = None
    expires_to: datetime | None = None
    supplier: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Matching:
    """How many cards fit a filter, and what they cost together.

    `cost_minor` is None where not all were looked at, `is_more` where there are more than `count`.
    """

    count: int
    cost_minor: int | None
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter whose names were found: ids of batches, and what their cards must be."""

    batches: Sequence[int]
    narrow: Mapping[str, Any] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return it as JSON, for the job."""
        narrow = {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in self.narrow.items()
        }
        return {"batches": list(self.batches), "narrow": narrow}


@dataclass(frozen=True, slots=True)
class Tallied:
    """How many of some cards are alike.

    Args:
        sku_id: Of which SKU.
        state: In which state.
        is_common: Whether they are in the pool that the shop sells from.
        is_taken: Whether they were sold or are reserved.
        is_held: Whether an order has them now, each for itself.
        count: How many.
    """

    sku_id: int
    state: CardState
    is_common: bool
    is_taken: bool
    is_held: bool
    count: int


def stored_selection(raw: Mapping[str, Any]) -> Selection:
    """Undo `Selection.stored`."""
    return Selection(raw["batches"], raw["narrow"])


def select_cards(merchant_id: int, wanted: CardFilter) -> Selection:
    """Find what a filter names, as it is now. Must run inside the caller's transaction.

    Raises:
        BadFilter: It names neither SKU nor batch, or a text is too long.
        UnknownBatch, UnknownPool: There is none.
    """
    if not (wanted.sku_id or wanted.batch_uid):
        raise BadFilter(field="sku")
    narrow = _narrow(merchant_id, wanted)
    return Selection(_batches(merchant_id, wanted), narrow)


def narrowing(merchant_id: int, wanted: CardFilter) -> dict[str, Any]:
    """Return the values of `NARROWED`, and `batches`: null where a filter names none of them.

    Raises:
        BadFilter, UnknownBatch, UnknownPool: As `select_cards`, but that it may be empty.
    """
    names_some = wanted.sku_id or wanted.batch_uid or wanted.supplier
    narrow = _narrow(merchant_id, wanted)
    batches = _batches(merchant_id, wanted) if names_some else ()
    values = _values(merchant_id, Selection(batches, narrow))
    return values if names_some else {**values, "batches": None}


def _narrow(merchant_id: int, wanted: CardFilter) -> dict[str, Any]:
    if len(wanted.text) > TEXT_MAX or "\0" in wanted.text + wanted.supplier:
        raise BadFilter(field="text")
    return {
        "states": [int(state) for state in wanted.states] or None,
        "pool": pool_id_of(merchant_id, wanted.pool_uid) if wanted.pool_uid else None,
        "from": wanted.expires_from,
        "to": wanted.expires_to,
        "text": wanted.text or None,
    }


def _batches(merchant_id: int, wanted: CardFilter) -> list[int]:
    rows = Batch.objects.filter(merchant_id=merchant_id)
    if wanted.sku_id:
        rows = rows.filter(sku_id=wanted.sku_id)
    if wanted.batch_uid:
        rows = rows.filter(id=find_batch(merchant_id, wanted.batch_uid).pk)
    if wanted.supplier:
        rows = rows.filter(supplier=wanted.supplier)
    ids = list(rows.order_by("id").values_list("id", flat=True))
    return _with_states(merchant_id, ids, wanted.states) if wanted.states else ids


def next_cards(
    merchant_id: int,
    selection: Selection,
    after: tuple[int, int],
    most: int,
    *,
    erased: bool = False,
) -> list[tuple[int, int]]:
    """Return the next cards, each with its batch before it: the last is where to go on.

    `erased`: with what is left of the cards of undone batches.
    """
    values = {
        **_values(merchant_id, selection), "batch": after[0], "card": after[1], "most": most,
        "erased": erased,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, values)
        return list(cursor.fetchall())


def next_named(
    merchant_id: int, ids: Sequence[int], narrow: Mapping[str, Any], after: int, most: int
) -> list[tuple[int, int]]:
    """Return the next of some cards that are so narrow, in the form of `next_cards`."""
    values = {**_values(merchant_id, Selection([], narrow)), "ids": list(ids)}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NAMED, {**values, "card": after, "most": most})
        return list(cursor.fetchall())


def tally(merchant_id: int, selection: Selection, ids: Sequence[int]) -> list[Tallied]:
    """Return what the cards selected are now; of `ids` where any are given."""
    values = {**_values(merchant_id, selection), "ids": list(ids)}
    with connection.cursor() as cursor:
        # Two million cards take longer than a page may.
        cursor.execute("set local statement_timeout = '30s'")
        cursor.execute(_TALLY_NAMED if ids else _TALLY_SELECTED, values)
        rows = cursor.fetchall()
    return [Tallied(row[0], CardState(row[1]), *row[2:]) for row in rows]


def count_cards(merchant_id: int, selection: Selection) -> tuple[int, int]:
    """Return how many cards are selected, and what they cost together in minor units."""
    with connection.cursor() as cursor:
        # Two million cards take longer than a page may.
        cursor.execute("set local statement_timeout = '30s'")
        cursor.execute(_COUNT, _values(merchant_id, selection))
        count, minor = cursor.fetchone()
    return int(count), int(minor)


def about(merchant_id: int, selection: Selection, most: int = COUNT_MOST) -> Matching:
    """Return how many cards are selected, at a cost that a large stock does not raise.

    Beyond `most` they are no more looked at: then the movements say how many there are, where
    nothing but states narrows the selection.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_SOME, {**_values(merchant_id, selection), "most": most + 1})
        count, minor = cursor.fetchone()
    if count <= most:
        return Matching(int(count), int(minor))
    known = count_by_levels(merchant_id, selection)
    return Matching(most, None, is_more=True) if known is None else Matching(known, None)


def count_by_levels(merchant_id: int, selection: Selection) -> int | None:
    """Return how many cards are selected as the sum of movements; None if those cannot tell."""
    narrow = dict(selection.narrow)
    states = narrow.pop("states", None) or [int(state) for state in CardState]
    if any(value is not None for value in narrow.values()):
        return None
    levels = batch_levels(merchant_id=merchant_id, batch_ids=selection.batches)
    names = [CardState(state).name.lower() for state in states]
    if CardState.AVAILABLE in states:
        names.append("set_aside")
    return sum(int(getattr(level, name)) for level in levels.values() for name in names)


def count_named(
    merchant_id: int, ids: Sequence[int], states: Sequence[CardState], *, unsold: bool
) -> tuple[int, int]:
    """Return how many of these cards are in these states, and what they cost together."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [merchant_id, list(ids), [int(one) for one in states], unsold])
        count, minor = cursor.fetchone()
    return int(count), int(minor)


def taken(selection: Selection, until: datetime) -> Selection:
    """Return what of a selection was sold until then, or is reserved."""
    return Selection(selection.batches, {**selection.narrow, "taken_until": until})


def in_states(selection: Selection, states: Sequence[CardState]) -> Selection:
    """Return what of a selection is in one of these states."""
    asked = selection.narrow.get("states")
    both = [int(state) for state in states if asked is None or int(state) in asked]
    return Selection(selection.batches, {**selection.narrow, "states": both})


def _values(merchant_id: int, selection: Selection) -> dict[str, Any]:
    empty = dict.fromkeys(("states", "pool", "from", "to", "text", "taken_until"))
    return {
        **empty,
        "erased": False,
        **selection.narrow,
        "merchant": merchant_id,
        "batches": list(selection.batches),
    }


def _with_states(merchant_id: int, ids: list[int], states: Sequence[CardState]) -> list[int]:
    """Leave out batches that have no card in any of these states: they need not be walked."""
    names = [state.name.lower() for state in states]
    if CardState.AVAILABLE in states:
        names.append("set_aside")
    levels = batch_levels(merchant_id=merchant_id, batch_ids=ids)
    return [at for at in ids if any(getattr(levels[at], name) for name in names)]
