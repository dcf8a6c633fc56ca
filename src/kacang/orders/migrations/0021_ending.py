"""Orders of goods that are delivered and not yet completed, by when they were (O1)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0020_held_newest")]

    operations = [
        migrations.RunSQL(
            "create index sale_order_ending on sale_order (merchant_id, delivered_at)"
            " where state = 4 and has_goods;",
            "drop index sale_order_ending;",
        ),
    ]
