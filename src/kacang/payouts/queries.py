"""What others may ask about agreements, statements and payouts."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from kacang.ledger.accounts import DocumentKind
from kacang.merchants.tenancy import acting_as
from kacang.payouts.agreeing import UnknownStatement
from kacang.payouts.models import Agreement, Party, Payout, Period, Statement, StatementState
from kacang.shared.money import Money

__all__ = [
    "PAGE_MAX",
    "AgreementView",
    "LineView",
    "Party",
    "PayoutView",
    "Period",
    "StatementState",
    "StatementView",
    "agreements",
    "lines",
    "payouts",
    "statement",
    "statements",
]
PAGE_MAX = 1000
_LINES = """
select l.transfer_id, l.at, l.base_minor, l.amount_minor, l.document_kind, l.document_id
from statement_line l
where l.merchant_id = %s::bigint and l.statement_id = %s::bigint and l.transfer_id > %s::bigint
order by l.transfer_id limit %s::int
"""


@dataclass(frozen=True, slots=True)
class AgreementView:
    """What a party gets, and since when."""

    uid: str
    party: Party
    name: str
    period: Period
    rate_millionths: int
    fixed: Money
    hold_days: int
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class StatementView:
    """What a party gets for a period; `due` is what is left to pay."""

    id: int
    uid: str
    agreement: AgreementView
    starts_on: date
    ends_on: date
    state: StatementState
    lines: int
    base: Money
    amount: Money
    carried: Money
    paid: Money
    issued_at: datetime
    paid_at: datetime | None

    @property
    def due(self) -> Money:
        """What is left to pay; never less than nothing."""
        whole = max(self.amount.minor + self.carried.minor, 0)
        return Money(whole - self.paid.minor, self.amount.currency)


@dataclass(frozen=True, slots=True)
class LineView:
    """One transfer that a statement counts, and the order or other document of it."""

    transfer_id: int
    at: datetime
    base: Money
    amount: Money
    document_kind: DocumentKind
    document_id: int


@dataclass(frozen=True, slots=True)
class PayoutView:
    """Money that was given for a statement."""

    uid: str
    amount: Money
    reference: str
    recorded_by: str
    recorded_at: datetime


def agreements(*, merchant_id: int) -> list[AgreementView]:
    """Return all agreements, those in force first, then the newest."""
    with acting_as(merchant_id):
        rows = list(Agreement.objects.filter(merchant_id=merchant_id).order_by("-id"))
    rows.sort(key=lambda row: row.ends_on is not None)
    return [_agreement(row) for row in rows]


def statements(*, merchant_id: int, limit: int = 50, offset: int = 0) -> list[StatementView]:
    """Return statements, the newest period first."""
    with acting_as(merchant_id):
        found = Statement.objects.filter(merchant_id=merchant_id).select_related("agreement")
        rows = list(found.order_by("-starts_on", "-id")[offset : offset + min(limit, PAGE_MAX)])
    return [_statement(row) for row in rows]


def statement(*, merchant_id: int, uid: str) -> StatementView:
    """Return one statement.

    Raises:
        UnknownStatement: There is none of that name.
    """
    with acting_as(merchant_id):
        row = (
            Statement.objects.filter(merchant_id=merchant_id, uid=uid)
            .select_related("agreement")
            .first()
        )
    if row is None:
        raise UnknownStatement
    return _statement(row)


def lines(
    *, merchant_id: int, statement_id: int, after: int = 0, limit: int = 50
) -> list[LineView]:
    """Return the transfers that a statement counts, from the one after `after` on."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_LINES, [merchant_id, statement_id, after, min(limit, PAGE_MAX)])
        found = cursor.fetchall()
        currency = Statement.objects.get(merchant_id=merchant_id, id=statement_id).currency
    return [
        LineView(
            transfer_id,
            at,
            Money(base, currency),
            Money(amount, currency),
            DocumentKind(kind),
            document,
        )
        for transfer_id, at, base, amount, kind, document in found
    ]


def payouts(*, merchant_id: int, statement_id: int) -> list[PayoutView]:
    """Return what was paid for a statement, the oldest first."""
    with acting_as(merchant_id):
        rows = list(
            Payout.objects.filter(merchant_id=merchant_id, statement_id=statement_id).order_by("id")
        )
    return [
        PayoutView(
            row.uid,
            Money(row.amount_minor, row.currency),
            row.reference,
            row.recorded_by,
            row.recorded_at,
        )
        for row in rows
    ]


def _agreement(row: Agreement) -> AgreementView:
    return AgreementView(
        uid=row.uid,
        party=Party(row.party),
        name=row.name,
        period=Period(row.period),
        rate_millionths=row.rate_millionths,
        fixed=Money(row.fixed_minor, row.currency),
        hold_days=row.hold_days,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def _statement(row: Statement) -> StatementView:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return StatementView(
        id=row.pk,
        uid=row.uid,
        agreement=_agreement(row.agreement),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        state=StatementState(row.state),
        lines=row.lines,
        base=money(row.base_minor),
        amount=money(row.amount_minor),
        carried=money(row.carried_minor),
        paid=money(row.paid_minor),
        issued_at=row.issued_at,
        paid_at=row.paid_at,
    )
