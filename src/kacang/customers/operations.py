"""What others may do with customers: let them gather, name them, merge and forget them (H1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from kacang.customers.levels import (
    LevelInUse,
    UnknownLevel,
    drop_level,
    level_named,
    save_level,
)
from kacang.customers.locking import locked
from kacang.customers.models import (
    NEVER,
    Consent,
    ConsentWay,
    ContactKind,
    Customer,
    CustomerContact,
    Note,
    Tagged,
)
from kacang.customers.notes import (
    NOTE_MAX,
    NotYourNote,
    UnknownNote,
    add_note,
    change_note,
    delete_note,
)
from kacang.customers.types import BadCustomer, UnknownCustomer
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.errors import Conflict
from kacang.shared.ids import new_uid

__all__ = [
    "NAME_MAX", "NOTE_MAX", "BadCustomer", "ConsentWay", "ContactKind", "ContactTaken",
    "LevelInUse", "Moved", "NotYourNote", "UnknownCustomer", "UnknownLevel", "UnknownNote",
    "add_contact", "add_note", "add_openid", "change", "change_note", "checked_openid",
    "delete_note", "drop_level", "drop_openids", "empty", "gather", "look_again", "move_into",
    "save_level", "weigh",
]  # fmt: skip

OPENID = re.compile(r"[A-Za-z0-9_-]{10,64}")
NAME_MAX = 80
_CONTACT = """
insert into customer_contact (merchant_id, customer_id, kind, value, tail, verified_at, added_at)
values (%s::bigint, %s::bigint, %s::smallint, %s::text, %s::text, %s::timestamptz,
        %s::timestamptz)
on conflict (merchant_id, kind, value) do nothing returning id
"""
_MOVE_TAGS = """
insert into customer_tagged (merchant_id, tag_id, customer_id)
select merchant_id, tag_id, %(target)s::bigint from customer_tagged
where merchant_id = %(merchant)s::bigint and customer_id = %(source)s::bigint
on conflict do nothing
"""
_BELONGINGS: Mapping[str, type[CustomerContact | Note | Tagged | Consent]] = {
    "contacts": CustomerContact,
    "notes": Note,
    "tags": Tagged,
    "consents": Consent,
}


class ContactTaken(Conflict):
    """The address is another customer's: the two can be merged."""

    code = "customers.contact_taken"


def gather(
    *, merchant_id: int, contact: Contact, way: ConsentWay, verified: Iterable[str] = ()
) -> int:
    """Return the customer of a contact who has agreed to be remembered, made if there is none.

    Runs in the caller's transaction. The e-mail address decides before the phone number: an
    address that is another customer's stays theirs, since nobody has proved anything here. Two
    at once make one customer.

    Args:
        merchant_id: Whose customer.
        contact: At least one address.
        way: Where they agreed.
        verified: Which of the addresses they have proved to have.
    """
    assert not contact.is_empty
    with acting_as(merchant_id):
        wanted = [(ContactKind.EMAIL, contact.email), (ContactKind.PHONE, contact.phone)]
        wanted = [(kind, value) for kind, value in wanted if value]
        customer_id = _owner(merchant_id, wanted) or _made(merchant_id, wanted)
        for kind, value in wanted:
            _put_contact(merchant_id, customer_id, kind, value, is_proved=value in set(verified))
        _consent(merchant_id, customer_id, way)
    return customer_id


def change(
    *, merchant_id: int, uid: str, name: str, level: str = "", actor: Actor = audit.SYSTEM
) -> None:
    """Give a customer a name and a level ("": none).

    Raises:
        UnknownCustomer: There is none, or it is forgotten.
        UnknownLevel: There is no such level.
        BadCustomer: The name is too long.
    """
    if len(name) > NAME_MAX:
        raise BadCustomer(field="name")
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        chosen = level_named(merchant_id, level) if level else None
        before = {"level": row.level.name if row.level else "", "named": bool(row.name)}
        row.name, row.level = name.strip(), chosen
        row.save(update_fields=["name", "level"])
        after = {"level": chosen.name if chosen else "", "named": bool(row.name)}
        _log(merchant_id, actor, "customers.change", uid, before=before, after=after)


def add_contact(*, merchant_id: int, uid: str, contact: Contact, actor: Actor) -> None:
    """Add an address that the customer has told the staff. May be repeated.

    Raises:
        UnknownCustomer: There is none, or it is forgotten.
        ContactTaken: It is another customer's.
    """
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        for kind, value in (
            (ContactKind.EMAIL, contact.email),
            (ContactKind.PHONE, contact.phone),
        ):
            if value and _put_contact(merchant_id, row.pk, kind, value) != row.pk:
                raise ContactTaken
        _log(merchant_id, actor, "customers.add_contact", uid)


def checked_openid(text: str) -> str:
    """Return an openid as it is kept.

    Raises:
        BadCustomer: It is none.
    """
    openid = text.strip()
    if not OPENID.fullmatch(openid):
        raise BadCustomer(field="openid")
    return openid


def add_openid(
    *, merchant_id: int, uid: str, openid: str, actor: Actor, is_only: bool = False
) -> None:
    """Add as whom a customer reads in the shop's mini-program; `is_only`: and as no other.

    Raises:
        BadCustomer: It is no openid.
        UnknownCustomer: There is none, or it is forgotten.
        ContactTaken: It is another customer's.
    """
    openid = checked_openid(openid)
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        if _put_contact(merchant_id, row.pk, ContactKind.WECHAT, openid) != row.pk:
            raise ContactTaken
        if is_only:
            _openids(merchant_id, row.pk).exclude(value=openid).delete()
        _log(merchant_id, actor, "customers.add_contact", uid)


def drop_openids(*, merchant_id: int, uid: str, actor: Actor) -> int:
    """Have a customer read in the mini-program no more; return how many openids went.

    Raises:
        UnknownCustomer: There is none, or it is forgotten.
    """
    with acting_as(merchant_id):
        gone: int = _openids(merchant_id, locked(merchant_id, uid).pk).delete()[0]
        if gone:
            _log(merchant_id, actor, "customers.drop_openid", uid)
    return gone


def look_again(*, merchant_id: int, uid: str) -> None:
    """Have the figures of a customer counted anew by the job that keeps them.

    Raises:
        UnknownCustomer: There is none, or it is forgotten or merged into another.
    """
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        row.figures_due = True
        row.save(update_fields=["figures_due"])


@dataclass(frozen=True, slots=True)
class Moved:
    """What went over when two customers became one: both rows, and how many of each."""

    source_id: int
    target_id: int
    counts: Mapping[str, int]


def weigh(*, merchant_id: int, uid: str) -> Mapping[str, int]:
    """Return how much is known of a customer: addresses, notes, tags, consents.

    Raises:
        UnknownCustomer: There is none, or it is forgotten or merged into another.
    """
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        return {
            name: model.objects.filter(merchant_id=merchant_id, customer=row).count()
            for name, model in _BELONGINGS.items()
        }


def move_into(*, merchant_id: int, source: str, target: str) -> Moved:
    """Give all that is known of one customer to another. In the caller's transaction, which logs.

    Raises:
        UnknownCustomer: One of them does not exist, or is forgotten.
        BadCustomer: They are the same.
    """
    if source == target:
        raise BadCustomer(field="target")
    with acting_as(merchant_id):
        rows = {
            row.uid: row
            for row in Customer.objects.select_for_update(no_key=True)
            .filter(
                merchant_id=merchant_id, uid__in=[source, target], forgotten_at=None,
                merged_into=None,
            )
            .order_by("id")
        }  # fmt: skip
        if len(rows) != len({source, target}):
            raise UnknownCustomer
        old, new = rows[source], rows[target]
        counts = {
            "contacts": CustomerContact.objects.filter(
                merchant_id=merchant_id, customer=old
            ).update(customer=new),
            "notes": Note.objects.filter(merchant_id=merchant_id, customer=old).update(
                customer=new
            ),
            "consents": Consent.objects.filter(merchant_id=merchant_id, customer=old).update(
                customer=new
            ),
            "tags": _move_tags(merchant_id, old.pk, new.pk),
        }
        is_later = old.agreed_at and (new.agreed_at is None or old.agreed_at > new.agreed_at)
        new.name, new.level = new.name or old.name, new.level or old.level
        if is_later:
            new.agreed_at, new.agreed_way = old.agreed_at, old.agreed_way
        new.figures_due = True
        new.save(update_fields=["name", "level", "agreed_at", "agreed_way", "figures_due"])
        old.merged_into = new
        _make_empty(old, "merged_into")
    return Moved(old.pk, new.pk, counts)


def empty(*, merchant_id: int, uid: str, way: ConsentWay, actor: Actor) -> int:
    """Take back the consent and forget all that is personal; return the row. In a transaction.

    Raises:
        UnknownCustomer: There is none, or it is forgotten already.
    """
    with acting_as(merchant_id):
        row = locked(merchant_id, uid)
        for model in (CustomerContact, Note, Tagged):
            model.objects.filter(merchant_id=merchant_id, customer=row).delete()
        row.forgotten_at = utc_now()
        _make_empty(row, "forgotten_at")
        _write_consent(merchant_id, row.pk, way, is_given=False, label=actor.label)
        _log(merchant_id, actor, "customers.forget", uid)
    return row.pk


def _owner(merchant_id: int, wanted: list[tuple[ContactKind, str]]) -> int:
    """Return whose address it is, locked; 0: nobody's."""
    for kind, value in wanted:
        mine = CustomerContact.objects.filter(merchant_id=merchant_id, kind=kind, value=value)
        while owner := mine.values_list("customer_id", flat=True).first():
            row = Customer.objects.select_for_update(no_key=True).get(
                merchant_id=merchant_id, pk=owner
            )
            # While this waited, they may have become one with somebody, or have gone.
            if row.merged_into_id is None and row.forgotten_at is None:
                return owner
    return 0


def _made(merchant_id: int, wanted: list[tuple[ContactKind, str]]) -> int:
    row = Customer.objects.create(
        merchant_id=merchant_id, uid=new_uid("cus"), created_at=utc_now(), agreed_at=utc_now()
    )
    kind, value = wanted[0]
    owner = _put_contact(merchant_id, row.pk, kind, value)
    if owner != row.pk:
        # Somebody of the same address was first: they are one customer.
        Customer.objects.filter(merchant_id=merchant_id, pk=row.pk).update(
            forgotten_at=utc_now(), agreed_at=None, merged_into=owner
        )
    return owner


def _put_contact(
    merchant_id: int, customer_id: int, kind: ContactKind, value: str, *, is_proved: bool = False
) -> int:
    """Give a customer an address, unless somebody has it; return whose it is now."""
    now = utc_now()
    tail = value[-4:] if kind is ContactKind.PHONE else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _CONTACT,
            [merchant_id, customer_id, int(kind), value, tail, now if is_proved else None, now],
        )
        if cursor.fetchone():
            return customer_id
    row = CustomerContact.objects.get(merchant_id=merchant_id, kind=kind, value=value)
    if is_proved and row.verified_at is None and row.customer_id == customer_id:
        row.verified_at = now
        row.save(update_fields=["verified_at"])
    return row.customer_id


def _consent(merchant_id: int, customer_id: int, way: ConsentWay) -> None:
    mine = Customer.objects.filter(merchant_id=merchant_id, pk=customer_id)
    # Whoever agrees has an order that is about to be theirs: its figures are looked at again.
    mine.update(agreed_at=utc_now(), figures_due=True)
    given = Consent.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
    # A second yes says nothing new.
    if given.order_by("-id").values_list("is_given", flat=True).first() is not True:
        mine.update(agreed_way=way)
        _write_consent(merchant_id, customer_id, way, is_given=True)


def _write_consent(
    merchant_id: int, customer_id: int, way: ConsentWay, *, is_given: bool, label: str = ""
) -> None:
    Consent.objects.create(
        merchant_id=merchant_id, customer_id=customer_id, is_given=is_given, way=way,
        actor_label=label[:120], at=utc_now(),
    )  # fmt: skip


def _make_empty(row: Customer, *also: str) -> None:
    row.name, row.level, row.agreed_at, row.agreed_way = "", None, None, ""
    row.paid_orders, row.spent_minor, row.last_order_at = 0, 0, NEVER
    row.figures_due = False
    names = (
        "name", "level", "agreed_at", "agreed_way", "paid_orders", "spent_minor",
        "last_order_at", "figures_due", *also,
    )  # fmt: skip
    row.save(update_fields=names)


def _move_tags(merchant_id: int, source: int, target: int) -> int:
    """Give one customer the tags of another; return how many are new to them."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_TAGS, {"merchant": merchant_id, "source": source, "target": target})
        moved = int(cursor.rowcount)
    Tagged.objects.filter(merchant_id=merchant_id, customer_id=source).delete()
    return moved


def _openids(merchant_id: int, customer_id: int):  # type: ignore[no-untyped-def]
    rows = CustomerContact.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
    return rows.filter(kind=ContactKind.WECHAT)


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: object) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="customer",
        object_uid=uid, **details,
    )  # fmt: skip
