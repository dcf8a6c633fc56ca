"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="recipient",
        columns={"sealed": "sealed"},
        bound_to="recipient",
        place="convert_to(t.order_id::text, 'UTF8')",
    ),
    SealedTable(
        table="remembered_recipient",
        columns={"sealed": "sealed"},
        bound_to="remembered_recipient",
        place="convert_to(t.customer_id::text, 'UTF8')",
    ),
)
