"""Months of a log that nobody looks at any more are dropped, where it is no sealed one."""

from django.db import migrations

# The app owns no table: what it may drop is named here. Sealed logs are not.
DROP = """
create function kacang_drop_months(parent text, months int) returns int
    language plpgsql security definer set search_path = public, pg_temp as $body$
declare month text; before text; dropped int := 0;
begin
    if parent <> 'provider_call' or months < 1 then
        raise exception 'months of % are not dropped', parent;
    end if;
    before := to_char(date_trunc('month', now() at time zone 'UTC') - make_interval(months => months),
                      'YYYYMM');
    for month in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ('public.' || parent)::regclass
          and c.relname ~ ('^' || parent || '_[0-9]{6}$') and right(c.relname, 6) < before
        order by 1
    loop
        execute format('drop table public.%I', month);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $body$;
revoke execute on function kacang_drop_months(text, int) from public;
grant execute on function kacang_drop_months(text, int) to kacang_app;
"""
BACK = "drop function kacang_drop_months(text, int);"


class Migration(migrations.Migration):
    dependencies = [("merchants", "0005_retired_keys"), ("payments", "0013_back_to_wallets")]

    operations = [migrations.RunSQL(DROP, BACK)]
