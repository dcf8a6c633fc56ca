"""Deadlines are seen as far as their orders are: in lists, their pages and their sums (I1, O8)."""

from django.db import migrations

from kacang.merchants import schema

OF_ORDER = (
    "exists (select from sale_order o"
    " where o.merchant_id = deadline_mark.merchant_id and o.id = deadline_mark.order_id)"
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0026_order_openids")]

    operations = [schema.within_reach("deadline_mark", OF_ORDER)]
