"""Goods: pieces that are all alike, where they lie, and who holds how many of them."""

from enum import IntEnum

from django.db import models
from django.db.models import Q


class PieceState(IntEnum):
    """Where a piece is. What is with us and promised to nobody is available (S1)."""

    AVAILABLE = 0
    RESERVED = 1  # somebody is about to pay for it (锁定)
    SOLD = 2  # paid, not yet handed over (待提货)
    IN_TRANSIT = 3  # on its way to the warehouse


class EntryKind(IntEnum):
    """Why pieces came, went, or changed places."""

    RECEIPT = 0
    ADJUSTMENT = 1
    TRANSFER = 2


class HoldState(IntEnum):
    """What became of the pieces that an order line holds."""

    RESERVED = 1
    SOLD = 2
    RELEASED = 3
    HANDED_OVER = 4


class Warehouse(models.Model):
    """A place where goods lie. Every merchant has a default one, made when it is first needed.

    A name of "" is the default one's until somebody names it.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "warehouse"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(is_default=True), name="warehouse_default_once"
            ),
            models.UniqueConstraint(fields=["merchant", "name"], name="warehouse_name_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.uid


class Entry(models.Model):
    """One receipt, adjustment or transfer of one SKU.

    `pieces` is negative where an adjustment takes some away. `request_uid` names the wish, so
    that the same one sent twice is one entry. A transfer is open until it arrives.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    request_uid = models.CharField(max_length=40)
    kind = models.SmallIntegerField()
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, db_constraint=False)
    to_warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, null=True, db_constraint=False, related_name="arrivals"
    )
    pieces = models.IntegerField()
    unit_cost_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=4)
    supplier = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    actor_label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    arrived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "goods_entry"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "request_uid"], name="goods_entry_once"),
            models.CheckConstraint(
                condition=Q(kind=0, pieces__gt=0, to_warehouse__isnull=True)
                | (Q(kind=1, to_warehouse__isnull=True) & ~Q(pieces=0) & ~Q(reason=""))
                | (
                    Q(kind=2, pieces__gt=0, to_warehouse__isnull=False)
                    & ~Q(to_warehouse=models.F("warehouse"))
                ),
                name="goods_entry_whole",
            ),
            models.CheckConstraint(
                condition=Q(unit_cost_minor__gte=0), name="goods_entry_cost_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "sku", "-id"], name="goods_entry_of_sku"),
            models.Index(
                fields=["merchant", "-id"],
                condition=Q(kind=2, arrived_at__isnull=True),
                name="goods_entry_under_way",
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class Worth(models.Model):
    """What a merchant owns of a SKU: pieces with us or on their way, and what they cost.

    Sales do not touch it: only what comes in or goes out for good. So it may be one row.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    pieces = models.BigIntegerField(default=0)
    value_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "goods_worth"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "sku"], name="goods_worth_once"),
            models.CheckConstraint(
                condition=Q(pieces__gte=0, value_minor__gte=0)
                & (Q(pieces__gt=0) | Q(value_minor=0)),
                name="goods_worth_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.pieces}"


class Slot(models.Model):
    """Some of the pieces of a SKU in a warehouse that can be sold (rule 8).

    There are several of each, so that sales do not wait for each other.
    """

    pk = models.CompositePrimaryKey("merchant_id", "sku_id", "warehouse_id", "slot_no")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, db_constraint=False)
    slot_no = models.SmallIntegerField()
    quantity = models.IntegerField()

    class Meta:
        db_table = "goods_slot"
        managed = False

    def __str__(self) -> str:
        return f"{self.sku_id}/{self.slot_no} {self.quantity}"


class Hold(models.Model):
    """That an order line holds, or held, so many pieces from one warehouse."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    line_id = models.BigIntegerField()
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, db_constraint=False)
    pieces = models.IntegerField()
    state = models.SmallIntegerField()
    reserved_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "goods_hold"
        managed = False

    def __str__(self) -> str:
        return f"{self.line_id} {self.pieces}"


class GoodsMovement(models.Model):
    """That so many pieces went from one state to another. Added, never changed.

    Counts are sums of these; `from_state` null: they came; `to_state` null: they went. The cause
    is an entry or an order line. `cost_minor` is what came or went with them. The table also has
    `xid`: see `GoodsLevel`.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, db_constraint=False)
    from_state = models.SmallIntegerField(null=True)
    to_state = models.SmallIntegerField(null=True)
    pieces = models.IntegerField()
    cost_minor = models.BigIntegerField(default=0)
    entry_id = models.BigIntegerField(null=True)
    line_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "goods_movement"
        managed = False

    def __str__(self) -> str:
        return f"{self.from_state}→{self.to_state} {self.pieces}"


class GoodsLevel(models.Model):
    """Movements summed up to a transaction number, so that counting costs the same for ever."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, db_constraint=False)
    state = models.SmallIntegerField()
    pieces = models.BigIntegerField()

    class Meta:
        db_table = "goods_level"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "sku", "warehouse", "state"], name="goods_level_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.state} {self.pieces}"


class GoodsMark(models.Model):
    """Up to which transaction a merchant's movements of goods are in the levels."""

    merchant = models.OneToOneField(
        "merchants.Merchant", models.PROTECT, db_constraint=False, primary_key=True
    )
    upto_xid = models.BigIntegerField(default=0)

    class Meta:
        db_table = "goods_mark"

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.upto_xid}"
