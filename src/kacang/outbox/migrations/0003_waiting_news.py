"""How much news waits, of all merchants together: for the operator's figures."""

from django.db import migrations

from kacang.merchants import schema

# Counted up to a bound: beyond it, it does not matter how many.
WAITING = """
    select count(*)::int, extract(epoch from clock_timestamp() - min(created_at))::float8
    from (select created_at from outbox order by id limit 10000) few
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_tenants")]

    operations = [
        schema.definer("outbox_waiting()", "table (news int, oldest_seconds float8)", WAITING),
    ]
