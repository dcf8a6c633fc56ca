"""Which SKUs are known to be low, and what was told of it."""

from django.db import models


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
