"""Policies, grants and the functions that answer before a merchant is known (rules 16, 17)."""

from django.db import migrations

from kacang.merchants import schema

FUNCTIONS = [
    schema.definer(
        "kacang_make_partitions(parent text, months int)",
        "void",
        """
        declare first date; name text;
        begin
            if not exists (select 1 from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
                           where c.relname = parent and c.relnamespace = 'public'::regnamespace) then
                raise exception 'no such partitioned table: %', parent;
            end if;
            for ahead in 0 .. least(months, 24) loop
                first := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead))::date;
                name := format('%s_%s', parent, to_char(first, 'YYYYMM'));
                if to_regclass('public.' || name) is null then
                    execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                        name, parent, first::timestamp at time zone 'UTC',
                        (first + interval '1 month') at time zone 'UTC');
                end if;
            end loop;
        end
        """,
        language="plpgsql",
    ),
    schema.definer(
        "merchant_of_slug(wanted text)", "bigint", "select id from merchant where slug = wanted"
    ),
    schema.definer(
        "merchant_of_host(wanted text)",
        "bigint",
        "select merchant_id from host where name = lower(wanted)",
    ),
    schema.definer(
        "first_merchant()",
        "bigint",
        "select id from merchant where kind <> 'test' order by id limit 1",
    ),
    schema.definer("all_merchants()", "setof bigint", "select id from merchant order by id"),
    schema.definer(
        "open_merchant(uid text, slug text, name text, kind text, time_zone text, currency text,"
        " twin_of bigint)",
        "bigint",
        """insert into merchant (uid, slug, name, kind, time_zone, currency, twin_of_id, created_at)
           values (uid, slug, name, kind, time_zone, currency, twin_of, clock_timestamp())
           returning id""",
    ),
    schema.definer(
        "twin_of_merchant(original bigint)",
        "bigint",
        "select id from merchant where twin_of_id = original and kind = 'test'",
    ),
    # Deletes every row of a trial merchant, whatever its tables reference: those that are still
    # referenced are tried again after the others. Other kinds are never found (rule 14).
    schema.definer(
        "wipe_twin(original bigint)",
        "boolean",
        """
        declare doomed bigint; pending text[]; again text[]; one text;
        begin
            select id into doomed from merchant where twin_of_id = original and kind = 'test' for update;
            if doomed is null then
                return false;
            end if;
            select array_agg(c.relname::text order by c.oid desc) into pending from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
              and not c.relispartition and c.relrowsecurity;
            for round in 1 .. 30 loop
                again := '{}';
                foreach one in array pending loop
                    begin
                        execute format('delete from public.%I where merchant_id = $1', one) using doomed;
                    exception when foreign_key_violation then
                        again := again || one;
                    end;
                end loop;
                exit when again = '{}';
                pending := again;
            end loop;
            delete from merchant where id = doomed;
            return true;
        end
        """,
        language="plpgsql",
    ),
    schema.definer(
        "workplaces(person bigint)",
        "int",
        "select count(*)::int from membership where user_id = person",
    ),
    schema.definer(
        "memberships_of(person bigint)",
        "table (merchant_id bigint, uid text, name text, slug text, kind text, time_zone text,"
        " currency text, role text)",
        """select m.id, s.uid, m.name, m.slug, m.kind, m.time_zone, m.currency, s.role
           from membership s join merchant m on m.id = s.merchant_id
           where s.user_id = person and s.disabled_at is null order by m.id""",
    ),
    schema.definer(
        "api_key_of_hash(wanted bytea)",
        "table (id bigint, merchant_id bigint, merchant_kind text, uid text, name text, scopes varchar[],"
        " addresses varchar[], rate_per_minute int, expires_at timestamptz, revoked_at timestamptz,"
        " used_at timestamptz)",
        """select k.id, k.merchant_id, m.kind, k.uid, k.name, k.scopes, k.addresses, k.rate_per_minute,
                  k.expires_at, k.revoked_at, k.used_at
           from api_key k join merchant m on m.id = k.merchant_id where k.key_hash = wanted""",
    ),
]

AUDIT = """
create table audit_entry (
    id bigint generated always as identity,
    merchant_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    actor_kind varchar(10) not null,
    actor_id bigint,
    actor_label varchar(120) not null default '',
    action varchar(60) not null,
    object_kind varchar(30) not null default '',
    object_uid varchar(60) not null default '',
    before jsonb,
    after jsonb,
    reason varchar(300) not null default '',
    address varchar(50) not null default '',
    -- bigint for xid8: the same order, and a type that models and seals read without a cast
    xid bigint not null default (pg_current_xact_id()::text::bigint)
) partition by range (at);
create index audit_entry_recent on audit_entry (merchant_id, id);
create index audit_entry_xid on audit_entry (merchant_id, xid);
create index audit_entry_object on audit_entry (merchant_id, object_uid);
create index audit_entry_action on audit_entry (merchant_id, action, id);
create index audit_entry_actor on audit_entry (merchant_id, actor_label, id);
"""

TENANTS = ("host", "membership", "api_key", "setting", "data_key", "log_seal")


class Migration(migrations.Migration):
    dependencies = [("merchants", "0001_tables")]

    operations = [
        *FUNCTIONS,
        migrations.RunSQL(AUDIT, "drop table audit_entry;"),
        schema.monthly("audit_entry"),
        schema.tenant_table("audit_entry", grants=schema.APPEND_ONLY),
        schema.of_merchant("log_seal"),
        schema.tenant_table("merchant", column="id", grants="select, update"),
        *(schema.tenant_table(table) for table in TENANTS if table != "log_seal"),
        schema.tenant_table("log_seal", grants=schema.APPEND_ONLY),
        *(schema.of_merchant(table) for table in TENANTS if table != "log_seal"),
    ]
