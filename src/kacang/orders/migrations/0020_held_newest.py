"""Orders on hold are read in order: a sale that lacks stock holds thousands (O2, O6)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0019_assignees")]

    operations = [
        migrations.RunSQL(
            "create index sale_order_held_newest on sale_order (merchant_id, id) where state = 9;",
            "drop index sale_order_held_newest;",
        ),
    ]
