"""Roles reach to the orders of stores (I1). In one transaction: at no moment further than before."""

from django.db import migrations

from kacang.merchants import schema


def within(words: str) -> str:
    return f"array[{words}] && string_to_array(current_setting('kacang.reach', true), ',')"


BEFORE = schema.within_reach("sale_order", within("'m' || assignee_id, channel::text"))
AFTER = schema.within_reach(
    "sale_order", within("'m' || assignee_id, 's' || store_id, channel::text")
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0031_stores")]

    operations = [migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql), AFTER]
