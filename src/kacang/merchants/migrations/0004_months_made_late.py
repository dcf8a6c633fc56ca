"""A month that is made late takes its rows out of the default partition."""

from django.db import migrations

# As before, but for `late_rows`: what an installation wrote that was off when its months were due.
MAKE = """
create or replace function kacang_make_partitions(parent text, months int) returns void
    language plpgsql security definer set search_path = public, pg_temp as $body$
declare first date; name text; since timestamptz; until timestamptz;
begin
    if not exists (select 1 from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
                   where c.relname = parent and c.relnamespace = 'public'::regnamespace) then
        raise exception 'no such partitioned table: %', parent;
    end if;
    for ahead in 0 .. least(months, 24) loop
        first := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead))::date;
        name := format('%s_%s', parent, to_char(first, 'YYYYMM'));
        since := first::timestamp at time zone 'UTC';
        until := (first + interval '1 month') at time zone 'UTC';
        if to_regclass('public.' || name) is null then
            execute format('lock table public.%I in access exclusive mode', parent || '_default');
            execute format('create temp table late_rows on commit drop as
                select * from public.%I where at >= %L and at < %L', parent || '_default', since, until);
            execute format('delete from public.%I where at >= %L and at < %L', parent || '_default', since, until);
            execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                name, parent, since, until);
            execute format('insert into public.%I overriding system value select * from pg_temp.late_rows', parent);
            drop table pg_temp.late_rows;
        end if;
    end loop;
end $body$;
"""


class Migration(migrations.Migration):
    dependencies = [("merchants", "0003_shared_tables")]

    operations = [migrations.RunSQL(MAKE, migrations.RunSQL.noop)]
