"""A role that reaches to some orders is told of those alone (I1, N1)."""

from django.db import migrations

# Reading alone: who hands an order on is still heard by others. A notice that names no order
# counts over all of them.
WITHIN = """
create policy reach on message as restrictive for select to kacang_app
    using (case when coalesce(current_setting('kacang.reach', true), '') = ''
                     or channel <> 'in_app' then true
                else coalesce((select true from sale_order o
                               where o.merchant_id = message.merchant_id
                                 and o.number = message.context ->> 'order' limit 1), false) end);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0024_missed_orders"), ("messages_room", "0008_bell")]

    operations = [migrations.RunSQL(WITHIN, "drop policy reach on message;")]
