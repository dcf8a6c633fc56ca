"""What others may ask about customers (H1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kacang.customers.models import (
    Consent,
    ContactKind,
    Customer,
    CustomerContact,
    Level,
    Note,
)
from kacang.merchants.tenancy import acting_as
from kacang.shared.contacts import Contact
from kacang.shared.errors import NotFound

NOTES_MAX = 200
CONSENTS_MAX = 50
TAIL_MAX = 200


class UnknownCustomer(NotFound):
    """The merchant knows no such customer, or has forgotten them."""

    code = "customers.unknown_customer"


@dataclass(frozen=True, slots=True)
class LevelView:
    """A level of customers."""

    uid: str
    name: str
    rank: int


@dataclass(frozen=True, slots=True)
class ContactView:
    """An address, and whether the customer has proved to have it."""

    kind: ContactKind
    value: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list."""

    id: int
    uid: str
    name: str
    level: str
    contacts: tuple[ContactView, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A page of customers, the newest first. `next_cursor` is "" on the last."""

    rows: tuple[CustomerRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class NoteView:
    """What somebody of the staff wrote."""

    text: str
    actor_label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """That somebody agreed to be remembered, or took it back."""

    is_given: bool
    way: str
    actor_label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer with all that is known of them here."""

    id: int
    uid: str
    name: str
    level_uid: str
    level: str
    contacts: tuple[ContactView, ...]
    created_at: datetime
    agreed_at: datetime | None
    notes: tuple[NoteView, ...]
    consents: tuple[ConsentView, ...]


def customers_page(
    *,
    merchant_id: int,
    contact: Contact | None = None,
    tail: str = "",
    level: str = "",
    cursor: str = "",
    limit: int = 50,
) -> CustomerPage:
    """Return a page of customers.

    Args:
        merchant_id: Whose.
        contact: Only who has this e-mail address or this phone number.
        tail: Only whose phone number ends in these four digits, the newest two hundred.
        level: Only of the level of this uid.
        cursor: The `next_cursor` of the page before.
        limit: How many.
    """
    with acting_as(merchant_id):
        rows = _living(merchant_id)
        if contact is not None or tail:
            rows = rows.filter(id__in=_owners(merchant_id, contact, tail))
        if level:
            chosen = Level.objects.filter(merchant_id=merchant_id, uid=level).first()
            rows = rows.filter(level=chosen) if chosen else rows.none()
        if cursor:
            last = Customer.objects.filter(merchant_id=merchant_id, uid=cursor)
            rows = rows.filter(id__lt=last.values_list("id", flat=True).first() or 0)
        found = list(rows.select_related("level").order_by("-id")[: limit + 1])
        shown = found[:limit]
        contacts = _contacts(merchant_id, [row.pk for row in shown])
    views = tuple(
        CustomerRow(
            row.pk, row.uid, row.name, row.level.name if row.level else "",
            tuple(contacts.get(row.pk, ())), row.created_at,
        )
        for row in shown
    )  # fmt: skip
    return CustomerPage(views, shown[-1].uid if len(found) > limit else "")


def customer(*, merchant_id: int, uid: str) -> CustomerView:
    """Return one customer.

    Raises:
        UnknownCustomer: There is none, or it is forgotten or merged into another.
    """
    with acting_as(merchant_id):
        row = _living(merchant_id).filter(uid=uid).select_related("level").first()
        if row is None:
            raise UnknownCustomer
        contacts = _contacts(merchant_id, [row.pk]).get(row.pk, [])
        mine = {"merchant_id": merchant_id, "customer_id": row.pk}
        notes = Note.objects.filter(**mine).order_by("-id")[:NOTES_MAX]
        consents = Consent.objects.filter(**mine).order_by("-id")[:CONSENTS_MAX]
        return CustomerView(
            id=row.pk,
            uid=row.uid,
            name=row.name,
            level_uid=row.level.uid if row.level else "",
            level=row.level.name if row.level else "",
            contacts=tuple(contacts),
            created_at=row.created_at,
            agreed_at=row.agreed_at,
            notes=tuple(NoteView(one.text, one.actor_label, one.at) for one in notes),
            consents=tuple(
                ConsentView(one.is_given, one.way, one.actor_label, one.at) for one in consents
            ),
        )


def levels(*, merchant_id: int) -> list[LevelView]:
    """Return the merchant's levels, the lowest first."""
    with acting_as(merchant_id):
        rows = Level.objects.filter(merchant_id=merchant_id).order_by("rank")
        return [LevelView(row.uid, row.name, row.rank) for row in rows]


def level_rank(*, merchant_id: int, contact: Contact) -> int:
    """Return the rank of the level of whoever has an address; 0: of none.

    Nobody has proved the address here: it may raise how soon an order is seen to, and must not
    open anything.
    """
    with acting_as(merchant_id):
        owners = _owners(merchant_id, contact, "")
        ranks = _living(merchant_id).filter(id__in=owners, level__isnull=False)
        return max(ranks.values_list("level__rank", flat=True), default=0)


def uids_of(*, merchant_id: int, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return (uid, name) of customers by row, for those who name them by it."""
    with acting_as(merchant_id):
        rows = _living(merchant_id).filter(id__in=list(ids))
        return {row.pk: (row.uid, row.name) for row in rows}


def _living(merchant_id: int):  # type: ignore[no-untyped-def]
    return Customer.objects.filter(merchant_id=merchant_id, forgotten_at=None, merged_into=None)


def _owners(merchant_id: int, contact: Contact | None, tail: str) -> list[int]:
    rows = CustomerContact.objects.filter(merchant_id=merchant_id)
    found: set[int] = set()
    if tail:
        mine = rows.filter(tail=tail).order_by("-id")[:TAIL_MAX]
        found.update(mine.values_list("customer_id", flat=True))
    for kind, value in (
        (ContactKind.EMAIL, contact.email if contact else ""),
        (ContactKind.PHONE, contact.phone if contact else ""),
    ):
        if value:
            found.update(rows.filter(kind=kind, value=value).values_list("customer_id", flat=True))
    return list(found)


def _contacts(merchant_id: int, ids: list[int]) -> dict[int, list[ContactView]]:
    found: dict[int, list[ContactView]] = {}
    rows = CustomerContact.objects.filter(merchant_id=merchant_id, customer_id__in=ids)
    for row in rows.order_by("kind", "id"):
        view = ContactView(ContactKind(row.kind), row.value, row.verified_at)
        found.setdefault(row.customer_id, []).append(view)
    return found
