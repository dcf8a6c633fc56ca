"""Parcels, what is in them, whom orders go to, and how often slips were printed (L1, D5)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Shipment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("order_id", models.BigIntegerField()),
                ("courier", models.CharField(max_length=20)),
                ("tracking_number", models.CharField(max_length=40)),
                ("actor_label", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("arrived_at", models.DateTimeField(null=True)),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.CharField(blank=True, max_length=200)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "db_table": "shipment",
            },
        ),
        migrations.CreateModel(
            name="ShipmentUnit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_id", models.BigIntegerField()),
                ("unit_no", models.IntegerField()),
                ("is_void", models.BooleanField(default=False)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                (
                    "shipment",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="logistics.shipment",
                    ),
                ),
            ],
            options={
                "db_table": "shipment_unit",
            },
        ),
        migrations.CreateModel(
            name="SlipPrint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("order_id", models.BigIntegerField()),
                ("times", models.IntegerField(default=1)),
                ("printed_at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "db_table": "slip_print",
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("order_id", models.BigIntegerField()),
                ("sealed", models.BinaryField()),
                ("changed_at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "db_table": "recipient",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "order_id"), name="recipient_of_order"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(fields=["merchant", "order_id"], name="shipment_of_order"),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(fields=["merchant", "tracking_number"], name="shipment_of_number"),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("arrived_at__isnull", True), ("voided_at__isnull", True)),
                fields=["merchant", "created_at"],
                name="shipment_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("arrived_at__isnull", True), ("voided_at__isnull", True), _connector="OR"
                ),
                name="shipment_void_never_arrives",
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("voided_at__isnull", True),
                    models.Q(("void_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="shipment_void_has_a_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="shipmentunit",
            index=models.Index(fields=["merchant", "shipment"], name="shipment_unit_of_shipment"),
        ),
        migrations.AddConstraint(
            model_name="shipmentunit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_void", False)),
                fields=("merchant", "line_id", "unit_no"),
                name="shipment_unit_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="slipprint",
            constraint=models.UniqueConstraint(
                fields=("merchant", "order_id"), name="slip_print_of_order"
            ),
        ),
    ]
