"""Which SKUs are known to be low (S4, L20)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema


class Migration(migrations.Migration):
    dependencies = [("vault", "0004_frozen")]

    operations = [
        migrations.CreateModel(
            name="StockAlarm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
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
                    models.UniqueConstraint(fields=("merchant", "sku"), name="stock_alarm_once")
                ],
            },
        ),
        schema.tenant_table("stock_alarm"),
        schema.of_merchant("stock_alarm"),
        schema.tenant_reference("stock_alarm", "sku_id", "sku"),
    ]
