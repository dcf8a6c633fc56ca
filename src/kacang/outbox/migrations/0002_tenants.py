"""The hot tables by hand, and policies (rules 15 to 19)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table outbox (
    id bigint generated always as identity primary key,
    merchant_id bigint not null,
    kind varchar(40) not null,
    payload jsonb not null,
    created_at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

create table idempotency (
    merchant_id bigint not null,
    api_key_id bigint not null,
    key varchar(255) not null,
    request_hash bytea not null,
    status smallint,
    response jsonb,
    expires_at timestamptz not null,
    primary key (merchant_id, api_key_id, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index idempotency_expiry on idempotency (expires_at);
"""

TAKE = """
    delete from outbox where id in (
        select id from outbox order by id limit most for update skip locked
    ) returning id, merchant_id, kind, payload
"""
SWEEP = """
    with gone as (
        delete from idempotency where (merchant_id, api_key_id, key) in (
            select merchant_id, api_key_id, key from idempotency
            where expires_at <= clock_timestamp() limit most for update skip locked)
        returning 1
    ) select count(*)::int from gone
"""
EXPIRED_FILES = """
    select merchant_id, id from sealed_file where expires_at <= clock_timestamp() order by id limit most
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        migrations.RunSQL(TABLES, "drop table outbox; drop table idempotency;"),
        schema.tenant_table("outbox", grants="select, insert"),
        schema.tenant_table("idempotency"),
        schema.definer(
            "outbox_take(most int)",
            "table (id bigint, merchant_id bigint, kind varchar, payload jsonb)",
            TAKE,
        ),
        schema.definer("idempotency_sweep(most int)", "int", SWEEP),
        schema.definer(
            "sealed_files_expired(most int)", "table (merchant_id bigint, id bigint)", EXPIRED_FILES
        ),
        *(schema.tenant_table(table) for table in ("work", "sealed_file", "sealed_chunk")),
        *(schema.of_merchant(table) for table in ("work", "sealed_file")),
        schema.tenant_key("work"),
        schema.tenant_key("sealed_file"),
        schema.tenant_reference(
            "sealed_chunk", "file_id", "sealed_file", on_delete="on delete cascade"
        ),
    ]
