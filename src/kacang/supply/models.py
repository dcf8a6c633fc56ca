"""Which SKUs are known to be low, what was told of it, and who waits for one to come back."""

from enum import IntEnum

from django.db import models
from django.db.models import Q


class StockAlarm(models.Model):
    """Whether a SKU is known to be low, and how often it fell below its line (L20)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    is_low = models.BooleanField(default=False)
    crossings = models.IntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "stock_alarm"
        constraints = [models.UniqueConstraint(fields=["merchant", "sku"], name="stock_alarm_once")]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.crossings}"


class DigestMark(models.Model):
    """The last day, in the merchant's time zone, whose digest of low stock was seen to."""

    merchant = models.OneToOneField(
        "merchants.Merchant", models.PROTECT, db_constraint=False, primary_key=True
    )
    day = models.DateField()

    class Meta:
        db_table = "digest_mark"

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.day}"


class WaitState(IntEnum):
    """Whether somebody who waits was told."""

    WAITING = 0
    TOLD = 1


class Wait(models.Model):
    """That somebody wants to be told when a SKU can be bought again (到货通知).

    The address is sealed; `address_print`, its keyed fingerprint, is how equal ones are found.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False, db_index=False)
    address_print = models.BinaryField(max_length=16)
    address_sealed = models.BinaryField()
    language = models.CharField(max_length=8)
    state = models.SmallIntegerField(default=WaitState.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "restock_wait"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "sku", "address_print"],
                condition=Q(state=0),
                name="restock_wait_once",
            ),
            models.CheckConstraint(
                condition=Q(state=0, told_at__isnull=True) | Q(state=1, told_at__isnull=False),
                name="restock_wait_told_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "sku", "id"], condition=Q(state=0), name="restock_wait_turn"
            ),
            models.Index(
                fields=["merchant", "sku", "told_at"],
                condition=Q(state=1),
                name="restock_wait_told",
            ),
            models.Index(fields=["merchant", "address_print"], name="restock_wait_of"),
        ]

    def __str__(self) -> str:
        return self.uid
