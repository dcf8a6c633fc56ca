"""What others may ask about customers (H1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kacang.customers.finding.filters import CustomerFilter, Sort
from kacang.customers.finding.pages import (
    contacts_of,
    count_up_to,
    ever,
    find_customers,
    owners,
    rows_of,
    tags_of,
)
from kacang.customers.models import (
    Consent,
    ContactKind,
    Customer,
    CustomerContact,
    Level,
    Note,
)
from kacang.customers.types import (
    ConsentView,
    ContactView,
    Counted,
    CustomerPage,
    CustomerRow,
    CustomerView,
    LevelView,
    NoteView,
    TagView,
    UnknownCustomer,
)
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.shared.contacts import Contact
from kacang.shared.money import Money

__all__ = [
    "ConsentView",
    "ContactView",
    "Counted",
    "CustomerFilter",
    "CustomerPage",
    "CustomerRow",
    "CustomerView",
    "LevelView",
    "NoteView",
    "Sort",
    "Standing",
    "TagView",
    "UnknownCustomer",
    "count_up_to",
    "customer",
    "customer_of",
    "customer_row",
    "customers_page",
    "find_customers",
    "level_rank",
    "levels",
    "openid_of",
    "standing_of",
    "uids_of",
]
NOTES_MAX = 200
CONSENTS_MAX = 50


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
    where = CustomerFilter(
        email=contact.email if contact else "",
        phone=contact.phone if contact else "",
        tail=tail,
        level=level,
    )
    return find_customers(merchant_id=merchant_id, where=where, cursor=cursor, limit=limit)


def customer_row(*, merchant_id: int, uid: str) -> CustomerRow | None:
    """Return one customer as lists show it; None: there is none, and nothing is undone by it."""
    with acting_as(merchant_id):
        found = _living(merchant_id).filter(uid=uid).values_list("id", flat=True).first()
        if found is None:
            return None
        return next(iter(rows_of(merchant_id=merchant_id, ids=[found])), None)


def customer(*, merchant_id: int, uid: str) -> CustomerView:
    """Return one customer.

    Raises:
        UnknownCustomer: There is none, or it is forgotten or merged into another.
    """
    with acting_as(merchant_id):
        row = _living(merchant_id).filter(uid=uid).select_related("level").first()
        if row is None:
            raise UnknownCustomer
        contacts = contacts_of(merchant_id, [row.pk]).get(row.pk, [])
        currency = merchants.merchant(merchant_id=merchant_id).currency
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
            notes=tuple(_note(one) for one in notes),
            consents=tuple(
                ConsentView(one.is_given, one.way, one.actor_label, one.at) for one in consents
            ),
            tags=tuple(tags_of(merchant_id, [row.pk]).get(row.pk, ())),
            paid_orders=row.paid_orders,
            spent=Money(row.spent_minor, currency),
            last_order_at=ever(row.last_order_at),
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
        mine = owners(merchant_id, contact, "")
        ranks = _living(merchant_id).filter(id__in=mine, level__isnull=False)
        return max(ranks.values_list("level__rank", flat=True), default=0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a contact is a customer's, and the rank of their level; 0: of none."""

    is_known: bool = False
    rank: int = 0


STRANGER = Standing()


def standing_of(*, merchant_id: int, contacts: Sequence[Contact]) -> list[Standing]:
    """Return for each contact whether it is a customer's, and of which rank; in one look.

    Nobody has proved the addresses here, as with `level_rank`.
    """
    values = {
        (kind, value)
        for contact in contacts
        for kind, value in ((ContactKind.EMAIL, contact.email), (ContactKind.PHONE, contact.phone))
        if value
    }
    with acting_as(merchant_id):
        rows = CustomerContact.objects.filter(
            merchant_id=merchant_id,
            value__in=[value for _, value in values],
            customer__forgotten_at=None,
            customer__merged_into=None,
        )
        found = {
            (kind, value): rank or 0
            for kind, value, rank in rows.values_list("kind", "value", "customer__level__rank")
        }
    standing = []
    for contact in contacts:
        pairs = ((ContactKind.EMAIL, contact.email), (ContactKind.PHONE, contact.phone))
        ranks = [found[pair] for pair in pairs if pair[1] and pair in found]
        standing.append(Standing(bool(ranks), max(ranks, default=0)))
    return standing


def uids_of(*, merchant_id: int, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return (uid, name) of customers by row, for those who name them by it."""
    with acting_as(merchant_id):
        rows = _living(merchant_id).filter(id__in=list(ids))
        return {row.pk: (row.uid, row.name) for row in rows}


def customer_of(*, merchant_id: int, contact: Contact) -> int:
    """Return the customer who has an address, by row; 0: nobody agreed to be remembered by it."""
    with acting_as(merchant_id):
        rows = _living(merchant_id).filter(id__in=owners(merchant_id, contact, ""))
        return rows.order_by("id").values_list("id", flat=True).first() or 0


def openid_of(*, merchant_id: int, contact: Contact) -> str:
    """Return as whom the customer with an address reads in the mini-program; "": nobody known."""
    with acting_as(merchant_id):
        mine = _living(merchant_id).filter(id__in=owners(merchant_id, contact, ""))
        rows = CustomerContact.objects.filter(
            merchant_id=merchant_id, customer_id__in=mine.values("id"), kind=ContactKind.WECHAT
        )
        return rows.order_by("-id").values_list("value", flat=True).first() or ""


def _living(merchant_id: int):  # type: ignore[no-untyped-def]
    return Customer.objects.filter(merchant_id=merchant_id, forgotten_at=None, merged_into=None)


def _note(row: Note) -> NoteView:
    author = (row.actor_kind, row.actor_id)
    return NoteView(row.pk, row.text, row.actor_label, row.at, row.changed_at, author)
