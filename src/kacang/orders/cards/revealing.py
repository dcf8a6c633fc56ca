"""Showing codes, to whoever may see them: the audit row commits before anything is opened."""

import json

from django.db import connection

from kacang.delivery import queries as delivery
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import UnknownOrder
from kacang.orders.models import Line, Order
from kacang.orders.types import Delivered
from kacang.vault import operations as vault

PAGE_MAX = 1000
FORM = "form"


def deliveries(
    *, merchant_id: int, number: str, actor: Actor, offset: int = 0, limit: int = 200,
    reason: str = "",
) -> list[Delivered]:  # fmt: skip
    """Return an order's delivered codes, opened, in order of line and unit (L13: paged).

    The caller has checked that `actor` may see them. Each call is in the audit log before the
    first code is read (rule 22).

    Raises:
        UnknownOrder: There is no such order.
    """
    limit = min(limit, PAGE_MAX)
    lines = _announce(merchant_id, number, actor, reason, f"{offset}+{limit}")
    kinds = {line.pk: line.kind for line in lines.values()}
    found = delivery.brought(merchant_id=merchant_id, kinds=kinds, offset=offset, limit=limit)
    return [
        Delivered(
            line_id=code.line_id,
            unit_no=code.unit_no,
            sku_uid=lines[code.line_id].sku.uid,
            title=lines[code.line_id].title,
            sku_title=lines[code.line_id].sku_title,
            guide=lines[code.line_id].guide,
            serial=code.number,
            secret=code.secret,
            expires_at=code.expires_at,
            delivered_at=code.delivered_at,
            file=code.file,
            replaced_at=code.delivered_at if code.was_replaced else None,
        )
        for code in found
    ]


def secret_form(*, merchant_id: int, number: str, actor: Actor, reason: str) -> dict[str, str]:
    """Return what the buyer typed into secret form fields, such as a game password.

    Raises:
        UnknownOrder: There is no such order.
    """
    _announce(merchant_id, number, actor, reason, FORM)
    with acting_as(merchant_id):
        order = Order.objects.get(merchant_id=merchant_id, number=number)
    if order.form_sealed is None:
        return {}
    opened = cipher_for(merchant_id).open(
        "sale_order", "form", bytes(order.form_sealed), number.encode()
    )
    return dict(json.loads(opened))


def _announce(
    merchant_id: int, number: str, actor: Actor, reason: str, part: str
) -> dict[int, Line]:
    """Commit the audit row; return the order's lines by id."""
    assert not connection.in_atomic_block, "the audit row must commit before anything is opened"
    with acting_as(merchant_id):
        order = Order.objects.filter(merchant_id=merchant_id, number=number).first()
        if order is None:
            raise UnknownOrder
        lines = Line.objects.filter(merchant_id=merchant_id, order_id=order.pk)
        by_id = {line.pk: line for line in lines.select_related("sku").order_by("line_no")}
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="secrets.reveal",
            object_kind="order",
            object_uid=number,
            after={"part": part},
            reason=reason,
        )
        if part != FORM:
            vault.note_shown(merchant_id=merchant_id, line_ids=list(by_id))
    return by_id
