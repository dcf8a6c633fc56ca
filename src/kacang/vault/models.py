"""Card secrets: batches of them, the pools they are sold from, and who holds which."""

from enum import IntEnum

from django.db import models
from django.db.models import Q


class CardState(IntEnum):
    """Where one card secret is in its life (V3)."""

    AVAILABLE = 0
    RESERVED = 1
    SOLD = 2
    ACTIVATED = 3
    REDEEMED = 4
    EXPIRED = 5
    VOID = 6
    FAULTY = 7
    # Off sale for a while, by hand. It holds its cost, and nobody can claim it.
    FROZEN = 8


CARD_STEPS = {
    CardState.AVAILABLE: frozenset(
        {
            CardState.RESERVED,
            CardState.SOLD,
            CardState.EXPIRED,
            CardState.VOID,
            CardState.FAULTY,
            CardState.FROZEN,
        }
    ),
    # RESERVED → RESERVED: taken over from a holder whose time has passed (rule 1).
    CardState.RESERVED: frozenset(
        {CardState.AVAILABLE, CardState.RESERVED, CardState.SOLD, CardState.EXPIRED}
    ),
    CardState.SOLD: frozenset(
        {
            CardState.ACTIVATED,
            CardState.REDEEMED,
            CardState.EXPIRED,
            CardState.VOID,
            CardState.FAULTY,
        }
    ),
    CardState.ACTIVATED: frozenset({CardState.REDEEMED, CardState.EXPIRED, CardState.VOID}),
    CardState.REDEEMED: frozenset[CardState](),
    CardState.EXPIRED: frozenset({CardState.AVAILABLE, CardState.VOID}),
    CardState.VOID: frozenset[CardState](),
    CardState.FAULTY: frozenset({CardState.AVAILABLE, CardState.VOID}),
    CardState.FROZEN: frozenset({CardState.AVAILABLE, CardState.VOID, CardState.FAULTY}),
}
# What only the undoing of a job may do beyond that: what it made void, frozen, faulty or put back
# on sale becomes what it was.
UNDO_STEPS = {
    CardState.VOID: frozenset({CardState.AVAILABLE, CardState.FROZEN, CardState.FAULTY}),
    CardState.FAULTY: frozenset({CardState.AVAILABLE, CardState.FROZEN}),
}


class Pool(models.Model):
    """A part of a SKU's stock set aside (S3). `card.pool_id` 0 is the common pool: no row."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "pool"
        constraints = [models.UniqueConstraint(fields=["merchant", "name"], name="pool_name_once")]

    def __str__(self) -> str:
        return self.name


class BatchState(IntEnum):
    """What became of a batch."""

    LOADING = 0
    STOCKED = 1
    UNDONE = 2
    FAILED = 3
    MERGED = 4  # all its cards are in another batch now


class Batch(models.Model):
    """Cards that came in together (V6)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    # "20261123-07": what people call it.
    number = models.CharField(max_length=30)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    source = models.CharField(max_length=10)  # "import", "generate", "move", "split", …
    state = models.SmallIntegerField(default=BatchState.LOADING)
    supplier = models.CharField(max_length=120, blank=True)
    purchase_number = models.CharField(max_length=60, blank=True)
    unit_cost_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=4)
    valid_until = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    # What is printed on each card (面值), in whatever currency that is.
    face_minor = models.BigIntegerField(null=True)
    face_currency = models.CharField(max_length=4, blank=True)
    # What else people note of it: [[label, text], …]. No secret.
    facts = models.JSONField(default=list)
    # The numbers that a generated batch counts through, while it is made and afterwards.
    serial = models.JSONField(default=dict)
    card_count = models.IntegerField(default=0)
    # How its file was read (columns, header, separator), for the next one of this supplier.
    layout = models.JSONField(default=dict)
    # The cards that came in with it lie between these ids, with few others: no index is needed.
    # Those that joined it later, from another batch, are `regrouped`.
    first_card_id = models.BigIntegerField(null=True)
    last_card_id = models.BigIntegerField(null=True)
    work = models.ForeignKey("outbox.Work", models.PROTECT, null=True, db_constraint=False)
    actor_label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    stocked_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    merged_into_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "batch"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="batch_number_once"),
            models.CheckConstraint(
                condition=Q(state__in=(0, 1, 2, 3, 4)), name="batch_state_known"
            ),
            models.CheckConstraint(
                condition=Q(face_minor__isnull=True, face_currency="")
                | Q(face_minor__gt=0) & ~Q(face_currency=""),
                name="batch_face_whole",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "sku", "-id"], name="batch_of_sku")]

    def __str__(self) -> str:
        return self.number


class Card(models.Model):
    """One code that is sold once (rule 5).

    `pick_key` orders the free cards of a SKU as its strategy wants: random, the order of arrival,
    or the instant of expiry in microseconds. `number` is plain text or, where it is itself
    secret, null with `number_sealed`; `number_mask` is what may be shown of it. A card that is a
    small file has a `content_type`, the file as its secret, and its name sealed.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    pool_id = models.BigIntegerField(default=0)
    batch = models.ForeignKey(Batch, models.PROTECT, db_constraint=False)
    state = models.SmallIntegerField(default=CardState.AVAILABLE)
    pick_key = models.BigIntegerField()
    # The line that holds it now; null when nobody does.
    line_id = models.BigIntegerField(null=True)
    reserved_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    fingerprint = models.BinaryField(max_length=16)
    number = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null and "" differ
    number_mask = models.CharField(max_length=60, null=True)  # noqa: DJ001 - as above
    number_sealed = models.BinaryField(null=True)
    # A keyed print of how the number ends, to find the card by.
    tail_print = models.BigIntegerField(null=True)
    secret = models.BinaryField()
    content_type = models.CharField(max_length=40, null=True)  # noqa: DJ001 - null: no file
    file_name = models.BinaryField(null=True)
    # What it cost, where that was said for it alone; else what its batch says.
    cost_minor = models.BigIntegerField(null=True)
    # What was paid for it while it waits to be redeemed, and what was earned when it lapsed.
    owed_minor = models.BigIntegerField(null=True)
    lapsed_minor = models.BigIntegerField(null=True)
    is_loop = models.BooleanField(default=False)
    # It lies outside of its batch's range of ids, for it came from another batch.
    regrouped = models.BooleanField(default=False)
    remark = models.CharField(max_length=200, blank=True)
    # Where it stood in the file that it came in with, from 1.
    source_line = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    sold_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "card"
        managed = False

    def __str__(self) -> str:
        return f"card {self.pk}"


class TailGap(models.Model):
    """That cards of a merchant may lack the print of their number's end, until a job is done."""

    merchant = models.OneToOneField(
        "merchants.Merchant", models.PROTECT, db_constraint=False, primary_key=True
    )

    class Meta:
        db_table = "tail_gap"

    def __str__(self) -> str:
        return f"{self.merchant_id}"


class Allocation(models.Model):
    """That a card is, or was, one unit of an order line (rule 4)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    card = models.ForeignKey(Card, models.PROTECT, db_constraint=False)
    line_id = models.BigIntegerField()
    unit_no = models.IntegerField()
    exclusive = models.BooleanField()
    reserved_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    # When, of a card that its buyers share; set as it is added. No index has `delivered_at`, so
    # that a sale, which sets it, touches none.
    shared_at = models.DateTimeField(null=True)
    # Whether its code was ever shown to its buyer, or by staff.
    is_shown = models.BooleanField(default=False)

    class Meta:
        db_table = "allocation"
        managed = False

    def __str__(self) -> str:
        return f"{self.line_id}/{self.unit_no}"


class CardMovement(models.Model):
    """That so many cards of a batch went from one state to another. Added, never changed.

    Counts are sums of these; `from_state` null: they came in; `to_state` null: they were undone.
    The table also has `xid`: see `CardLevel`.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    pool_id = models.BigIntegerField(default=0)
    batch = models.ForeignKey(Batch, models.PROTECT, db_constraint=False)
    from_state = models.SmallIntegerField(null=True)
    to_state = models.SmallIntegerField(null=True)
    cards = models.IntegerField()
    line_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "card_movement"
        managed = False

    def __str__(self) -> str:
        return f"{self.from_state}→{self.to_state} {self.cards}"


class CardLevel(models.Model):
    """Movements summed up to a transaction number, so that counting costs the same for ever.

    A count is this plus the movements that `upto_xid` does not cover yet.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    pool_id = models.BigIntegerField(default=0)
    batch = models.ForeignKey(Batch, models.PROTECT, db_constraint=False)
    state = models.SmallIntegerField()
    cards = models.BigIntegerField()

    class Meta:
        db_table = "card_level"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "sku", "pool_id", "batch", "state"], name="card_level_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.state} {self.cards}"


class LevelMark(models.Model):
    """Up to which transaction a merchant's movements are in the levels."""

    merchant = models.OneToOneField(
        "merchants.Merchant", models.PROTECT, db_constraint=False, primary_key=True
    )
    upto_xid = models.BigIntegerField(default=0)

    class Meta:
        db_table = "level_mark"

    def __str__(self) -> str:
        return str(self.upto_xid)


class PickMark(models.Model):
    """Below this `pick_key` no free card of a SKU is left (rule 7). A job moves it up."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    pool_id = models.BigIntegerField(default=0)
    pick_key = models.BigIntegerField(default=0)

    class Meta:
        db_table = "pick_mark"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "sku", "pool_id"], name="pick_mark_once")
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.pick_key}"
