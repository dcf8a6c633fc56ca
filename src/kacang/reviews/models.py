"""What buyers say of products, what of it is shown, and how many stars that makes (X2)."""

from enum import IntEnum

from django.db import models


class ReviewState(IntEnum):
    """Whether a review is shown. Nothing is shown before somebody has looked at it."""

    WAITING = 1
    PUBLISHED = 2
    HIDDEN = 3


REVIEW_STEPS = {
    ReviewState.WAITING: frozenset({ReviewState.PUBLISHED, ReviewState.HIDDEN}),
    ReviewState.PUBLISHED: frozenset({ReviewState.HIDDEN}),
    ReviewState.HIDDEN: frozenset({ReviewState.PUBLISHED}),
}


class Review(models.Model):
    """What the buyer of one line says of its product: once."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    product = models.ForeignKey("catalog.Product", models.PROTECT, db_constraint=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_constraint=False)
    line_id = models.BigIntegerField()
    stars = models.SmallIntegerField()
    body = models.CharField(max_length=1000, blank=True)
    # The first letter of a contact, or the last digits of a phone: what other buyers see.
    author = models.CharField(max_length=20, blank=True)
    state = models.SmallIntegerField(default=ReviewState.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    moderated_by = models.CharField(max_length=120, blank=True)
    moderated_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=1000, blank=True)
    answered_by = models.CharField(max_length=120, blank=True)
    answered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "product_review"
        managed = False

    def __str__(self) -> str:
        return self.uid


class ReviewPicture(models.Model):
    """A picture of a review, written anew; the bytes are a sealed file (rule 27)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    review = models.ForeignKey(Review, models.PROTECT, db_constraint=False, related_name="pictures")
    file_uid = models.CharField(max_length=32)

    class Meta:
        db_table = "review_picture"
        managed = False

    def __str__(self) -> str:
        return self.uid


class Tally(models.Model):
    """How many published reviews of a product gave how many stars."""

    pk = models.CompositePrimaryKey("merchant_id", "product_id")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    product = models.ForeignKey("catalog.Product", models.PROTECT, db_constraint=False)
    one = models.IntegerField(default=0)
    two = models.IntegerField(default=0)
    three = models.IntegerField(default=0)
    four = models.IntegerField(default=0)
    five = models.IntegerField(default=0)

    class Meta:
        db_table = "review_tally"
        managed = False

    def __str__(self) -> str:
        return f"{self.product_id}"
