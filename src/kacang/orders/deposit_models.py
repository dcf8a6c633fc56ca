"""Deposits into wallets (F3). Django finds this table through `models`."""

from django.db import models


class Deposit(models.Model):
    """Which wallet an order pays into, and whether it has."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_constraint=False)
    wallet_id = models.BigIntegerField()
    credited_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "order_deposit"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order"], name="order_deposit_once")
        ]

    def __str__(self) -> str:
        return f"order {self.order_id} into wallet {self.wallet_id}"
