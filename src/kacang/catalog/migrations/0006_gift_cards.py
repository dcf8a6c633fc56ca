"""SKUs whose cards put money into a wallet (F3)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0005_redeem_codes"),
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="sku",
            name="gift_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="sku",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gift_minor", None),
                    models.Q(("gift_minor__gt", 0), ("redeems", None), ("stock_mode", 0)),
                    _connector="OR",
                ),
                name="sku_gift_is_a_card",
            ),
        ),
    ]
