"""Settling: the one way by which money reaches an order, however it was heard of (L5, rule 11).

Statement 1 stores the notices and receipts and locks the orders. Everything is then looked at
again, and decided here in Python. What is paid is delivered by one statement. If that fails, the
notice is stored by a transaction of its own before the provider is answered, and a job takes over.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connection

from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.counters import unpack
from kacang.orders.fulfilling.delivering import Booked, Due, Held, deliver
from kacang.orders.fulfilling.keeping import hold_back
from kacang.orders.models import Event, OrderState
from kacang.orders.reviewing.settling import review_paid
from kacang.orders.statements import rows, table
from kacang.orders.turns import SET_MAX, turn
from kacang.payments.ports import AccountInfo, VerifiedNotice
from kacang.payments.queries import NoticeOutcome, PaymentState, ReceiptFit
from kacang.shared.gathering import Gathering
from kacang.shared.money import Money

log = structlog.get_logger(__name__)

# An order in one of these has not had its money.
UNPAID = (OrderState.PENDING, OrderState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Seen:
    """One notice with all that it touches, as `classify.sql` found it under lock."""

    notice: int
    notice_id: str
    acted: bool
    is_final: bool
    payment_number: str
    amount_minor: int
    currency: str
    receipt: int | None
    receipt_payment: str | None
    receipt_amount: int | None
    receipt_currency: str | None
    receipt_fit: int | None
    is_going_back: bool
    payment: int | None
    payment_state: int | None
    payment_amount: int | None
    payment_currency: str | None
    received: int
    order_id: int | None
    number: str | None
    order_state: int | None
    payable_minor: int | None
    order_currency: str | None
    held_counters: bytes | None
    is_late: bool | None
    has_goods: bool | None
    rules: int | None
    is_new: bool
    is_new_money: bool

    @property
    def is_unjudged(self) -> bool:
        """Whether nobody has decided yet what the money is for."""
        return self.is_new_money or self.receipt_fit is None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a notice. `fit` is set when its receipt must be marked."""

    outcome: NoticeOutcome
    fit: ReceiptFit | None = None


# A notice in one of these is looked at again by a job.
UNFINISHED = (NoticeOutcome.WAITING, NoticeOutcome.UNMATCHED)
PAID = Verdict(NoticeOutcome.SETTLED, ReceiptFit.FITS)
REPEATED = Verdict(NoticeOutcome.REPEATED)
GOING_BACK = Verdict(NoticeOutcome.SUSPENSE)


def settle_notice(*, account: AccountInfo, notice: VerifiedNotice) -> NoticeOutcome:
    """Act on one verified notice, together with those of the account that come meanwhile.

    As `settle_notices`; must not be called inside a transaction.
    """
    assert not connection.in_atomic_block
    return _gathered.do((account.merchant_id, account.id), (account, notice))


def promise_settlement(
    *, account: AccountInfo, notice: VerifiedNotice, executor: Executor
) -> asyncio.Future[NoticeOutcome]:
    """Promise to act on one verified notice, for a caller in an event loop."""
    return _gathered.promise((account.merchant_id, account.id), (account, notice), executor)


def settle_notices(
    *, account: AccountInfo, notices: Sequence[VerifiedNotice]
) -> list[NoticeOutcome]:
    """Act on verified notices of one account; returns what became of each, in order.

    Safe to repeat, in any order, at any time, in parallel: a repeat of a notice that was acted
    on changes nothing; one whose first was not acted on acts now. After this returns, the
    provider may be answered "success": the notices are stored.
    """
    done: dict[str, NoticeOutcome] = {}
    for batch in _rounds(notices):
        done |= _settle_batch(account, batch)
    return [done[notice.notice_id] for notice in notices]


def settle_within(*, account: AccountInfo, notice: VerifiedNotice) -> NoticeOutcome:
    """Act on one verified notice inside the caller's transaction, which made it true.

    Unlike `settle_notices`, what fails undoes the whole: the money of the notice with it.
    """
    assert connection.in_atomic_block
    return _settle(account, [notice])[notice.notice_id]


def _settle_gathered(
    _: tuple[int, int], brought: Sequence[tuple[AccountInfo, VerifiedNotice]]
) -> list[NoticeOutcome]:
    return settle_notices(account=brought[0][0], notices=[notice for _, notice in brought])


_gathered: Gathering[tuple[int, int], tuple[AccountInfo, VerifiedNotice], NoticeOutcome] = (
    Gathering(_settle_gathered, most=SET_MAX, turn=turn)
)


def _rounds(notices: Sequence[VerifiedNotice]) -> list[list[VerifiedNotice]]:
    """Part the notices so that no round has two of the same id or payment (rule 2)."""
    rounds: list[list[VerifiedNotice]] = []
    seen: list[set[str]] = []
    for notice in {notice.notice_id: notice for notice in notices}.values():
        for batch, payments in zip(rounds, seen, strict=True):
            if notice.payment_number not in payments:
                batch.append(notice)
                payments.add(notice.payment_number)
                break
        else:
            rounds.append([notice])
            seen.append({notice.payment_number})
    return rounds


def _settle_batch(
    account: AccountInfo, batch: Sequence[VerifiedNotice]
) -> dict[str, NoticeOutcome]:
    try:
        return _settle(account, batch)
    except Exception as error:
        if len(batch) > 1:
            # One bad notice must not take the others down.
            return {
                notice_id: outcome
                for notice in batch
                for notice_id, outcome in _settle_batch(account, [notice]).items()
            }
        log.exception("settle.failed", account=account.uid, error=type(error).__name__)
        return _store_only(account, batch)


@retry_conflicts
def _settle(account: AccountInfo, batch: Sequence[VerifiedNotice]) -> dict[str, NoticeOutcome]:
    with acting_as(account.merchant_id, hot=True):
        seen = _receive(account, batch)
        verdicts = judge(seen)
        _act(account, seen, verdicts)
    return {entry.notice_id: verdict.outcome for entry, verdict in zip(seen, verdicts, strict=True)}


@retry_conflicts
def _store_only(account: AccountInfo, batch: Sequence[VerifiedNotice]) -> dict[str, NoticeOutcome]:
    """Keep notices that could not be acted on, for the job `orders.settle_waiting`."""
    with acting_as(account.merchant_id, hot=True):
        seen = _receive(account, batch)
        left = [entry for entry in seen if entry.is_final and (entry.is_new or not entry.acted)]
        later = Verdict(NoticeOutcome.WAITING)
        if left:
            _suspend(account.merchant_id, [(entry, later) for entry in left])
    return dict.fromkeys((entry.notice_id for entry in seen), NoticeOutcome.WAITING)


def _receive(account: AccountInfo, batch: Sequence[VerifiedNotice]) -> list[Seen]:
    place = {"merchant": account.merchant_id, "account": account.id}
    stored = rows(sql.RECEIVE, {**place, "notices": table(map(_notice_record, batch))})
    new: dict[str, tuple[Any, ...]] = {row[0]: row[1:3] for row in stored}
    found = rows(sql.CLASSIFY, {**place, "n_id": list(new)})
    return [Seen(*row, *new[row[1]]) for row in found]


def _notice_record(notice: VerifiedNotice) -> dict[str, object]:
    return {
        "notice_id": notice.notice_id,
        "payment_number": notice.payment_number,
        "provider_number": notice.provider_number,
        "amount_minor": notice.amount.minor,
        "currency": notice.amount.currency,
        "is_final": notice.is_final,
        "raw": notice.raw,
    }


def judge(seen: Sequence[Seen]) -> list[Verdict]:
    """Decide what each notice means. Pure: the same rows give the same verdicts."""
    paid: set[int] = set()
    verdicts = []
    for entry in seen:
        verdict = _judge(entry, is_paid_now=entry.order_id in paid)
        if verdict is PAID and entry.order_id is not None:
            paid.add(entry.order_id)
        verdicts.append(verdict)
    return verdicts


def _judge(entry: Seen, *, is_paid_now: bool) -> Verdict:
    if not entry.is_final:
        return Verdict(NoticeOutcome.NOT_FINAL)
    if entry.acted and not entry.is_new:
        return REPEATED
    if _same_money_again(entry):
        return REPEATED
    if entry.is_going_back:
        # Somebody has decided to give it back: it pays for nothing any more.
        return GOING_BACK
    if (misfit := _misfit(entry, is_paid_now=is_paid_now)) is not None:
        outcome = (
            NoticeOutcome.UNMATCHED if misfit == ReceiptFit.UNMATCHED else NoticeOutcome.SUSPENSE
        )
        return Verdict(outcome, misfit)
    return PAID


def _same_money_again(entry: Seen) -> bool:
    """Whether another notice has told of this very receipt, and it was acted on."""
    return (
        not entry.is_unjudged
        and entry.receipt_fit == ReceiptFit.FITS
        and entry.payment_state == PaymentState.PAID
        and entry.receipt_payment == entry.payment_number
        and (entry.receipt_amount, entry.receipt_currency) == (entry.amount_minor, entry.currency)
    )


def _misfit(entry: Seen, *, is_paid_now: bool) -> ReceiptFit | None:
    """Say why this money does not pay its order, or None when it does."""
    told = (entry.payment_number, entry.amount_minor, entry.currency)
    kept = (entry.receipt_payment, entry.receipt_amount, entry.receipt_currency)
    price = (entry.payable_minor, entry.order_currency)
    # In this order: each question makes sense only when those before were answered by no.
    reasons = (
        # The company's number names money that was seen before, told differently.
        (kept != told, ReceiptFit.ANOTHER_PAYMENT),
        (entry.payment is None, ReceiptFit.UNMATCHED),
        (entry.currency != entry.payment_currency, ReceiptFit.OTHER_CURRENCY),
        (is_paid_now or entry.order_state not in UNPAID, ReceiptFit.SECOND_PAYMENT),
        ((entry.payment_amount, entry.payment_currency) != price, ReceiptFit.AMOUNT_CHANGED),
        (entry.received < (entry.payment_amount or 0), ReceiptFit.PARTIAL),
        (entry.received > (entry.payment_amount or 0) and not _is_whole(entry), ReceiptFit.OVER),
    )
    return next((fit for applies, fit in reasons if applies), None)


def _is_whole(entry: Seen) -> bool:
    """Whether this receipt pays alone: what came in part before it stays in suspense."""
    return entry.amount_minor == entry.payment_amount


def _act(account: AccountInfo, seen: Sequence[Seen], verdicts: Sequence[Verdict]) -> None:
    merchant_id = account.merchant_id
    pairs = list(zip(seen, verdicts, strict=True))
    paid = [entry for entry, verdict in pairs if verdict is PAID]
    if paid:
        _pay(account, paid)
    odd = [
        (entry, verdict)
        for entry, verdict in pairs
        if verdict.outcome in (NoticeOutcome.SUSPENSE, NoticeOutcome.UNMATCHED)
        or (verdict is REPEATED and (entry.is_new or not entry.acted))
    ]
    again = [entry for entry, verdict in pairs if verdict is PAID and not entry.is_new]
    if odd or again:
        _suspend(merchant_id, odd + [(entry, PAID) for entry in again])


def _pay(account: AccountInfo, paid: Sequence[Seen]) -> None:
    merchant_id = account.merchant_id
    due = []
    booked = []
    taken = []
    for entry in sorted(paid, key=lambda entry: entry.order_id or 0):
        assert entry.order_id is not None
        assert entry.receipt is not None
        assert entry.payment is not None
        due.append(
            Due(
                entry.order_id,
                entry.payment,
                Event.LATE_PAYMENT if entry.is_late else Event.PAID,
                "late_payment" if entry.is_late else "out_of_stock",
                has_goods=bool(entry.has_goods),
            )
        )
        money = Money(entry.amount_minor, entry.currency)
        booked.append(
            Booked(
                entry.receipt,
                entry.payment,
                money,
                is_old=not entry.is_new_money,
                waited=not entry.is_unjudged,
                is_part=not _is_whole(entry),
            )
        )
        taken.append(Held(entry.order_id, unpack(entry.held_counters)))
    stamp = paid[0].rules
    held = review_paid(account, [one.order_id for one in due], stamp) if stamp else ()
    if held:
        hold_back(merchant_id, [one for one in due if one.order_id in held], booked, taken)
    deliver(merchant_id, [one for one in due if one.order_id not in held], booked, taken)


def _suspend(merchant_id: int, odd: Sequence[tuple[Seen, Verdict]]) -> None:
    rows(
        sql.SUSPEND,
        {
            "merchant": merchant_id,
            "n_id": [entry.notice for entry, _ in odd],
            "n_outcome": [int(verdict.outcome) for _, verdict in odd],
            "n_acted": [verdict.outcome not in UNFINISHED for _, verdict in odd],
            "r_id": [entry.receipt for entry, _ in odd],
            "r_fit": [_mark(entry, verdict) for entry, verdict in odd],
            "r_book": [_is_to_book(entry, verdict) for entry, verdict in odd],
            "o_id": [entry.order_id for entry, _ in odd],
        },
    )


def _mark(entry: Seen, verdict: Verdict) -> int | None:
    """Say what to write on the receipt: None leaves it as it is, -1 means still to be judged."""
    if not entry.is_unjudged or verdict.fit == ReceiptFit.ANOTHER_PAYMENT:
        # Money that was judged before keeps the mark it got then.
        return None
    if verdict.outcome == NoticeOutcome.WAITING:
        return -1
    return None if verdict.fit is None else int(verdict.fit)


def _is_to_book(entry: Seen, verdict: Verdict) -> bool:
    """Whether this is the first time that the money is put on the suspense account."""
    return (
        verdict.outcome in (NoticeOutcome.SUSPENSE, NoticeOutcome.UNMATCHED)
        and verdict.fit != ReceiptFit.ANOTHER_PAYMENT
        and entry.is_unjudged
    )
