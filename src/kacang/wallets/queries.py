"""What others may ask about wallets (F3)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.ledger import queries as books
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import CannotOpen
from kacang.shared.money import Money
from kacang.wallets.models import (
    Deed,
    Frozen,
    FrozenState,
    OwnerKind,
    Wallet,
    WalletState,
    Withdrawal,
)
from kacang.wallets.money import UnknownWallet

__all__ = [
    "FrozenView", "Line", "OwnerKind", "Statement", "UnknownWallet", "WalletPage", "WalletState",
    "WalletView", "check_wallets", "count_up_to", "find_wallet", "frozen_sums", "statement",
    "wallet", "wallet_uids", "wallets_of_documents", "wallets_page",
]  # fmt: skip
CURSOR = ("wallet", "cursor")
CURSOR_MAX = 200
# Nothing of it may ever be found: a wallet that owes, or has more frozen than it has.
OVERSPENT = """
select count(*) from wallet w
cross join lateral (
    select coalesce(sum(amount_minor), 0) as minor from transfer
    where merchant_id = w.merchant_id and credit = 2300 and credit_owner = w.id
      and currency = w.currency
) came
cross join lateral (
    select coalesce(sum(amount_minor), 0) as minor from transfer
    where merchant_id = w.merchant_id and debit = 2300 and debit_owner = w.id
      and currency = w.currency
) went
cross join lateral (
    select coalesce(sum(amount_minor), 0) as minor from wallet_frozen
    where merchant_id = w.merchant_id and wallet_id = w.id and state = 0
) held
where w.merchant_id = %(merchant)s::bigint and came.minor - went.minor < held.minor
"""


@dataclass(frozen=True, slots=True)
class WalletView:
    """A wallet as it stands now. `free` is what can be spent."""

    id: int
    uid: str
    owner_kind: OwnerKind
    owner_ref: str
    currency: str
    state: WalletState
    balance: Money
    frozen: Money
    created_at: datetime

    @property
    def free(self) -> Money:
        """What is there and not frozen."""
        return self.balance - self.frozen


@dataclass(frozen=True, slots=True)
class WalletPage:
    """A page of wallets, the newest first. `next_cursor` is empty on the last one."""

    rows: tuple[WalletView, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class FrozenView:
    """A sum that cannot be spent, and why; `withdrawal`: which one it waits for, if any."""

    uid: str
    amount: Money
    reason: str
    actor_label: str
    created_at: datetime
    withdrawal: str


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of a wallet: `amount` is negative when money went out."""

    id: int
    at: datetime
    kind: TransferKind
    amount: Money
    document: DocumentKind
    document_id: int
    note: str
    actor_label: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of a wallet's movements, the newest first. `next_cursor` is empty on the last one."""

    lines: tuple[Line, ...]
    next_cursor: str


def wallet(*, merchant_id: int, uid: str) -> WalletView:
    """Return one wallet.

    Raises:
        UnknownWallet: There is none.
    """
    with acting_as(merchant_id):
        row = Wallet.objects.filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownWallet
        return _views(merchant_id, [row])[0]


def find_wallet(*, merchant_id: int, kind: OwnerKind, ref: str, currency: str) -> WalletView | None:
    """Return an owner's wallet in a currency, or None."""
    with acting_as(merchant_id):
        row = Wallet.objects.filter(
            merchant_id=merchant_id, owner_kind=kind, owner_ref=ref, currency=currency
        ).first()
        return None if row is None else _views(merchant_id, [row])[0]


def wallets_page(
    *, merchant_id: int, owner_ref: str = "", cursor: str = "", limit: int = 50
) -> WalletPage:
    """Return wallets; of one owner when `owner_ref` names it. An odd cursor is the start."""
    with acting_as(merchant_id):
        rows = Wallet.objects.filter(merchant_id=merchant_id)
        before = rows.filter(uid=cursor).values_list("id", flat=True).first() if cursor else None
        if owner_ref:
            rows = rows.filter(owner_ref=owner_ref)
        if before is not None:
            rows = rows.filter(id__lt=before)
        found = list(rows.order_by("-id")[: limit + 1])
        shown = tuple(_views(merchant_id, found[:limit]))
    return WalletPage(shown, shown[-1].uid if len(found) > limit else "")


def count_up_to(*, merchant_id: int, owner_ref: str = "", most: int) -> int:
    """Return how many wallets there are, or one owner has, counted up to a limit."""
    with acting_as(merchant_id):
        rows = Wallet.objects.filter(merchant_id=merchant_id)
        if owner_ref:
            rows = rows.filter(owner_ref=owner_ref)
        return rows.values("id")[:most].count()


def frozen_sums(*, merchant_id: int, uid: str) -> list[FrozenView]:
    """Return what is frozen in a wallet, the newest first."""
    with acting_as(merchant_id):
        rows = Frozen.objects.filter(
            merchant_id=merchant_id,
            wallet__merchant_id=merchant_id,
            wallet__uid=uid,
            state=FrozenState.HELD,
        ).select_related("wallet")
        held = Withdrawal.objects.filter(merchant_id=merchant_id, frozen_id__in=rows.values("id"))
        waiting = dict(held.values_list("frozen_id", "uid"))
        return [
            FrozenView(
                row.uid,
                Money(row.amount_minor, row.wallet.currency),
                row.reason,
                row.actor_label,
                row.created_at,
                waiting.get(row.pk, ""),
            )
            for row in rows.order_by("-id")
        ]


def statement(*, merchant_id: int, wallet_id: int, cursor: str = "", limit: int = 50) -> Statement:
    """Return a wallet's movements, as the ledger has them. An odd cursor is the start."""
    before = _opened(merchant_id, wallet_id, cursor)
    with acting_as(merchant_id):
        page = books.owner_entries(
            merchant_id=merchant_id,
            account=Account.WALLET,
            owner=wallet_id,
            before_id=before,
            limit=limit,
        )
        ids = [
            entry.document_id
            for entry in page.entries
            if entry.document_kind is DocumentKind.WALLET_DEED
        ]
        deeds = {row.pk: row for row in Deed.objects.filter(merchant_id=merchant_id, id__in=ids)}
    lines = []
    for entry in page.entries:
        is_in = (entry.credit, entry.credit_owner) == (Account.WALLET, wallet_id)
        is_deed = entry.document_kind is DocumentKind.WALLET_DEED
        deed = deeds.get(entry.document_id) if is_deed else None
        lines.append(
            Line(
                id=entry.id,
                at=entry.at,
                kind=entry.kind,
                amount=entry.amount if is_in else entry.amount * -1,
                document=entry.document_kind,
                document_id=entry.document_id,
                note=deed.note if deed else "",
                actor_label=deed.actor_label if deed else "",
            )
        )
    return Statement(tuple(lines), _sealed(merchant_id, wallet_id, page.next_before))


def wallets_of_documents(
    *, merchant_id: int, kind: DocumentKind, ids: Sequence[int]
) -> dict[int, tuple[str, str]]:
    """Return wallet and withdrawal, if it is one, of documents that the books name by id."""
    with acting_as(merchant_id):
        if kind is DocumentKind.WALLET_DEED:
            deeds = Deed.objects.filter(
                merchant_id=merchant_id, id__in=ids, wallet__merchant_id=merchant_id
            )
            return {id_: (uid, "") for id_, uid in deeds.values_list("id", "wallet__uid")}
        rows = Withdrawal.objects.filter(
            merchant_id=merchant_id, id__in=ids, wallet__merchant_id=merchant_id
        )
        found = rows.values_list("id", "wallet__uid", "uid")
        return {id_: (uid, withdrawal) for id_, uid, withdrawal in found}


def wallet_uids(*, merchant_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Return the uids of wallets by their numbers in the house, for the books."""
    with acting_as(merchant_id):
        rows = Wallet.objects.filter(merchant_id=merchant_id, id__in=ids)
        return dict(rows.values_list("id", "uid"))


def check_wallets(*, merchant_id: int) -> int:
    """Return how many wallets have less than nothing, or less than is frozen; 0, always.

    Reads every movement of wallets once: for the night.
    """
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(OVERSPENT, {"merchant": merchant_id})
        return int(cursor.fetchone()[0])


def _sealed(merchant_id: int, wallet_id: int, before: int | None) -> str:
    """Return where a statement goes on, readable to nobody outside (rule 21)."""
    if before is None:
        return ""
    sealed = cipher_for(merchant_id).seal(*CURSOR, str(before).encode(), str(wallet_id).encode())
    return urlsafe_b64encode(sealed).decode()


def _opened(merchant_id: int, wallet_id: int, cursor: str) -> int | None:
    try:
        sealed = urlsafe_b64decode(cursor[:CURSOR_MAX].encode("ascii", "replace"))
        opened = cipher_for(merchant_id).open(*CURSOR, sealed, str(wallet_id).encode())
    except (ValueError, CannotOpen):
        return None
    return int(opened)


def _views(merchant_id: int, rows: Sequence[Wallet]) -> list[WalletView]:
    ids = [row.pk for row in rows]
    stands = books.owner_balances(merchant_id=merchant_id, account=Account.WALLET, owners=ids)
    held: dict[int, int] = {}
    frozen = Frozen.objects.filter(
        merchant_id=merchant_id, wallet_id__in=ids, state=FrozenState.HELD
    )
    for wallet_id, minor in frozen.values_list("wallet_id", "amount_minor"):
        held[wallet_id] = held.get(wallet_id, 0) + minor
    has = {line.owner: -line.amount.minor for line in stands}
    return [
        WalletView(
            id=row.pk,
            uid=row.uid,
            owner_kind=OwnerKind(row.owner_kind),
            owner_ref=row.owner_ref,
            currency=row.currency,
            state=WalletState(row.state),
            balance=Money(has.get(row.pk, 0), row.currency),
            frozen=Money(held.get(row.pk, 0), row.currency),
            created_at=row.created_at,
        )
        for row in rows
    ]
