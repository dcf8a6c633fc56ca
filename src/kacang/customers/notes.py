"""Notes that staff write about customers: whose they are, changed and deleted (H1)."""

from kacang.customers.locking import locked
from kacang.customers.models import Note
from kacang.customers.types import BadCustomer
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, NotFound

NOTE_MAX = 1000


class UnknownNote(NotFound):
    """The customer has no such note."""

    code = "customers.unknown_note"


class NotYourNote(Conflict):
    """Somebody else wrote the note: only they change it."""

    code = "customers.not_your_note"


def add_note(*, merchant_id: int, uid: str, text: str, actor: Actor) -> None:
    """Write something about a customer.

    Raises:
        UnknownCustomer: There is none, or it is forgotten.
        BadCustomer: Nothing is written, or too much.
    """
    text = _checked(text)
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        Note.objects.create(
            merchant_id=merchant_id, customer=row, text=text, actor_label=actor.label[:120],
            actor_kind=actor.kind, actor_id=actor.id, at=utc_now(),
        )  # fmt: skip
        _log(merchant_id, actor, "customers.note", uid)


def change_note(*, merchant_id: int, uid: str, note: int, text: str, actor: Actor) -> None:
    """Write something else in one's own note; what it said is kept nowhere.

    Raises:
        UnknownCustomer, UnknownNote: There is none.
        NotYourNote: Somebody else wrote it.
        BadCustomer: Nothing is written, or too much.
    """
    text = _checked(text)
    with acting_as(merchant_id):
        row = _note(merchant_id, uid, note)
        if not is_own(row.actor_kind, row.actor_id, actor):
            raise NotYourNote
        row.text, row.changed_at = text, utc_now()
        row.save(update_fields=["text", "changed_at"])
        _log(merchant_id, actor, "customers.change_note", uid)


def delete_note(*, merchant_id: int, uid: str, note: int, actor: Actor) -> None:
    """Delete a note; the log says who wrote it and when.

    Raises:
        UnknownCustomer, UnknownNote: There is none.
    """
    with acting_as(merchant_id):
        row = _note(merchant_id, uid, note)
        before = {"author": row.actor_label, "written_at": row.at.isoformat()}
        row.delete()
        _log(merchant_id, actor, "customers.delete_note", uid, before=before)


def is_own(kind: str, who: int | None, actor: Actor) -> bool:
    """Whether a note that this person or key wrote is the actor's own."""
    return who is not None and (kind, who) == (actor.kind, actor.id)


def _note(merchant_id: int, uid: str, note: int) -> Note:
    customer = locked(merchant_id, uid)
    rows = Note.objects.select_for_update().filter(merchant_id=merchant_id, customer=customer)
    row = rows.filter(id=note).first()
    if row is None:
        raise UnknownNote
    return row


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > NOTE_MAX:
        raise BadCustomer(field="note")
    return text


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: object) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="customer",
        object_uid=uid, **details,
    )  # fmt: skip
