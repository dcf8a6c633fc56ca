"""Alarms of every SKU, cards and goods; which days' digests are done (S4)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("vault", "0009_alarms_left"),
        ("catalog", "0004_supply_terms"),
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="StockAlarm",
                    fields=[
                        ("id", ID),
                        ("is_low", models.BooleanField(default=False)),
                        ("crossings", models.IntegerField(default=0)),
                        ("changed_at", models.DateTimeField(auto_now=True)),
                        (
                            "merchant",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                to="merchants.merchant",
                            ),
                        ),
                        (
                            "sku",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                to="catalog.sku",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "stock_alarm",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("merchant", "sku"), name="stock_alarm_once"
                            )
                        ],
                    },
                )
            ]
        ),
        migrations.CreateModel(
            name="DigestMark",
            fields=[
                (
                    "merchant",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="merchants.merchant",
                    ),
                ),
                ("day", models.DateField()),
            ],
            options={"db_table": "digest_mark"},
        ),
        schema.tenant_table("digest_mark"),
        schema.of_merchant("digest_mark"),
    ]
