"""The store that an order was bought in (R1)."""

from django.db import migrations, models

# No reference to the store, which the orders of a busy counter would all lock: a nightly check
# proves that each names a store of its own merchant (rule 18).
COLUMN = """
alter table sale_order add column if not exists store_id bigint;
"""
# Most orders are of no store, and have no entry. Beside sales, one after the other.
INDEXES = [
    "create index concurrently if not exists sale_order_of_store"
    " on sale_order (merchant_id, store_id, id) where store_id is not null",
]
NO_INDEXES = ["drop index concurrently if exists sale_order_of_store"]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0030_last_orders"), ("merchants", "0009_stores")]

    operations = [
        migrations.RunSQL(
            COLUMN,
            "alter table sale_order drop column store_id;",
            state_operations=[
                migrations.AddField("order", "store_id", models.BigIntegerField(null=True))
            ],
        ),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
