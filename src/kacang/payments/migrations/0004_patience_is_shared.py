"""Notices that were tried least come first: those that never fit hold up no newer one."""

from django.db import migrations

WAITING = """
create or replace function notices_waiting(most int) returns table (merchant_id bigint, id bigint)
    language sql security definer set search_path = public, pg_temp as $body$
    select merchant_id, id from notice
    where acted_at is null and received_at < clock_timestamp() - interval '2 seconds' and tries < 200
    order by tries, id limit most
$body$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_forgeries_seen")]

    operations = [migrations.RunSQL(WAITING, migrations.RunSQL.noop)]
