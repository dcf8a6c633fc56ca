"""The sandbox gives money back: its books of that, its answers, its messages (P4).

Like `cashier`, this is another company under our roof: the shop hears of it over HTTP alone.
"""

import json
import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Sum

from kacang.merchants.tenancy import acting_as
from kacang.payments import queries
from kacang.payments.adapters.sandbox import SECRET
from kacang.payments.companies import outside, webhooks
from kacang.payments.ports import AccountInfo, BadNotice
from kacang.payments.sandbox import cashier
from kacang.payments.sandbox.books import ChargeState, RefundMode, SandboxCharge, SandboxRefund
from kacang.payments.sandbox.cashier import PageAddress
from kacang.queue import enqueue
from kacang.shared.errors import Conflict
from kacang.shared.ids import new_uid

_NAME = re.compile(r"[0-9A-Za-z]{1,64}")
PENDING_SECONDS = 5
WORDS = {"done": "refunded", "pending": "refund_pending", "failed": "refund_failed"}
FAILED_WHY = "对方账户已注销"
REFUSED_WHY = "商户余额不足"
# What happens at once, and what some seconds later.
_COURSE = {
    RefundMode.AT_ONCE: ("done", ""),
    RefundMode.LATER: ("pending", "done"),
    RefundMode.FAILS_LATER: ("pending", "failed"),
    RefundMode.IS_SILENT: ("done", ""),
}


class AnswerLost(Conflict):
    """The sandbox did as it was asked, and its answer is lost on the way."""

    code = "payments.sandbox_answer_lost"


def answer_refund(*, what: str, headers: Any, body: bytes, now: datetime) -> dict[str, Any]:
    """Give money back ("refund"), or say what became of that ("refund_query").

    Raises:
        BadNotice: The question is malformed.
        BadSignature: It is not signed by the account that it names.
        UnknownAccount: There is no such account.
        AnswerLost: Somebody has chosen so at the pay page.
    """
    account_uid, number, said = cashier.read_question(body)
    account = cashier.sandbox_account(account_uid)
    webhooks.check(account.secrets.get(SECRET, ()), headers, body, now)
    refund_number = said.get("refund_id")
    if not isinstance(refund_number, str) or not _NAME.fullmatch(refund_number):
        raise BadNotice(field="refund_id")
    with acting_as(account.merchant_id):
        charge = cashier.find_charge(account, number, lock=True)
        if charge is None:
            return {"refund_id": refund_number, "status": "refund_unknown"}
        known = _known(charge, refund_number)
        if what == "refund_query":
            return _said(known) if known else _unknown(refund_number)
        told = _refund(charge, known, said)
    if charge.refund_mode == RefundMode.IS_SILENT and known is None:
        raise AnswerLost
    return told


def set_mode(*, address: PageAddress, mode: RefundMode) -> None:
    """Choose at the pay page what the sandbox does when it is to give the money back.

    Raises:
        BadPage: The shop has sealed no such address.
    """
    account, _ = cashier.checked(address)
    with acting_as(account.merchant_id):
        charge = cashier.find_charge(account, address.number, lock=True)
        if charge is not None:
            charge.refund_mode = mode
            charge.save(update_fields=["refund_mode"])


def give_back_here(*, address: PageAddress) -> None:
    """Give all that is left back at the sandbox's own website: the shop did not ask for it.

    Raises:
        BadPage: The shop has sealed no such address.
    """
    account, _ = cashier.checked(address)
    with acting_as(account.merchant_id):
        charge = cashier.find_charge(account, address.number, lock=True)
        if charge is None or not (left := _left(charge)):
            return
        _enqueue(_write(charge, "", left, "done"), "done")


def end(*, merchant_id: int, refund_id: int, status: str) -> None:
    """Bring a refund that was pending to its end, and have the shop told."""
    with acting_as(merchant_id):
        row = SandboxRefund.objects.select_for_update().get(merchant_id=merchant_id, id=refund_id)
        if row.status != "pending":
            return
        row.status = status
        row.save(update_fields=["status"])
        _enqueue(row, status)


def send(*, merchant_id: int, refund_id: int, status: str, now: datetime) -> None:
    """Send one message about a refund to the shop over HTTP. Must not run in a transaction.

    Raises:
        NoticeNotTaken: The shop did not answer with success: send it again later.
    """
    with acting_as(merchant_id):
        row = SandboxRefund.objects.select_related("charge", "account").get(
            merchant_id=merchant_id, id=refund_id
        )
    account = queries.account_of_uid(row.account.uid)
    message_id = f"evt_{row.provider_number}_{status}"
    body = json.dumps({"id": message_id, **_facts(row), "status": WORDS[status]}).encode()
    stamp = int(now.timestamp())
    taken = outside.client().post(
        f"{settings.PUBLIC_URL}/callbacks/payments/sandbox/{account.uid}",
        body,
        headers={
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": webhooks.sign(_signing(account), message_id, stamp, body),
        },
    )
    if taken.status not in cashier.HTTP_OK:
        raise cashier.NoticeNotTaken(status=taken.status)


def _refund(
    charge: SandboxCharge, known: SandboxRefund | None, said: dict[str, Any]
) -> dict[str, Any]:
    amount, currency = said.get("amount_minor"), said.get("currency")
    if type(amount) is not int or amount <= 0:
        raise BadNotice(field="amount_minor")
    refund_number = str(said["refund_id"])
    if known is not None:
        is_same = known.amount_minor == amount
        return _said(known) if is_same else _refused(refund_number, "编号已用于其他金额")
    if charge.refund_mode == RefundMode.REFUSES:
        return _refused(refund_number, REFUSED_WHY)
    if currency != charge.paid_currency or amount > _left(charge):
        return _refused(refund_number, "可退金额不足")
    first, later = _COURSE[RefundMode(charge.refund_mode)]
    row = _write(charge, refund_number, amount, first)
    if later:
        enqueue(
            "payments.sandbox_refund_end",
            queue="money",
            after_seconds=PENDING_SECONDS,
            merchant_id=charge.merchant_id,
            refund_id=row.pk,
            status=later,
        )
    elif charge.refund_mode != RefundMode.IS_SILENT:
        _enqueue(row, first)
    return _said(row)


def _known(charge: SandboxCharge, refund_number: str) -> SandboxRefund | None:
    return SandboxRefund.objects.filter(
        merchant_id=charge.merchant_id,
        account_id=charge.account_id,
        charge_id=charge.pk,
        refund_number=refund_number,
    ).first()


def _left(charge: SandboxCharge) -> int:
    """Return how much of a payment is left to give back. The charge is locked."""
    if charge.state != ChargeState.PAID or charge.paid_minor is None:
        return 0
    given = SandboxRefund.objects.filter(merchant_id=charge.merchant_id, charge_id=charge.pk)
    gone = given.exclude(status="failed").aggregate(total=Sum("amount_minor"))["total"] or 0
    return charge.paid_minor - int(gone)


def _write(charge: SandboxCharge, number: str, amount: int, status: str) -> SandboxRefund:
    return SandboxRefund.objects.create(
        merchant_id=charge.merchant_id,
        account_id=charge.account_id,
        charge=charge,
        refund_number=number,
        provider_number=new_uid("sbr"),
        status=status,
        amount_minor=amount,
    )


def _enqueue(row: SandboxRefund, status: str) -> None:
    enqueue(
        "payments.sandbox_refund_send",
        queue="money",
        merchant_id=row.merchant_id,
        refund_id=row.pk,
        status=status,
    )


def _facts(row: SandboxRefund) -> dict[str, Any]:
    return {
        "refund_id": row.refund_number,
        "payment_id": row.charge.payment_number,
        "provider_number": row.provider_number,
        "amount_minor": row.amount_minor,
        "currency": row.charge.paid_currency,
    }


def _said(row: SandboxRefund) -> dict[str, Any]:
    why = {"why": FAILED_WHY} if row.status == "failed" else {}
    return {**_facts(row), "status": WORDS[row.status], **why}


def _unknown(refund_number: str) -> dict[str, Any]:
    return {"refund_id": refund_number, "status": "refund_unknown"}


def _refused(refund_number: str, why: str) -> dict[str, Any]:
    return {"refund_id": refund_number, "status": "refused", "why": why}


def _signing(account: AccountInfo) -> str:
    return account.secrets[SECRET][0]
