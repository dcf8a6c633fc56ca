"""What the planner should think of the hot tables while they are still empty or new.

A process keeps its plans until statistics are gathered, and those come only after a first rush.
Without any, PostgreSQL supposes 200 merchants, takes "all rows of the merchant" for a handful, and
reads them all to find one: the callbacks of a new shop took 36 ms after 500 orders and ever more.
One merchant is the worst case, so that is what it is told; the first ANALYZE replaces it.
PostgreSQL 18 can be told; older ones gather their own in time.
"""

from django.db import migrations

HOT = {
    "merchant_id": (
        "sale_order", "order_line", "order_unit", "card", "allocation", "payment", "receipt",
        "notice", "transfer", "outbox", "counter", "sku", "product", "batch", "pick_mark",
        "idempotency",
    ),
    "account_id": ("payment", "receipt", "notice"),
}  # fmt: skip

PAIRS = ", ".join(f"('{table}', '{column}')" for column, tables in HOT.items() for table in tables)
SEED = f"""
do $$
declare wanted record;
begin
    if current_setting('server_version_num')::int >= 180000 then
        for wanted in select * from (values {PAIRS}) as w(tab, col) loop
            perform pg_restore_attribute_stats(
                'schemaname', 'public', 'relname', wanted.tab, 'attname', wanted.col,
                'inherited', false, 'null_frac', 0::real, 'avg_width', 8, 'n_distinct', 1::real);
        end loop;
    end if;
end $$;
"""

# Columns of which nearly every row holds nothing: without this, one row in 200 is thought to.
SEED_EMPTY = """
do $$
begin
    if current_setting('server_version_num')::int >= 180000 then
        perform pg_restore_attribute_stats(
            'schemaname', 'public', 'relname', 'allocation', 'attname', 'released_at',
            'inherited', false, 'null_frac', 1::real, 'avg_width', 8, 'n_distinct', 0::real);
    end if;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_tenants"),
        ("vault", "0002_tenants"),
        ("payments", "0002_tenants"),
        ("ledger", "0002_tenants"),
        ("outbox", "0002_tenants"),
        ("risk", "0002_tenants"),
        ("catalog", "0002_tenants"),
    ]

    operations = [
        migrations.RunSQL(SEED, migrations.RunSQL.noop),
        migrations.RunSQL(SEED_EMPTY, migrations.RunSQL.noop),
    ]
