"""Agreeing on a share, ending an agreement, and recording what was paid (F4)."""

from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction

from kacang.ledger import operations as ledger
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.payouts.models import Agreement, Party, Payout, Period, Statement, StatementState
from kacang.payouts.statements import SIDES
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.shared.money import Money, exponent

MILLION = 1_000_000
HOLD_DAYS_MAX = 180


class BadTerms(Invalid):
    """A rate, sum or day of an agreement is not possible."""

    code = "payouts.bad_terms"


class AgreedAlready(Conflict):
    """There is an agreement with this party in this currency: end it first."""

    code = "payouts.agreed_already"


class UnknownAgreement(NotFound):
    """There is no such agreement, or it has ended."""

    code = "payouts.unknown_agreement"


class UnknownStatement(NotFound):
    """There is no such statement."""

    code = "payouts.unknown_statement"


class TooMuch(Conflict):
    """A payout is more than what is left of the statement."""

    code = "payouts.too_much"


class RecordedAlready(Conflict):
    """Money of this reference was recorded for the statement."""

    code = "payouts.recorded_already"


class ReferenceMissing(Invalid):
    """A payout has the bank's number."""

    code = "payouts.reference_missing"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a party gets: `rate_millionths` of what is earned (15,000: 1.5 %), and a sum a sale."""

    rate_millionths: int
    period: Period
    currency: str
    starts_on: date
    fixed_minor: int = 0
    hold_days: int = 0
    party: Party = Party.PLATFORM
    owner: int = 0
    name: str = ""


def agree(*, merchant_id: int, terms: Terms, actor: Actor) -> str:
    """Put an agreement in force, from the day on that it names; return its uid.

    Raises:
        BadTerms, UnknownCurrency: A value is not possible.
        AgreedAlready: One with this party in this currency is in force.
    """
    if not 0 <= terms.rate_millionths <= MILLION or terms.fixed_minor < 0:
        raise BadTerms(field="rate")
    if not 0 <= terms.hold_days <= HOLD_DAYS_MAX:
        raise BadTerms(field="hold_days")
    exponent(terms.currency)
    uid = new_uid("agr")
    with acting_as(merchant_id):
        try:
            with transaction.atomic():
                Agreement.objects.create(
                    merchant_id=merchant_id,
                    uid=uid,
                    party=terms.party,
                    owner=terms.owner,
                    name=terms.name[:80],
                    period=terms.period,
                    rate_millionths=terms.rate_millionths,
                    fixed_minor=terms.fixed_minor,
                    currency=terms.currency,
                    hold_days=terms.hold_days,
                    starts_on=terms.starts_on,
                )
        except IntegrityError as error:
            raise AgreedAlready from error
        after = {
            "rate_millionths": terms.rate_millionths,
            "fixed_minor": terms.fixed_minor,
            "currency": terms.currency,
            "starts_on": str(terms.starts_on),
        }
        _log(merchant_id, actor, "payouts.agree", uid, after)
    return uid


def end_agreement(*, merchant_id: int, uid: str, ends_on: date, actor: Actor) -> None:
    """End an agreement with a day, which is not in it any more. Its last statement still comes.

    Raises:
        UnknownAgreement: None of that name is in force.
        BadTerms: The day is before its first one.
    """
    with acting_as(merchant_id):
        row = (
            Agreement.objects.select_for_update(no_key=True)
            .filter(merchant_id=merchant_id, uid=uid, ends_on=None)
            .first()
        )
        if row is None:
            raise UnknownAgreement
        if ends_on < row.starts_on:
            raise BadTerms(field="ends_on")
        row.ends_on = ends_on
        row.save(update_fields=["ends_on"])
        _log(merchant_id, actor, "payouts.end", uid, {"ends_on": str(ends_on)})


def record_payout(
    *, merchant_id: int, statement_uid: str, amount: Money, reference: str, actor: Actor
) -> str:
    """Note money that was given for a statement, in full or in part; return the payout's uid.

    Raises:
        ReferenceMissing: There is no number of the bank.
        UnknownStatement: There is none of that name.
        TooMuch: It is more than what is left, of another currency, or nothing.
        RecordedAlready: Money of this reference was noted before.
    """
    said = reference.strip()[:120]
    if not said:
        raise ReferenceMissing
    with acting_as(merchant_id):
        row = (
            Statement.objects.select_for_update(no_key=True, of=("self",))
            .filter(merchant_id=merchant_id, uid=statement_uid)
            .select_related("agreement")
            .first()
        )
        if row is None:
            raise UnknownStatement
        if Payout.objects.filter(merchant_id=merchant_id, statement=row, reference=said).exists():
            raise RecordedAlready
        left = max(row.amount_minor + row.carried_minor, 0) - row.paid_minor
        if amount.currency != row.currency or not 0 < amount.minor <= left:
            raise TooMuch(left_minor=left, currency=row.currency)
        payout = Payout.objects.create(
            merchant_id=merchant_id,
            uid=new_uid("pay"),
            statement=row,
            amount_minor=amount.minor,
            currency=amount.currency,
            reference=said,
            recorded_by=actor.label[:120],
        )
        row.paid_minor += amount.minor
        if amount.minor == left:
            row.state, row.paid_at = StatementState.PAID, utc_now()
        row.save(update_fields=["paid_minor", "state", "paid_at"])
        _, owed = SIDES[Party(row.agreement.party)]
        move = Move(
            debit=Side(owed, row.agreement.owner),
            credit=Side(Account.CASH_AT_BANK),
            amount=amount,
            kind=TransferKind.PAID_OUT,
            document=Document(DocumentKind.PAYOUT, payout.pk),
        )
        ledger.transfer(merchant_id=merchant_id, move=move)
        after = {"amount_minor": amount.minor, "currency": amount.currency, "reference": said}
        _log(merchant_id, actor, "payouts.record", statement_uid, after)
    return payout.uid


def _log(merchant_id: int, actor: Actor, action: str, uid: str, after: dict[str, object]) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="payout",
        object_uid=uid,
        after=after,
    )
