"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="restock_wait",
        columns={"address_sealed": "address"},
        bound_to="restock_wait",
        place="t.address_print",
    ),
)
