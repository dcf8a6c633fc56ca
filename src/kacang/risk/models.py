"""Limits on what one buyer may do, and who may not buy at all (Z1)."""

from enum import IntEnum

from django.db import models


class Scope(IntEnum):
    """What a counter counts."""

    UNPAID_BY_CONTACT = 1
    UNPAID_BY_DEVICE = 2
    UNPAID_BY_ADDRESS = 3
    BOUGHT_BY_CONTACT = 4  # per SKU, for its limit per buyer
    ORDERS_BY_ADDRESS = 5  # per minute
    ORDERS_BY_DEVICE = 6
    LOOKUPS_BY_ADDRESS = 7
    LOOKUPS_OF_ORDER = 8
    UNPAID_OF_SKU = 9  # units of one SKU that a buyer holds unpaid
    EXPORTS_BY_PERSON = 10
    SECOND_FACTOR_BY_PERSON = 11  # codes typed for an act that asks for one again
    CARD_SEARCHES_BY_PERSON = 13
    RESTOCK_WAITS_BY_ADDRESS = 14
    REDEEM_TRIES_BY_ADDRESS = 15
    REDEEM_TRIES_BY_DEVICE = 16
    REDEEM_MISSES_BY_ADDRESS = 17  # codes that were none
    REDEEM_MISSES_BY_DEVICE = 18
    PROOFS_BY_ADDRESS = 19  # pictures of bank transfers
    WALLET_TRIES_BY_ADDRESS = 24
    WALLET_TRIES_OF_OWNER = 25
    CASES_BY_CONTACT = 40
    CASES_BY_ADDRESS = 41
    CASE_MESSAGES_OF_ORDER = 42
    REVIEWS_BY_ADDRESS = 43
    EVIDENCE_BY_ADDRESS = 44  # messages with pictures or videos
    WITHDRAWALS_OF_OWNER = 26
    WITHDRAWALS_BY_ADDRESS = 27
    DEPOSITS_OF_OWNER = 28
    DEPOSITS_BY_ADDRESS = 29
    REVEALS_BY_PERSON = 60
    CHANGES_BY_ADDRESS = 61  # asked for by buyers


class Counter(models.Model):
    """A cap per (scope, key): changed in place, held by a constraint (rule 9)."""

    pk = models.CompositePrimaryKey("merchant_id", "key")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    # One byte of scope, then 15 of a hash of what is counted.
    key = models.BinaryField(max_length=16)
    scope = models.SmallIntegerField()
    used = models.IntegerField()
    cap = models.IntegerField()
    # For rates: when the window ends and counting starts anew. Null: for ever.
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "counter"
        managed = False

    def __str__(self) -> str:
        return f"{self.scope} {self.used}/{self.cap}"


class BlockKind(models.TextChoices):
    """By what somebody is kept out."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    DEVICE = "device"


class Block(models.Model):
    """Somebody who may not buy."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=10, choices=BlockKind)
    value = models.CharField(max_length=254)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "block"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "value"], name="block_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
