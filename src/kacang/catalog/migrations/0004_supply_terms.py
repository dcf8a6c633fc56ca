"""When a SKU is low and how long new stock takes: its own numbers, or the merchant's (S4, S5)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_goods")]

    operations = [
        migrations.AddField("sku", "cover_days", models.IntegerField(null=True)),
        migrations.AddField("sku", "lead_days", models.IntegerField(null=True)),
        migrations.AlterField("sku", "low_stock_at", models.IntegerField(null=True)),
    ]
