"""The merchant's list of tags (O3)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.list_models import OrderTag, Tag
from kacang.orders.tagging.errors import BadTag, TagTaken, TooManyTags, UnknownTag
from kacang.shared.ids import new_uid

NAME_MAX = 20
TAGS_MAX = 100
COUNT_MOST = 10_000
# Names of the design's tones: a tag is told by its word, the colour only helps.
COLOURS = ("grey", "blue", "green", "orange", "red", "purple")


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag as people see it."""

    uid: str
    name: str
    colour: str


def tags(*, merchant_id: int) -> list[TagView]:
    """Return a merchant's tags by name."""
    with acting_as(merchant_id):
        rows = Tag.objects.filter(merchant_id=merchant_id).order_by("name")
        return [_view(row) for row in rows]


def tags_of(*, merchant_id: int, order_ids: Collection[int]) -> dict[int, list[TagView]]:
    """Return the tags of orders, by the order's id; orders without any are left out."""
    found: dict[int, list[TagView]] = {}
    with acting_as(merchant_id):
        pairs = OrderTag.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
        for pair in pairs.select_related("tag").order_by("tag__name"):
            found.setdefault(pair.order_id, []).append(_view(pair.tag))
    return found


def count_of(*, merchant_id: int, uid: str) -> int:
    """Return how many orders have a tag, counted to COUNT_MOST.

    Raises:
        UnknownTag: There is none.
    """
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid)
        return OrderTag.objects.filter(merchant_id=merchant_id, tag=tag)[:COUNT_MOST].count()


def make_tag(*, merchant_id: int, name: str, colour: str, actor: Actor) -> str:
    """Add a tag to the list and return its uid.

    Raises:
        BadTag, TagTaken, TooManyTags: As they say.
    """
    name = _checked(name, colour)
    with acting_as(merchant_id):
        if Tag.objects.filter(merchant_id=merchant_id).count() >= TAGS_MAX:
            raise TooManyTags(most=TAGS_MAX)
        tag = Tag(merchant_id=merchant_id, uid=new_uid("tag"), name=name, colour=colour)
        _save(tag)
        _log(tag, actor, "tags.make", after={"name": name})
    return tag.uid


def change_tag(*, merchant_id: int, uid: str, name: str, colour: str, actor: Actor) -> None:
    """Give a tag another name or colour; orders keep it.

    Raises:
        UnknownTag, BadTag, TagTaken: As they say.
    """
    name = _checked(name, colour)
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid)
        before = {"name": tag.name, "colour": tag.colour}
        tag.name, tag.colour = name, colour
        _save(tag)
        _log(tag, actor, "tags.change", before=before, after={"name": name, "colour": colour})


def delete_tag(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Take a tag off the list and off all its orders; their timelines still tell of it.

    Raises:
        UnknownTag: There is none.
    """
    with acting_as(merchant_id):
        tag = tag_named(merchant_id, uid)
        _log(tag, actor, "tags.delete", before={"name": tag.name})
        tag.delete()


def tag_named(merchant_id: int, uid: str) -> Tag:
    """Return the row of a tag, in the caller's transaction.

    Raises:
        UnknownTag: There is none.
    """
    tag = Tag.objects.filter(merchant_id=merchant_id, uid=uid).first()
    if tag is None:
        raise UnknownTag
    return tag


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


def _log(tag: Tag, actor: Actor, action: str, **details: object) -> None:
    audit.record(
        merchant_id=tag.merchant_id,
        actor=actor,
        action=action,
        object_kind="tag",
        object_uid=tag.uid,
        **details,
    )


def _view(row: Tag) -> TagView:
    return TagView(row.uid, row.name, row.colour)
