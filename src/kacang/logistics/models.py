"""Parcels, what is in them, whom orders go to, and how often their slips were printed."""

from django.db import models
from django.db.models import Q


class Shipment(models.Model):
    """One parcel of one order. A void one stays, with the reason."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    order_id = models.BigIntegerField()
    courier = models.CharField(max_length=20)
    tracking_number = models.CharField(max_length=40)
    actor_label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "shipment"
        constraints = [
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=True) | Q(voided_at__isnull=True),
                name="shipment_void_never_arrives",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""),
                name="shipment_void_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "order_id"], name="shipment_of_order"),
            models.Index(fields=["merchant", "tracking_number"], name="shipment_of_number"),
            models.Index(
                fields=["merchant", "created_at"],
                condition=Q(arrived_at__isnull=True, voided_at__isnull=True),
                name="shipment_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.courier} {self.tracking_number}"


class ShipmentUnit(models.Model):
    """That a unit of an order lies in a parcel: in one that is not void, at most."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    shipment = models.ForeignKey(Shipment, models.PROTECT, db_constraint=False)
    line_id = models.BigIntegerField()
    unit_no = models.IntegerField()
    is_void = models.BooleanField(default=False)

    class Meta:
        db_table = "shipment_unit"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "line_id", "unit_no"],
                condition=Q(is_void=False),
                name="shipment_unit_once",
            )
        ]
        indexes = [models.Index(fields=["merchant", "shipment"], name="shipment_unit_of_shipment")]

    def __str__(self) -> str:
        return f"{self.shipment_id} {self.line_id}/{self.unit_no}"


class Recipient(models.Model):
    """Whom an order goes to: sealed, and taken away with the person's data (rules 23, 27)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order_id = models.BigIntegerField()
    sealed = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "recipient"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order_id"], name="recipient_of_order")
        ]

    def __str__(self) -> str:
        return f"recipient of {self.order_id}"


class RememberedRecipient(models.Model):
    """Where a customer who agreed to it had goods sent last: offered when they buy again (H1)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    customer_id = models.BigIntegerField()
    sealed = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "remembered_recipient"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "customer_id"], name="remembered_recipient_of_customer"
            )
        ]

    def __str__(self) -> str:
        return f"recipient of customer {self.customer_id}"


class SlipPrint(models.Model):
    """How often an order's packing slip was printed, and when last (D5)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order_id = models.BigIntegerField()
    times = models.IntegerField(default=1)
    printed_at = models.DateTimeField()

    class Meta:
        db_table = "slip_print"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order_id"], name="slip_print_of_order")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} × {self.times}"
