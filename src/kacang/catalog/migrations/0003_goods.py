from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_tenants"),
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="product",
            name="product_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="sku",
            name="sku_stock_mode_known",
        ),
        migrations.AlterField(
            model_name="product",
            name="kind",
            field=models.CharField(
                choices=[("code", "Code"), ("pickup_card", "Pickup Card"), ("goods", "Goods")],
                default="code",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["code", "pickup_card", "goods"])),
                name="product_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sku",
            constraint=models.CheckConstraint(
                condition=models.Q(("stock_mode__in", (0, 1, 2))), name="sku_stock_mode_known"
            ),
        ),
    ]
