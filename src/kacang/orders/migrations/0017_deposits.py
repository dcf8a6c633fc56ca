"""Orders that pay into a wallet, and which one (F3)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

KEPT = (
    "revoke update on order_deposit from kacang_app;"
    " grant update (credited_at) on order_deposit to kacang_app;"
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_batches"), ("wallets", "0003_withdrawals")]

    operations = [
        migrations.CreateModel(
            name="Deposit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("wallet_id", models.BigIntegerField()),
                ("credited_at", models.DateTimeField(null=True)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "db_table": "order_deposit",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "order"), name="order_deposit_once")
                ],
            },
        ),
        schema.tenant_table("order_deposit", grants="select, insert, update"),
        schema.tenant_reference("order_deposit", "order_id", "sale_order"),
        schema.tenant_reference("order_deposit", "wallet_id", "wallet"),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
    ]
