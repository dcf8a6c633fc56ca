"""Transfers: every cent that moves, from one account to another (rule 12)."""

from django.db import models


class Transfer(models.Model):
    """A positive amount in one currency, moved from `credit` to `debit`.

    Balanced by construction. Rows are added, never changed: the app has no right to. `owner`
    columns name whose part of an account it is (a wallet, a supplier); 0: nobody's in particular.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    debit = models.SmallIntegerField()
    debit_owner = models.BigIntegerField(default=0)
    credit = models.SmallIntegerField()
    credit_owner = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    kind = models.SmallIntegerField()
    document_kind = models.SmallIntegerField()
    document_id = models.BigIntegerField()
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, db_constraint=False)
    at = models.DateTimeField()

    class Meta:
        db_table = "transfer"
        managed = False

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} {self.currency}"


class TransferMark(models.Model):
    """Up to which transaction a merchant's transfers are in the sums by day."""

    merchant = models.OneToOneField(
        "merchants.Merchant", models.PROTECT, db_constraint=False, primary_key=True
    )
    upto_xid = models.BigIntegerField(default=0)

    class Meta:
        db_table = "transfer_mark"

    def __str__(self) -> str:
        return str(self.upto_xid)
