"""Exports of payments and of refunds: what a list of them shows, and all of it (P2, P4)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kacang.orders.numbers import numbers_of_orders
from kacang.outbox.exporting import COUNT_MOST, FORMATS, Contents, Part
from kacang.payments.finding.filters import PaymentFilter, from_stored
from kacang.payments.finding.pages import count_up_to, payments_page
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_lists import RefundFilter
from kacang.reconciliation.exports.asked import Asked, Listing, amount
from kacang.shared.clock import utc_now


def _payments_fixed(asked: Asked) -> Mapping[str, Any]:
    return from_stored(asked.where).at(utc_now(), asked.zone).stored()


def _payments_count(asked: Asked) -> int:
    where = from_stored(asked.where)
    return count_up_to(merchant_id=asked.merchant_id, where=where, most=COUNT_MOST).count


def _payments(asked: Asked) -> Contents:
    where: PaymentFilter = from_stored(asked.where)
    heads = [
        _("Payment number"), _("Order number"), _("Account"), _("Company"), _("State"),
        _("Amount"), _("Currency"), _("Begun"), _("Paid at"),
    ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        page = payments_page(merchant_id=asked.merchant_id, where=where, cursor=after, limit=most)
        numbers = numbers_of_orders(
            merchant_id=asked.merchant_id, ids=[row.order_id for row in page.rows]
        )
        rows = [
            [
                row.number, numbers.get(row.order_id, ""), row.account_name, row.provider,
                asked.word("state", row.state), amount(row.amount), row.amount.currency,
                asked.time(row.created_at), asked.time(row.paid_at),
            ]
            for row in page.rows
        ]  # fmt: skip
        return Part(rows, page.next_cursor)

    return Contents(_("Payments"), heads, read)


def _refund_filter(asked: Asked) -> RefundFilter:
    state = asked.where.get("state")
    return RefundFilter(
        state=None if state is None else refund_lists.RefundStatus(state),
        by_hand=bool(asked.where.get("by_hand")),
        number=str(asked.where.get("number", "")),
    )


def _refunds_count(asked: Asked) -> int:
    where = _refund_filter(asked)
    return refund_lists.count_up_to(merchant_id=asked.merchant_id, where=where, most=COUNT_MOST)


def _refunds(asked: Asked) -> Contents:
    where = _refund_filter(asked)
    heads = [
        _("Refund"), _("Order number"), _("Account"), _("Company"), _("Which way"), _("State"),
        _("Amount"), _("Currency"), _("Reason"), _("Asked for by"), _("Asked for at"),
        _("Decided by"), _("Decided at"), _("Done at"), _("Decision"),
    ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        page = refund_lists.refunds_page(
            merchant_id=asked.merchant_id, where=where, cursor=after, limit=most
        )
        ids = [row.order_id for row in page.rows if row.order_id is not None]
        numbers = numbers_of_orders(merchant_id=asked.merchant_id, ids=ids)
        rows = [
            [
                row.number, numbers.get(row.order_id or 0, ""), row.account_name, row.provider,
                asked.word("way", row.way), asked.word("state", row.state), amount(row.amount),
                row.amount.currency, row.reason, row.asked_by, asked.time(row.asked_at),
                row.decided_by, asked.time(row.decided_at), asked.time(row.ended_at), row.decision,
            ]
            for row in page.rows
        ]  # fmt: skip
        return Part(rows, page.next_cursor)

    return Contents(_("Refunds"), heads, read)


PAYMENTS = Listing(FORMATS, _payments, _payments_count, _payments_fixed)
REFUNDS = Listing(FORMATS, _refunds, _refunds_count, lambda asked: asked.where)
