"""Notices that were stored but not acted on, for the job that tries again (rule 11)."""

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments.models import Notice
from kacang.payments.ports import AccountInfo, VerifiedNotice
from kacang.payments.queries import account_of_uid
from kacang.shared.money import Money


def notices_waiting(*, most: int) -> list[tuple[int, int]]:
    """Return (merchant, notice) pairs, the oldest first, of every merchant."""
    with connection.cursor() as cursor:
        cursor.execute("select merchant_id, id from notices_waiting(%s::int)", [most])
        return [(merchant_id, notice_id) for merchant_id, notice_id in cursor.fetchall()]


def stored_notice(*, merchant_id: int, notice_id: int) -> tuple[AccountInfo, VerifiedNotice]:
    """Return a notice as it was verified when it came, and the account it came to."""
    with acting_as(merchant_id):
        row = Notice.objects.select_related("account").get(merchant_id=merchant_id, id=notice_id)
    notice = VerifiedNotice(
        notice_id=row.notice_id,
        payment_number=row.payment_number,
        provider_number=row.provider_number,
        amount=Money(row.amount_minor, row.currency),
        is_final=row.is_final,
        raw=row.raw,
    )
    return account_of_uid(row.account.uid), notice
