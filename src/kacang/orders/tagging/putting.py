"""Putting a tag on orders, and taking it off: one order or many, safe to repeat (O3, O4)."""

from collections.abc import Collection
from dataclasses import dataclass

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.finding.filters import NUMBERS_MAX
from kacang.orders.models import Event
from kacang.orders.statements import rows
from kacang.orders.tagging.tags import tag_named

PUT = """
with named as materialized (
    select id, number from sale_order
    where merchant_id = %(merchant)s::bigint and number = any(%(numbers)s::text[])
),
put as (
    insert into order_tag (merchant_id, tag_id, order_id)
    select %(merchant)s::bigint, %(tag)s::bigint, id from named order by id
    on conflict do nothing
    returning order_id
),
"""
TAKE = """
with named as materialized (
    select id, number from sale_order
    where merchant_id = %(merchant)s::bigint and number = any(%(numbers)s::text[])
),
put as (
    delete from order_tag t using named
    where t.merchant_id = %(merchant)s::bigint and t.tag_id = %(tag)s::bigint
      and t.order_id = named.id
    returning t.order_id
),
"""
TOLD = """
told as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
    select %(merchant)s::bigint, order_id, %(event)s::int, %(kind)s::text, %(label)s::text,
           %(address)s::text, jsonb_build_object('text', %(name)s::text, 'tag', %(uid)s::text)
    from put
)
select n.number, p.order_id is not null from named n left join put p on p.order_id = n.id
"""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What came of it: `changed` numbers; the others were so before."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


@retry_conflicts
def tag_orders(*, merchant_id: int, numbers: Collection[str], tag: str, actor: Actor) -> Tagged:
    """Put a tag on at most NUMBERS_MAX orders; those that have it keep it, unknown ones are left.

    Raises:
        UnknownTag: There is no such tag.
    """
    return _done(merchant_id, numbers, tag, actor, PUT, Event.TAGGED)


@retry_conflicts
def untag_orders(*, merchant_id: int, numbers: Collection[str], tag: str, actor: Actor) -> Tagged:
    """Take a tag off at most NUMBERS_MAX orders.

    Raises:
        UnknownTag: There is no such tag.
    """
    return _done(merchant_id, numbers, tag, actor, TAKE, Event.UNTAGGED)


def _done(
    merchant_id: int, numbers: Collection[str], uid: str, actor: Actor, text: str, event: Event
) -> Tagged:
    assert len(numbers) <= NUMBERS_MAX
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid)
        found = rows(
            text + TOLD,
            {
                "merchant": merchant_id, "numbers": list(numbers), "tag": tag.pk, "uid": uid,
                "name": tag.name, "event": int(event), "kind": actor.kind, "label": actor.label,
                "address": actor.address,
            },
        )  # fmt: skip
    return Tagged(
        tuple(number for number, changed in found if changed),
        tuple(number for number, changed in found if not changed),
    )
