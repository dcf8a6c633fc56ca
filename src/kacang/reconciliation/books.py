"""The books as people read them: transfers whose documents have names, and their export (F1).

The ledger knows documents by numbers that stay in the house (rule 21); what they are called
outside is asked of the rooms that have them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import DocumentKind
from kacang.ledger.beancount import Names
from kacang.ledger.queries import BooksPiece, Entry, EntryFilter
from kacang.orders import queries as orders
from kacang.payments import queries as payments
from kacang.payments import reporting
from kacang.payments.refunding import refund_lists
from kacang.reconciliation import queries as bills
from kacang.stock import queries as stock
from kacang.vault import queries as vault
from kacang.wallets import queries as wallets

# Of one document; more would be a mistake.
ENTRIES_MAX = 500
# By what a page may ask for the entries of a document.
ASKED = ("order", "bill", "batch")

DocumentKey = tuple[DocumentKind, int]


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the books. `uid` names it in addresses, `order_number` its order, if any."""

    kind: DocumentKind
    name: str = ""
    uid: str = ""
    order_number: str = ""


def papers(*, merchant_id: int, documents: Collection[DocumentKey]) -> dict[DocumentKey, Paper]:
    """Return what documents are called; of one that no room knows, only its kind is said."""
    ids = {kind: {one[1] for one in documents if one[0] is kind} for kind in DocumentKind}
    found = {document: Paper(document[0]) for document in documents}
    for kind, look_up in _LOOK_UPS.items():
        if ids[kind]:
            for id_, paper in look_up(merchant_id, ids[kind]).items():
                found[kind, id_] = paper
    return found


def entries_of(*, merchant_id: int, kind: str, uid: str) -> list[Entry]:
    """Return all transfers about an order, its receipts and refunds, a bill or a batch, by age.

    Raises:
        UnknownOrder, UnknownBill, UnknownBatch: There is none of that name.
    """
    wanted: list[tuple[DocumentKind, list[int]]] = []
    if kind == "order":
        order_id = orders.order(merchant_id=merchant_id, number=uid).id
        receipts = payments.receipts_of_order(merchant_id=merchant_id, order_id=order_id)
        wanted.append((DocumentKind.ORDER, [order_id]))
        wanted.append((DocumentKind.RECEIPT, [one.id for one in receipts]))
        refunds = refund_lists.refunds_of_order(merchant_id=merchant_id, order_id=order_id)
        wanted.append((DocumentKind.REFUND, [one.id for one in refunds]))
    elif kind == "bill":
        wanted.append((DocumentKind.BILL, [bills.bill_id(merchant_id=merchant_id, uid=uid)]))
    else:
        wanted.append((DocumentKind.BATCH, [vault.batch_id(merchant_id=merchant_id, uid=uid)]))
    found = [
        entry
        for document in wanted
        for entry in ledger.entries(
            merchant_id=merchant_id, wanted=EntryFilter(document=document), limit=ENTRIES_MAX
        ).entries
    ]
    return sorted(found, key=lambda entry: -entry.id)


def export(*, merchant_id: int, language: str) -> Iterator[str]:
    """Yield a merchant's books in beancount syntax; see `ledger.pieces`."""
    for piece in pieces(merchant_id=merchant_id, language=language):
        yield piece.text


def pieces(
    *,
    merchant_id: int,
    language: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[BooksPiece]:
    """Yield a merchant's books in beancount syntax, with how many transfers are in each piece."""

    def documents(kind: DocumentKind, ids: Collection[int]) -> Mapping[int, str]:
        look_up = _LOOK_UPS.get(kind)
        named = look_up(merchant_id, ids) if look_up else {}
        return {id_: paper.name for id_, paper in named.items() if paper.name}

    names = Names(documents=documents, owners=lambda _account, owner: f"Part{owner}")
    return ledger.pieces(
        merchant_id=merchant_id, since=since, until=until, names=names, language=language
    )


def _orders(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
    numbers = orders.numbers_of(merchant_id=merchant_id, order_ids=ids)
    return {id_: Paper(DocumentKind.ORDER, name, name, name) for id_, name in numbers.items()}


def _receipts(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
    found = reporting.receipt_names(merchant_id=merchant_id, ids=ids)
    wanted = {one.order_id for one in found.values() if one.order_id is not None}
    numbers = orders.numbers_of(merchant_id=merchant_id, order_ids=wanted)
    return {
        id_: Paper(
            DocumentKind.RECEIPT,
            one.provider_number,
            order_number=numbers.get(one.order_id or 0, ""),
        )
        for id_, one in found.items()
    }


def _refunds(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
    found = refund_lists.names_of_refunds(merchant_id=merchant_id, ids=ids)
    wanted = {order_id for _, order_id in found.values() if order_id is not None}
    numbers = orders.numbers_of(merchant_id=merchant_id, order_ids=wanted)
    return {
        id_: Paper(DocumentKind.REFUND, number, order_number=numbers.get(order_id or 0, ""))
        for id_, (number, order_id) in found.items()
    }


def _wallets(kind: DocumentKind) -> Callable[[int, Collection[int]], dict[int, Paper]]:
    def look_up(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
        found = wallets.wallets_of_documents(merchant_id=merchant_id, kind=kind, ids=list(ids))
        return {id_: Paper(kind, named or uid, named or uid) for id_, (uid, named) in found.items()}

    return look_up


def _batches(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
    found = vault.batch_names(merchant_id=merchant_id, ids=ids)
    return {id_: Paper(DocumentKind.BATCH, number, uid) for id_, (uid, number) in found.items()}


def _bills(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
    found = bills.bill_names(merchant_id=merchant_id, ids=ids)
    return {id_: Paper(DocumentKind.BILL, str(day), uid) for id_, (uid, day) in found.items()}


def _goods(merchant_id: int, ids: Collection[int]) -> dict[int, Paper]:
    found = stock.skus_of_entries(merchant_id=merchant_id, ids=ids)
    return {id_: Paper(DocumentKind.GOODS_ENTRY, uid=uid) for id_, uid in found.items()}


_LOOK_UPS = {
    DocumentKind.ORDER: _orders,
    DocumentKind.RECEIPT: _receipts,
    DocumentKind.REFUND: _refunds,
    DocumentKind.BATCH: _batches,
    DocumentKind.BILL: _bills,
    DocumentKind.GOODS_ENTRY: _goods,
    DocumentKind.WALLET_DEED: _wallets(DocumentKind.WALLET_DEED),
    DocumentKind.WITHDRAWAL: _wallets(DocumentKind.WITHDRAWAL),
}
