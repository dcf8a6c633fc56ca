"""Which columns of this room hold sealed bytes."""

from kacang.outbox.rotating import SealedTable

SEALED = (
    SealedTable(
        table="sealed_chunk",
        columns={"body": "body"},
        bound_to="sealed_chunk",
        place="convert_to(f.uid || '/' || t.number, 'UTF8')",
        joins="join sealed_file f on f.merchant_id = t.merchant_id and f.id = t.file_id",
        chunk=8,
    ),
)
# Sealed inside of an answer that is kept for a day, under a key that may be a minute old: gone
# long before anybody could miss that key.
SHORT_LIVED = {"idempotency": ("response",)}
