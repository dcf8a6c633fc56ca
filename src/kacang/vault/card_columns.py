"""What the vault promises to the hand-written statements of orders.

They are the only ones outside of this room that may name its tables. A test holds the tables to
this list: whoever changes a column here changes it there in the same commit.

Who writes what there: `state`, `line_id`, `reserved_until`, `sold_at` of a card, and `owed_minor`
when it is sold; allocations as a whole; movements of the states 0, 1 and 2. Everything else is
written here alone. A card with `is_loop` is never claimed and keeps its state. A release lowers
the SKU's `pick_mark` to the keys it gives back, or reserved cards would be passed over.
"""

CARD_COLUMNS = {
    "id": "bigint",
    "merchant_id": "bigint",
    "sku_id": "bigint",
    "pool_id": "bigint",
    "batch_id": "bigint",
    "state": "smallint",
    "pick_key": "bigint",
    "line_id": "bigint",
    "reserved_until": "timestamp with time zone",
    "expires_at": "timestamp with time zone",
    "is_loop": "boolean",
    "sold_at": "timestamp with time zone",
    "cost_minor": "bigint",
    "owed_minor": "bigint",
}
ALLOCATION_COLUMNS = {
    "merchant_id": "bigint",
    "card_id": "bigint",
    "line_id": "bigint",
    "unit_no": "integer",
    "exclusive": "boolean",
    "reserved_until": "timestamp with time zone",
    "delivered_at": "timestamp with time zone",
    "released_at": "timestamp with time zone",
}
MOVEMENT_COLUMNS = {
    "merchant_id": "bigint",
    "sku_id": "bigint",
    "pool_id": "bigint",
    "batch_id": "bigint",
    "from_state": "smallint",
    "to_state": "smallint",
    "cards": "integer",
    "line_id": "bigint",
    "at": "timestamp with time zone",
}
MARK_COLUMNS = {
    "merchant_id": "bigint",
    "sku_id": "bigint",
    "pool_id": "bigint",
    "pick_key": "bigint",
}
BATCH_COLUMNS = {
    "id": "bigint",
    "merchant_id": "bigint",
    "unit_cost_minor": "bigint",
    "currency": "character varying",
}
PROMISED = {
    "card": CARD_COLUMNS,
    "allocation": ALLOCATION_COLUMNS,
    "card_movement": MOVEMENT_COLUMNS,
    "pick_mark": MARK_COLUMNS,
    "batch": BATCH_COLUMNS,
}
