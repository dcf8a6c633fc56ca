"""SKUs whose cards are good for a piece of another SKU (V5, L21)."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from kacang.merchants import schema


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_supply_terms")]

    operations = [
        migrations.AddField(
            "sku",
            "redeems",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="redeemed_by",
                to="catalog.sku",
            ),
        ),
        migrations.AddConstraint(
            "sku",
            models.CheckConstraint(
                condition=Q(redeems=None) | ~Q(redeems=F("id")) & Q(stock_mode=0),
                name="sku_redeems_another",
            ),
        ),
        migrations.AddIndex(
            "sku",
            models.Index(
                fields=["merchant", "redeems"],
                name="sku_redeems",
                condition=Q(redeems__isnull=False),
            ),
        ),
        schema.tenant_reference("sku", "redeems_id", "sku"),
    ]
