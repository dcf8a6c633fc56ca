"""Shelves of the shop."""

from kacang.catalog.checks import read_text, within
from kacang.catalog.models import Category
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import NotFound
from kacang.shared.ids import new_uid
from kacang.shared.texts import Text

TITLE_MAX = 40
POSITION_MAX = 1_000_000


class UnknownCategory(NotFound):
    """There is no such category."""

    code = "catalog.unknown_category"


def create_category(*, merchant_id: int, actor: Actor, title: Text, position: int = 0) -> str:
    """Add a category and return its uid."""
    with acting_as(merchant_id):
        row = Category.objects.create(
            merchant_id=merchant_id,
            uid=new_uid("cat"),
            title=read_text("title", title, limit=TITLE_MAX, required=True),
            position=within("position", position, 0, POSITION_MAX),
        )
        _log(actor, "categories.create", row)
    return row.uid


def update_category(
    *, merchant_id: int, actor: Actor, uid: str, title: Text, position: int = 0
) -> None:
    """Change a category's title and place.

    Raises:
        UnknownCategory: There is none.
    """
    with acting_as(merchant_id):
        row = find_category(merchant_id, uid)
        before = _state(row)
        row.title = read_text("title", title, limit=TITLE_MAX, required=True)
        row.position = within("position", position, 0, POSITION_MAX)
        row.save(update_fields=["title", "position"])
        _log(actor, "categories.update", row, before)


def delete_category(*, merchant_id: int, actor: Actor, uid: str) -> None:
    """Take a category away. Its products stay, without one.

    Raises:
        UnknownCategory: There is none.
    """
    with acting_as(merchant_id):
        row = find_category(merchant_id, uid)
        _log(actor, "categories.delete", row, _state(row))
        row.delete()


def find_category(merchant_id: int, uid: str) -> Category:
    """Return the row and lock it. Must run inside the caller's transaction."""
    row = Category.objects.select_for_update().filter(merchant_id=merchant_id, uid=uid).first()
    if row is None:
        raise UnknownCategory
    return row


def _state(row: Category) -> dict[str, object]:
    return {"title": row.title, "position": row.position}


def _log(actor: Actor, action: str, row: Category, before: dict[str, object] | None = None) -> None:
    audit.record(
        merchant_id=row.merchant_id,
        actor=actor,
        action=action,
        object_kind="category",
        object_uid=row.uid,
        before=before,
        after=None if action == "categories.delete" else _state(row),
    )
