"""Customers: people who let a shop know them again, how to reach them, and what staff say (H1).

Personal data stand here and nowhere else of this room: forgetting a customer empties these rows.
"""

from datetime import UTC, datetime
from enum import IntEnum

from django.db import models

# When a customer ordered last who never has: a key of lists cannot be null.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LIVING = models.Q(forgotten_at__isnull=True, merged_into__isnull=True)


class ContactKind(IntEnum):
    """How a customer is reached. Numbers are never reused."""

    EMAIL = 1
    PHONE = 2
    WECHAT = 3  # an openid of the shop's mini-program


class ConsentWay(models.TextChoices):
    """Where somebody agreed to be remembered, or took that back."""

    CHECKOUT = "checkout"
    ACCOUNT = "account"  # signed in by a one-time code
    STAFF = "staff"
    API = "api"  # told by another system of the merchant's


class Level(models.Model):
    """A name for customers of one kind, such as silver or gold. A higher rank is more."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=40)
    rank = models.SmallIntegerField()

    class Meta:
        db_table = "customer_level"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "rank"], name="customer_level_of_rank"),
            models.UniqueConstraint(fields=["merchant", "name"], name="customer_level_of_name"),
            models.CheckConstraint(
                condition=models.Q(rank__gte=1, rank__lte=99), name="customer_level_rank_fits"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """Somebody who bought and agreed to be remembered. A forgotten one stays as an empty row."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80, blank=True)
    level = models.ForeignKey(Level, models.PROTECT, null=True, db_constraint=False)
    created_at = models.DateTimeField()
    # The newest consent; null once it was taken back.
    agreed_at = models.DateTimeField(null=True)
    agreed_way = models.CharField(max_length=10, blank=True)
    forgotten_at = models.DateTimeField(null=True)
    # Into which customer this one was merged.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, db_constraint=False)
    # Figures of their orders, in the merchant's book currency: kept by a job, never by a sale.
    paid_orders = models.IntegerField(default=0)
    spent_minor = models.BigIntegerField(default=0)
    last_order_at = models.DateTimeField(default=NEVER)
    # Whether something happened to their orders that the figures do not tell of yet.
    figures_due = models.BooleanField(default=True)

    class Meta:
        db_table = "customer"
        indexes = [
            models.Index(
                fields=["merchant", "-id"],
                condition=_LIVING,
                name="customer_newest",
            ),
            models.Index(
                fields=["merchant", "level", "-id"],
                condition=_LIVING,
                name="customer_of_level",
            ),
            models.Index(
                fields=["merchant", "agreed_way", "-id"],
                condition=_LIVING,
                name="customer_of_way",
            ),
            models.Index(
                fields=["merchant", "-last_order_at", "-id"],
                condition=_LIVING,
                name="customer_last_order",
            ),
            models.Index(
                fields=["merchant", "-spent_minor", "-id"],
                condition=_LIVING,
                name="customer_spent",
            ),
            models.Index(
                fields=["merchant", "-paid_orders", "-id"],
                condition=_LIVING,
                name="customer_orders",
            ),
            models.Index(
                fields=["merchant", "id"],
                condition=models.Q(figures_due=True),
                name="customer_due",
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class CustomerContact(models.Model):
    """An address of a customer: of one customer only."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False)
    kind = models.SmallIntegerField()
    # Stored normal, so that it is found by = only (rule 16).
    value = models.CharField(max_length=254)
    # The last four digits of a phone number.
    tail = models.CharField(max_length=4, blank=True)
    # When the customer proved to have it, by a one-time code.
    verified_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField()

    class Meta:
        db_table = "customer_contact"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "value"], name="customer_contact_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in ContactKind]),
                name="customer_contact_kind_known",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "customer"], name="customer_contact_of"),
            models.Index(
                fields=["merchant", "tail"],
                condition=~models.Q(tail=""),
                name="customer_contact_tail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.kind}"


class Consent(models.Model):
    """That a customer agreed to be remembered, or took it back. Rows are added only."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False)
    is_given = models.BooleanField()
    way = models.CharField(max_length=10)
    actor_label = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "customer_consent"
        indexes = [models.Index(fields=["merchant", "customer"], name="customer_consent_of")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.is_given}"


class Note(models.Model):
    """What a member of the staff wrote about a customer."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False)
    text = models.CharField(max_length=1000)
    actor_label = models.CharField(max_length=120, blank=True)
    # Whose note it is to change: of notes that are older nobody's.
    actor_kind = models.CharField(max_length=10, blank=True)
    actor_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "customer_note"
        indexes = [models.Index(fields=["merchant", "customer", "-id"], name="customer_note_of")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.at}"


class Tag(models.Model):
    """A word of the merchant's own that its staff put on customers."""

    merchant = models.ForeignKey(
        "merchants.Merchant", models.PROTECT, db_constraint=False, related_name="+"
    )
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=20)
    colour = models.CharField(max_length=10)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "customer_tag"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "name"], name="customer_tag_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Tagged(models.Model):
    """That a customer has a tag."""

    pk = models.CompositePrimaryKey("merchant_id", "tag_id", "customer_id")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    # The database takes a tag that is deleted off its customers.
    tag = models.ForeignKey(Tag, models.DO_NOTHING, db_constraint=False)
    customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False)

    class Meta:
        db_table = "customer_tagged"
        managed = False

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.customer_id}"
