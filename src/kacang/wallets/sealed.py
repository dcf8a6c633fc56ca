"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="wallet_withdrawal",
        columns={"to_sealed": "to"},
        bound_to="wallet_withdrawal",
        place="convert_to(t.uid, 'UTF8')",
    ),
)
