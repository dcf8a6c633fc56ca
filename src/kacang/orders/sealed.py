"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="sale_order",
        columns={"form_sealed": "form"},
        bound_to="sale_order",
        place="convert_to(t.number, 'UTF8')",
    ),
    SealedTable(
        table="access_code",
        columns={"code_sealed": "code"},
        bound_to="access_code",
        place="convert_to(o.number, 'UTF8')",
        joins="join sale_order o on o.merchant_id = t.merchant_id and o.id = t.order_id",
    ),
    SealedTable(
        table="change_request",
        columns={"sealed": "sealed", "recipient_sealed": "recipient"},
        bound_to="change_request",
        place="convert_to(t.uid, 'UTF8')",
    ),
)
