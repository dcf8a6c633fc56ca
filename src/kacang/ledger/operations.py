"""What others may do to the ledger: add a transfer, or reverse one. Nothing is edited (F1).

The hot path writes its transfers in its own SQL (`orders/sql/`); everything else comes here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.models import Transfer
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.money import Money, exponent

_MANY = """
insert into transfer (merchant_id, debit, debit_owner, credit, credit_owner, amount_minor, currency,
                      kind, document_kind, document_id)
select %s::bigint, m.* from unnest(
    %s::smallint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::text[],
    %s::smallint[], %s::smallint[], %s::bigint[]) as m
"""


class UnknownTransfer(NotFound):
    """The merchant's ledger has no such transfer."""

    code = "ledger.unknown_transfer"


class ReversedAlready(Conflict):
    """A transfer is reversed at most once, and a reversal never."""

    code = "ledger.reversed_already"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a transfer. `owner` names whose part of the account it is; 0: nobody's."""

    account: Account
    owner: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What a transfer is about."""

    kind: DocumentKind
    id: int


@dataclass(frozen=True, slots=True)
class Move:
    """What a transfer says: a positive amount, from `credit` to `debit`, why, and about what."""

    debit: Side
    credit: Side
    amount: Money
    kind: TransferKind
    document: Document


def transfer(*, merchant_id: int, move: Move, at: datetime | None = None) -> int:
    """Add a transfer and return its id.

    Must run inside the caller's transaction, with the deed that it books. `at` is when the money
    moved; left out, it is now.

    Raises:
        UnknownCurrency: Nobody knows how many digits the currency has.
    """
    assert connection.in_atomic_block
    assert move.amount.minor > 0, "a transfer moves something; turn the sides around instead"
    assert move.debit != move.credit
    assert move.kind is not TransferKind.REVERSAL, "use reverse()"
    exponent(move.amount.currency)
    with acting_as(merchant_id):
        return _insert(merchant_id, move, None, at)


def transfer_many(*, merchant_id: int, moves: Sequence[Move]) -> None:
    """Add transfers that happen now, as `transfer` adds one."""
    assert connection.in_atomic_block
    for move in moves:
        assert move.amount.minor > 0
        assert move.debit != move.credit
        assert move.kind is not TransferKind.REVERSAL
        exponent(move.amount.currency)
    if not moves:
        return
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            _MANY,
            [
                merchant_id,
                [int(move.debit.account) for move in moves],
                [move.debit.owner for move in moves],
                [int(move.credit.account) for move in moves],
                [move.credit.owner for move in moves],
                [move.amount.minor for move in moves],
                [move.amount.currency for move in moves],
                [int(move.kind) for move in moves],
                [int(move.document.kind) for move in moves],
                [move.document.id for move in moves],
            ],
        )


def reverse(*, merchant_id: int, transfer_id: int, at: datetime | None = None) -> int:
    """Undo a transfer by its opposite, which names it; return the id of that.

    Must run inside the caller's transaction.

    Raises:
        UnknownTransfer: The merchant has no such transfer.
        ReversedAlready: It was reversed before, or is a reversal itself.
    """
    assert connection.in_atomic_block
    with acting_as(merchant_id):
        row = Transfer.objects.filter(merchant_id=merchant_id, id=transfer_id).first()
        if row is None:
            raise UnknownTransfer
        if row.reverses_id is not None:
            raise ReversedAlready
        undoing = Move(
            debit=Side(Account(row.credit), row.credit_owner),
            credit=Side(Account(row.debit), row.debit_owner),
            amount=Money(row.amount_minor, row.currency),
            kind=TransferKind.REVERSAL,
            document=Document(DocumentKind(row.document_kind), row.document_id),
        )
        try:
            with transaction.atomic():
                return _insert(merchant_id, undoing, row.pk, at)
        except IntegrityError as error:
            raise ReversedAlready from error


def _insert(merchant_id: int, move: Move, reverses: int | None, at: datetime | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into transfer (merchant_id, debit, debit_owner, credit, credit_owner,"
            " amount_minor, currency, kind, document_kind, document_id, reverses_id, at)"
            " values (%s::bigint, %s::smallint, %s::bigint, %s::smallint, %s::bigint, %s::bigint,"
            " %s::text, %s::smallint, %s::smallint, %s::bigint, %s::bigint,"
            " coalesce(%s::timestamptz, clock_timestamp())) returning id",
            [
                merchant_id,
                int(move.debit.account),
                move.debit.owner,
                int(move.credit.account),
                move.credit.owner,
                move.amount.minor,
                move.amount.currency,
                int(move.kind),
                int(move.document.kind),
                move.document.id,
                reverses,
                at,
            ],
        )
        return int(cursor.fetchone()[0])
