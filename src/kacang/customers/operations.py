"""What others may do with customers: let them gather, name them, merge and forget them (H1)."""

from collections.abc import Iterable

from django.db import connection

from kacang.customers.models import (
    Consent,
    ConsentWay,
    ContactKind,
    Customer,
    CustomerContact,
    Level,
    Note,
)
from kacang.customers.queries import UnknownCustomer
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid

__all__ = [
    "BadCustomer",
    "ConsentWay",
    "ContactKind",
    "ContactTaken",
    "UnknownCustomer",
    "UnknownLevel",
    "add_contact",
    "add_note",
    "change",
    "drop_level",
    "empty",
    "gather",
    "move_into",
    "save_level",
]

NOTE_MAX = 1000
NAME_MAX = 80
LEVELS_MAX = 20
LEVEL_NAME_MAX, RANK_MAX = 40, 99
_CONTACT = """
insert into customer_contact (merchant_id, customer_id, kind, value, tail, verified_at, added_at)
values (%s::bigint, %s::bigint, %s::smallint, %s::text, %s::text, %s::timestamptz,
        %s::timestamptz)
on conflict (merchant_id, kind, value) do nothing returning id
"""


class BadCustomer(Invalid):
    """What was said about a customer makes no sense. `field` is its name."""

    code = "customers.bad_customer"


class ContactTaken(Conflict):
    """The address is another customer's: the two can be merged."""

    code = "customers.contact_taken"


class UnknownLevel(NotFound):
    """The merchant has no such level."""

    code = "customers.unknown_level"


class LevelInUse(Conflict):
    """Customers have this level. `count` is how many."""

    code = "customers.level_in_use"


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
        row = _locked(merchant_id, uid)
        chosen = None
        if level:
            chosen = Level.objects.filter(merchant_id=merchant_id, uid=level).first()
            if chosen is None:
                raise UnknownLevel
        before = {"level": row.level.name if row.level else "", "named": bool(row.name)}
        row.name, row.level = name.strip(), chosen
        row.save(update_fields=["name", "level"])
        after = {"level": chosen.name if chosen else "", "named": bool(row.name)}
        _log(merchant_id, actor, "customers.change", uid, before=before, after=after)


def add_note(*, merchant_id: int, uid: str, text: str, actor: Actor) -> None:
    """Write something about a customer.

    Raises:
        UnknownCustomer: There is none, or it is forgotten.
        BadCustomer: Nothing is written, or too much.
    """
    text = text.strip()
    if not text or len(text) > NOTE_MAX:
        raise BadCustomer(field="note")
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        Note.objects.create(
            merchant_id=merchant_id, customer=row, text=text, actor_label=actor.label[:120],
            at=utc_now(),
        )  # fmt: skip
        _log(merchant_id, actor, "customers.note", uid)


def add_contact(*, merchant_id: int, uid: str, contact: Contact, actor: Actor) -> None:
    """Add an address that the customer has told the staff. May be repeated.

    Raises:
        UnknownCustomer: There is none, or it is forgotten.
        ContactTaken: It is another customer's.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        for kind, value in (
            (ContactKind.EMAIL, contact.email),
            (ContactKind.PHONE, contact.phone),
        ):
            if value and _put_contact(merchant_id, row.pk, kind, value) != row.pk:
                raise ContactTaken
        _log(merchant_id, actor, "customers.add_contact", uid)


def move_into(*, merchant_id: int, source: str, target: str, actor: Actor) -> tuple[int, int]:
    """Give all that is known of one customer to another; return (from, to). In a transaction.

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
        for model in (CustomerContact, Consent, Note):
            model.objects.filter(merchant_id=merchant_id, customer=old).update(customer=new)
        new.name, new.level = new.name or old.name, new.level or old.level
        new.agreed_at = max(filter(None, (new.agreed_at, old.agreed_at)), default=None)
        new.save(update_fields=["name", "level", "agreed_at"])
        old.name, old.level, old.agreed_at, old.merged_into = "", None, None, new
        old.save(update_fields=["name", "level", "agreed_at", "merged_into"])
        _log(merchant_id, actor, "customers.merge", target, after={"from": source})
    return old.pk, new.pk


def empty(*, merchant_id: int, uid: str, way: ConsentWay, actor: Actor) -> int:
    """Take back the consent and forget all that is personal; return the row. In a transaction.

    Raises:
        UnknownCustomer: There is none, or it is forgotten already.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        for model in (CustomerContact, Note):
            model.objects.filter(merchant_id=merchant_id, customer=row).delete()
        row.name, row.level, row.agreed_at, row.forgotten_at = "", None, None, utc_now()
        row.save(update_fields=["name", "level", "agreed_at", "forgotten_at"])
        _write_consent(merchant_id, row.pk, way, is_given=False, label=actor.label)
        _log(merchant_id, actor, "customers.forget", uid)
    return row.pk


def save_level(*, merchant_id: int, name: str, rank: int, uid: str = "", actor: Actor) -> str:
    """Make a level, or change the one of a uid; return its uid.

    Raises:
        UnknownLevel: There is none of that uid.
        BadCustomer: A name is missing or too long, a rank is not from 1 to 99 or another
            level's, or there are too many.
    """
    name = name.strip()
    with acting_as(merchant_id):
        rows = Level.objects.filter(merchant_id=merchant_id)
        others = rows.exclude(uid=uid)
        wrong = (
            (not 1 <= len(name) <= LEVEL_NAME_MAX, "name"),
            (not 1 <= rank <= RANK_MAX or others.filter(rank=rank).exists(), "rank"),
            (others.filter(name=name).exists() or others.count() >= LEVELS_MAX, "name"),
        )
        for applies, field in wrong:
            if applies:
                raise BadCustomer(field=field)
        if uid and not rows.filter(uid=uid).update(name=name, rank=rank):
            raise UnknownLevel
        if not uid:
            uid = new_uid("lvl")
            Level.objects.create(merchant_id=merchant_id, uid=uid, name=name, rank=rank)
        _log(merchant_id, actor, "customers.level", uid, after={"name": name, "rank": rank})
    return uid


def drop_level(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Remove a level that no customer has.

    Raises:
        UnknownLevel: There is no such level.
        LevelInUse: Customers have it.
    """
    with acting_as(merchant_id):
        row = Level.objects.select_for_update().filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownLevel
        if count := Customer.objects.filter(merchant_id=merchant_id, level=row).count():
            raise LevelInUse(count=count)
        row.delete()
        _log(merchant_id, actor, "customers.drop_level", uid, before={"name": row.name})


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
    Customer.objects.filter(merchant_id=merchant_id, pk=customer_id).update(agreed_at=utc_now())
    given = Consent.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
    # A second yes says nothing new.
    if given.order_by("-id").values_list("is_given", flat=True).first() is not True:
        _write_consent(merchant_id, customer_id, way, is_given=True)


def _write_consent(
    merchant_id: int, customer_id: int, way: ConsentWay, *, is_given: bool, label: str = ""
) -> None:
    Consent.objects.create(
        merchant_id=merchant_id, customer_id=customer_id, is_given=is_given, way=way,
        actor_label=label[:120], at=utc_now(),
    )  # fmt: skip


def _locked(merchant_id: int, uid: str) -> Customer:
    row = (
        Customer.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid, forgotten_at=None, merged_into=None)
        .first()
    )
    if row is None:
        raise UnknownCustomer
    return row


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: object) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="customer",
        object_uid=uid, **details,
    )  # fmt: skip
