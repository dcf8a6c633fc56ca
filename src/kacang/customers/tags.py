"""The merchant's tags of customers, and putting them on and taking them off (H1)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction

from kacang.customers.locking import locked
from kacang.customers.models import Tag
from kacang.customers.types import TagView
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid

NAME_MAX = 20
TAGS_MAX = 100
# So many one customer has at most.
OF_CUSTOMER_MAX = 20
COUNT_MOST = 10_000
# Names of the design's tones: a tag is told by its word, the colour only helps.
COLOURS = ("grey", "blue", "green", "orange", "red", "purple")
# What came of each: 1 changed, 2 was so before (or they are gone), 3 has too many tags.
CHANGED, AS_BEFORE, TOO_MANY = 1, 2, 3
# First and alone: what the next statement counts has ended then, and stands still.
_LOCK = """
select id from customer
where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
  and forgotten_at is null and merged_into_id is null
order by id for no key update
"""
_PUT = """
with room as materialized (
    select n.id, (select count(*) from customer_tagged t
                  where t.merchant_id = %(merchant)s::bigint and t.customer_id = n.id
                    and t.tag_id <> %(instead)s::bigint) < %(most)s::int as has_room,
           exists (select from customer_tagged t
                   where t.merchant_id = %(merchant)s::bigint and t.customer_id = n.id
                     and t.tag_id = %(tag)s::bigint) as has_it
    from unnest(%(ids)s::bigint[]) as n(id)
),
put as (
    insert into customer_tagged (merchant_id, tag_id, customer_id)
    select %(merchant)s::bigint, %(tag)s::bigint, id from room where has_room and not has_it
    on conflict do nothing returning customer_id
)
select r.id, case when p.customer_id is not null then 1 when r.has_it then 2 else 3 end
from room r left join put p on p.customer_id = r.id
"""
_TAKE = """
with taken as (
    delete from customer_tagged t
    where t.merchant_id = %(merchant)s::bigint and t.tag_id = %(tag)s::bigint
      and t.customer_id = any(%(ids)s::bigint[]) returning t.customer_id
)
select n.id, case when t.customer_id is null then 2 else 1 end
from unnest(%(ids)s::bigint[]) as n(id) left join taken t on t.customer_id = n.id
"""


class UnknownTag(NotFound):
    """This merchant has no such tag of customers."""

    code = "customers.unknown_tag"


class BadTag(Invalid):
    """A tag needs a short name and one of the colours."""

    code = "customers.bad_tag"


class TagTaken(Conflict):
    """There is a tag of this name: the two can be merged."""

    code = "customers.tag_taken"


class TooManyTags(Conflict):
    """The merchant's list of tags is full, or a customer's is."""

    code = "customers.too_many_tags"


def tags(*, merchant_id: int) -> list[TagView]:
    """Return a merchant's tags by name."""
    with acting_as(merchant_id):
        rows = Tag.objects.filter(merchant_id=merchant_id).order_by("name")
        return [TagView(row.uid, row.name, row.colour) for row in rows]


def count_of(*, merchant_id: int, uid: str) -> int:
    """Return how many customers have a tag, counted to one more than COUNT_MOST.

    Raises:
        UnknownTag: There is none.
    """
    text = """select count(*)::int from (
        select from customer_tagged where merchant_id = %s::bigint and tag_id = %s::bigint
        limit %s::int) few"""
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid)
        with connection.cursor() as cursor:
            cursor.execute(text, [merchant_id, tag.pk, COUNT_MOST + 1])
            ((count,),) = cursor.fetchall()
    return int(count)


def make_tag(*, merchant_id: int, name: str, colour: str, actor: Actor) -> str:
    """Add a tag to the list and return its uid.

    Raises:
        BadTag, TagTaken, TooManyTags: As they say.
    """
    name = _checked(name, colour)
    with acting_as(merchant_id):
        if Tag.objects.filter(merchant_id=merchant_id).count() >= TAGS_MAX:
            raise TooManyTags(most=TAGS_MAX)
        tag = Tag(
            merchant_id=merchant_id, uid=new_uid("tag"), name=name, colour=colour,
            created_at=utc_now(),
        )  # fmt: skip
        _save(tag)
        log(merchant_id, actor, "customers.make_tag", tag.uid, after={"name": name})
    return tag.uid


def change_tag(*, merchant_id: int, uid: str, name: str, colour: str, actor: Actor) -> None:
    """Give a tag another name or colour; customers keep it.

    Raises:
        UnknownTag, BadTag, TagTaken: As they say.
    """
    name = _checked(name, colour)
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid, lock=True)
        before = {"name": tag.name, "colour": tag.colour}
        tag.name, tag.colour = name, colour
        _save(tag)
        after = {"name": name, "colour": colour}
        log(merchant_id, actor, "customers.change_tag", uid, before=before, after=after)


def delete_tag(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Take a tag off the list and off all its customers.

    Raises:
        UnknownTag: There is none.
    """
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid, lock=True)
        count = count_of(merchant_id=merchant_id, uid=uid)
        before = {"name": tag.name, "count": count}
        log(merchant_id, actor, "customers.delete_tag", uid, before=before)
        tag.delete()


@retry_conflicts
def tag_customer(*, merchant_id: int, uid: str, tag: str, takes: bool, actor: Actor) -> bool:
    """Put a tag on one customer, or take it off; return whether that changed something.

    Raises:
        UnknownCustomer, UnknownTag: There is none.
        TooManyTags: The customer has as many as there is room for.
    """
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        known = tag_named(merchant_id, tag)
        outcome = put_on(merchant_id, [row.pk], known.pk, takes=takes).get(row.pk, AS_BEFORE)
        if outcome == TOO_MANY:
            raise TooManyTags(most=OF_CUSTOMER_MAX)
        if outcome == CHANGED:
            action = "customers.untag" if takes else "customers.tag"
            audit.record(
                merchant_id=merchant_id, actor=actor, action=action, object_kind="customer",
                object_uid=uid, after={"tag": known.name},
            )  # fmt: skip
    return outcome == CHANGED


def put_on(
    merchant_id: int, ids: Sequence[int], tag_id: int, *, takes: bool, instead: int = 0
) -> Mapping[int, int]:
    """Put a tag on customers, or take it off; return what came of each who is there.

    In the caller's transaction; safe to repeat. `instead`: a tag that goes as this one comes, and
    needs no room.
    """
    given: dict[str, Any] = {"merchant": merchant_id, "ids": list(ids), "tag": tag_id}
    if not takes:
        given |= {"most": OF_CUSTOMER_MAX, "instead": instead}
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_LOCK, given)
        given["ids"] = [row[0] for row in cursor.fetchall()]
        cursor.execute(_TAKE if takes else _PUT, given)
        return dict(cursor.fetchall())


def tag_named(merchant_id: int, uid: str, *, lock: bool = False) -> Tag:
    """Return the row of a tag, in the caller's transaction.

    Raises:
        UnknownTag: There is none.
    """
    rows = Tag.objects.select_for_update() if lock else Tag.objects
    tag = rows.filter(merchant_id=merchant_id, uid=uid).first()
    if tag is None:
        raise UnknownTag
    return tag


def log(merchant_id: int, actor: Actor, action: str, uid: str, **details: object) -> None:
    """Write to the audit log what was done to a tag."""
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="customer_tag",
        object_uid=uid, **details,
    )  # fmt: skip


def _checked(name: str, colour: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX or colour not in COLOURS or not name.isprintable():
        raise BadTag
    return name


def _save(tag: Tag) -> None:
    try:
        with transaction.atomic():
            tag.save()
    except IntegrityError as error:
        raise TagTaken(name=tag.name) from error
