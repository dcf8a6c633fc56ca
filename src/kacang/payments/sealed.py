"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="account",
        columns={"secrets": "secrets"},
        bound_to="account",
        place="convert_to(t.uid, 'UTF8')",
    ),
)
