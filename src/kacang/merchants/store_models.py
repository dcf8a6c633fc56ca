"""Stores of a merchant, and who works in them (R1, I1).

Django finds these tables through the room's `models`.
"""

from django.db import models


class Store(models.Model):
    """A place where a merchant sells over the counter. One that is closed keeps its orders."""

    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.CASCADE, db_constraint=False
    )
    uid = models.CharField(max_length=32, unique=True)
    # Part of the address that its buyers come by.
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "store"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="store_code_once"),
        ]

    def __str__(self) -> str:
        return self.name


class StoreClerk(models.Model):
    """A member of staff works in a store: a role that reaches to stores reaches to its orders."""

    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.CASCADE, db_constraint=False
    )
    store = models.ForeignKey(Store, on_delete=models.CASCADE, db_constraint=False)
    membership = models.ForeignKey(
        "merchants.Membership", on_delete=models.CASCADE, db_constraint=False
    )

    class Meta:
        db_table = "store_clerk"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "membership", "store"], name="store_clerk_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.store} {self.membership}"
