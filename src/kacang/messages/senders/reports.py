"""What became of text messages: told by the company, or asked of it (N1).

A company tells by a POST to an address that is named at its desk. It does not sign: the address
holds a token of ours. A report changes a message that was sent by that very account, once: repeats,
late ones, and those of other numbers change nothing. What was never told is asked after ten
minutes, and then less and less often for three days.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core import signing
from django.db import connection

from kacang.merchants.queries import setting
from kacang.merchants.tenancy import acting_as
from kacang.messages import registry
from kacang.messages.models import Message, MessageState
from kacang.messages.ports import Asked, NotSent, Report, ReportingSender
from kacang.messages.senders.queries import OPERATORS, carrier_of
from kacang.messages.sending import UNKNOWN
from kacang.messages.wording.variables import SMS
from kacang.shared.errors import NotFound

ASKED_AFTER = tuple(timedelta(hours=hours) for hours in (1, 6, 18, 24, 24))
ASKED_AT_ONCE = 200
TAIL = 8
_SALT = "kacang.senders.reports"
log = structlog.get_logger()


class UnknownAddress(NotFound):
    """There is no such address for reports."""

    code = "senders.unknown_address"


def address_of(company: str, account: str = OPERATORS) -> str:
    """Return where a company tells what became of the messages of an account."""
    token = signing.Signer(salt=_SALT).sign(f"{company}/{account}").rpartition(":")[2]
    return f"{settings.PUBLIC_URL}/callbacks/messages/{company}/{account or 'operator'}/{token}"


def checked_address(company: str, account: str, token: str) -> str:
    """Return whose account an address of ours is for: "" is the operator's.

    Raises:
        UnknownAddress: It is none of ours.
    """
    uid = OPERATORS if account == "operator" else account
    try:
        signing.Signer(salt=_SALT).unsign(f"{company}/{uid}:{token}")
    except signing.BadSignature:
        raise UnknownAddress from None
    return uid


def take_reports(*, company: str, account: str, body: bytes, now: datetime) -> tuple[int, Any]:
    """Take in what a company tells of an account; return how many messages changed, and its thanks.

    Raises:
        UnknownCompany: There is none of this name.
        BadReport: The body cannot be read. Nothing changed.
    """
    sender = registry.company(company)
    if not hasattr(sender, "read_reports") or not hasattr(sender, "thanks"):
        raise UnknownAddress
    reports = sender.read_reports(body)
    changed = sum(_take(company, account, report, now) for report in reports)
    if len(reports) > changed:
        # Numbers are the company's: no phone, no text.
        log.info("sms_reports", company=company, told=len(reports), changed=changed)
    return changed, sender.thanks


def ask_for_reports(*, merchant_id: int, now: datetime) -> int:
    """Ask the companies of messages of which nothing was told; return how many changed.

    Must not run inside a transaction (L18).
    """
    return sum(_ask(row, now) for row in _due(merchant_id, now))


def _due(merchant_id: int, now: datetime) -> Iterable[Message]:
    with acting_as(merchant_id):
        rows = Message.objects.filter(merchant_id=merchant_id, report_at__lte=now)
        return list(rows.order_by("report_at")[:ASKED_AT_ONCE])


def _ask(row: Message, now: datetime) -> int:
    merchant_id, asks = row.merchant_id, row.report_asks
    again = now + ASKED_AFTER[asks] if asks < len(ASKED_AFTER) else None
    with acting_as(merchant_id):
        # Of two who ask at once, one does. It is put off first: a company that hangs is not
        # asked again at once.
        mine = Message.objects.filter(
            merchant_id=merchant_id, pk=row.pk, report_asks=asks, report_at=row.report_at
        ).update(report_asks=asks + 1, report_at=again)
    if not mine:
        return 0
    found = carrier_of(merchant_id=merchant_id, uid=row.account)
    if found is None or found.sender.name != row.company:
        return 0
    if not isinstance(found.sender, ReportingSender):
        return 0
    asked = Asked(row.uid, row.company_number, row.recipient, row.sent_at or row.created_at)
    try:
        report = found.sender.report_on(asked)
    except NotSent as problem:
        log.info("sms_report_not_asked", company=row.company, why=problem.reason)
        return 0
    return 0 if report is None else _note(merchant_id, row.account, report, now)


def _take(company: str, account: str, report: Report, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select message_of_report(%s::text, %s::text, %s::text, %s::text)",
            [company, account, report.reference, report.number],
        )
        found = cursor.fetchone()
    merchant_id = found[0] if found else None
    return 0 if merchant_id is None else _note(merchant_id, account, report, now)


def _note(merchant_id: int, account: str, report: Report, now: datetime) -> int:
    with acting_as(merchant_id):
        rows = Message.objects.select_for_update(no_key=True).filter(
            merchant_id=merchant_id, channel=SMS, account=account
        )
        rows = (
            rows.filter(uid=report.reference)
            if report.reference
            else rows.filter(company_number=report.number)
        )
        row = rows.first()
        if row is None or not _is_about(row, report):
            return 0
        was_unknown = row.state == MessageState.FAILED
        row.state = MessageState.DELIVERED if report.is_delivered else MessageState.FAILED
        row.error = "" if report.is_delivered else f"undelivered {report.code}".strip()
        row.delivered_at = now if report.is_delivered else None
        row.parts = report.parts or row.parts
        row.report_at = None
        if was_unknown:
            # The company did take it: it is paid for.
            row.company_number = report.number or row.company_number
            row.sent_at = now
            row.price_milli = int(str(setting(merchant_id=merchant_id, name="sms_price_milli")))
        row.save(update_fields=[
            "state", "error", "delivered_at", "parts", "report_at", "company_number", "sent_at",
            "price_milli",
        ])  # fmt: skip
    return 1


def _is_about(row: Message, report: Report) -> bool:
    """Whether a report is about this message as it is now: of this try, of this phone."""
    is_open = row.state == MessageState.SENT or (
        row.state == MessageState.FAILED and row.error.startswith(UNKNOWN)
    )
    is_its_try = not (row.company_number and report.number) or (row.company_number == report.number)
    digits = "".join(filter(str.isdigit, report.phone))
    is_its_phone = not digits or digits[-TAIL:] == row.recipient[-TAIL:]
    return is_open and is_its_try and is_its_phone
