"""What came over from other systems, under its id there (V7)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

_TARGETS = {"product_id": "product", "sku_id": "sku", "card_id": "card", "order_id": "sale_order"}


def _to(target: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        to=target,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_tenants"),
        ("orders", "0003_first_plans"),
        ("vault", "0003_files_and_costs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Moved",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("system", models.CharField(max_length=20)),
                ("kind", models.CharField(max_length=10)),
                ("foreign_key", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("card", _to("vault.card")),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                ("order", _to("orders.order")),
                ("product", _to("catalog.product")),
                ("sku", _to("catalog.sku")),
            ],
            options={
                "db_table": "moved",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "system", "kind", "foreign_key"), name="moved_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "product"), ("product__isnull", False)),
                            models.Q(("kind", "sku"), ("sku__isnull", False)),
                            models.Q(("card__isnull", False), ("kind", "card")),
                            models.Q(("kind", "order"), ("order__isnull", False)),
                            _connector="OR",
                        ),
                        name="moved_names_what_it_became",
                    ),
                ],
            },
        ),
        schema.tenant_table("moved", grants=schema.APPEND_ONLY),
        *(schema.tenant_reference("moved", column, table) for column, table in _TARGETS.items()),
    ]
