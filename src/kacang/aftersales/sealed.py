"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="case_message",
        columns={"body": "body"},
        bound_to="case_message",
        place="convert_to(t.uid, 'UTF8')",
    ),
)
