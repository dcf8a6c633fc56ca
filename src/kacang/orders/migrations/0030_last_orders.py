"""When each merchant last had an order: for the operator's list of merchants, and for no other (I1)."""

from django.db import migrations

from kacang.merchants import schema

LAST_ORDERS = schema.definer(
    "last_orders_of(who bigint, wanted bigint[])",
    "table (merchant_id bigint, at timestamptz)",
    """select w, (select o.created_at from sale_order o where o.merchant_id = w
                  order by o.id desc limit 1)
       from unnest(wanted) w where (select operator_may(who))""",
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0029_review_limits"), ("merchants", "0008_operator")]

    operations = [LAST_ORDERS]
