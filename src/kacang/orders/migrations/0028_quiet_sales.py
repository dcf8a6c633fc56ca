"""A sale writes fewer entries of indexes (rule 16, O2).

Units that wait for stock are found by way of their orders, which are on hold: no index speaks of a
unit's state any more, and delivering one touches none (heap-only tuples). Orders of the API are
found by their keys, those of the other channels by their channel: each has an entry in one of both.
"""

from django.db import migrations

KEYED = """
alter table sale_order drop constraint if exists sale_order_keyed;
alter table sale_order add constraint sale_order_keyed
    check (channel <> 'api' or api_key_id <> 0) not valid;
alter table sale_order validate constraint sale_order_keyed;
"""
# Beside sales, one after the other.
INDEXES = [
    "create index concurrently if not exists sale_order_by_channel"
    " on sale_order (merchant_id, channel, id)"
    " where channel <> 'api'",
    "drop index concurrently if exists sale_order_channel",
    "drop index concurrently if exists order_unit_short",
]
NO_INDEXES = [
    "create index concurrently if not exists order_unit_short on order_unit (merchant_id, line_id)"
    " where state = 1",
    "create index concurrently if not exists sale_order_channel"
    " on sale_order (merchant_id, channel, id)",
    "drop index concurrently if exists sale_order_by_channel",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0027_marks_within_reach")]

    operations = [
        migrations.RunSQL(KEYED, "alter table sale_order drop constraint sale_order_keyed;"),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
