"""Orders of goods: which they are, and units that are to be handed over (S1)."""

from django.db import migrations

ORDERS = """
alter table sale_order add column has_goods boolean not null default false;
alter table order_unit drop constraint order_unit_state_check;
alter table order_unit add constraint order_unit_state_check check (state between 0 and 4);
"""
BACK = """
alter table order_unit drop constraint order_unit_state_check;
alter table order_unit add constraint order_unit_state_check check (state between 0 and 3);
alter table sale_order drop column has_goods;
"""
# As in 0003: what the planner should think of these tables while they are new.
SEED = """
do $$
declare wanted text;
begin
    if current_setting('server_version_num')::int >= 180000 then
        foreach wanted in array array['goods_slot', 'goods_hold'] loop
            perform pg_restore_attribute_stats(
                'schemaname', 'public', 'relname', wanted, 'attname', 'merchant_id',
                'inherited', false, 'null_frac', 0::real, 'avg_width', 8, 'n_distinct', 1::real);
        end loop;
    end if;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_goods_held")]

    operations = [
        migrations.RunSQL(ORDERS, BACK),
        migrations.RunSQL(SEED, migrations.RunSQL.noop),
    ]
