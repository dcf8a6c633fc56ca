"""Where customers who agreed to it had goods sent last (H1)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("logistics", "0002_tenants"), ("customers", "0001_tables")]

    operations = [
        migrations.CreateModel(
            name="RememberedRecipient",
            fields=[
                ("id", ID),
                ("customer_id", models.BigIntegerField()),
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
                "db_table": "remembered_recipient",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "customer_id"), name="remembered_recipient_of_customer"
                    ),
                ],
            },
        ),
        schema.tenant_table("remembered_recipient"),
        schema.of_merchant("remembered_recipient"),
        schema.tenant_reference("remembered_recipient", "customer_id", "customer"),
    ]
