"""What people add to the list of orders: tags, views, what each chose (O2, O3)."""

from django.db import models


class Tag(models.Model):
    """A word of the merchant's own that its staff put on orders (O2, O3)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32)
    name = models.CharField(max_length=20)
    colour = models.CharField(max_length=10)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tag"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "uid"], name="tag_uid_once"),
            models.UniqueConstraint(fields=["merchant", "name"], name="tag_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class OrderTag(models.Model):
    """That an order has a tag."""

    pk = models.CompositePrimaryKey("merchant_id", "tag_id", "order_id")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    # The database takes a tag that is deleted off its orders.
    tag = models.ForeignKey(Tag, models.DO_NOTHING, db_constraint=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_constraint=False)
    at = models.DateTimeField()

    class Meta:
        db_table = "order_tag"
        managed = False

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.order_id}"


class SavedView(models.Model):
    """A view of the list of orders that somebody keeps (O2). `person_id` made it."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32)
    person_id = models.BigIntegerField()
    name = models.CharField(max_length=40)
    query = models.TextField(blank=True)
    columns = models.JSONField(default=list)
    is_shared = models.BooleanField(default=False)
    # Roles whose list starts with it.
    roles = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "saved_view"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "uid"], name="saved_view_uid_once"),
            models.UniqueConstraint(
                fields=["merchant", "person_id", "name"], name="saved_view_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListChoice(models.Model):
    """What a person chose for the list of orders."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    person_id = models.BigIntegerField()
    columns = models.JSONField(default=list)
    density = models.CharField(max_length=10, blank=True)
    view_uid = models.CharField(max_length=32, blank=True)

    class Meta:
        db_table = "list_choice"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "person_id"], name="list_choice_once"),
        ]

    def __str__(self) -> str:
        return f"list of {self.person_id}"
