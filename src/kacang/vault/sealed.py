"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="card",
        columns={"number_sealed": "number", "secret": "secret", "file_name": "file_name"},
        bound_to="card",
        place="t.fingerprint",
    ),
)
