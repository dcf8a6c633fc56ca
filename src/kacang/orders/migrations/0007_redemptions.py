"""Orders that redeem codes were given for (L21)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema


def _to(target: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to=target
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0005_redeem_codes"),
        ("orders", "0006_goods_sold"),
        ("vault", "0008_number_tails"),
    ]

    operations = [
        migrations.CreateModel(
            name="Redemption",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("card", _to("vault.card")),
                ("merchant", _to("merchants.merchant")),
                ("order", _to("orders.order")),
            ],
            options={
                "db_table": "redemption",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "card"), name="redemption_card_once"
                    ),
                    models.UniqueConstraint(
                        fields=("merchant", "order"), name="redemption_order_once"
                    ),
                ],
            },
        ),
        schema.tenant_table("redemption", grants=schema.APPEND_ONLY),
        schema.tenant_reference("redemption", "card_id", "card"),
        schema.tenant_reference("redemption", "order_id", "sale_order"),
    ]
