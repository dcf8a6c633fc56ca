"""Cards and who holds them: the hot tables by hand, and policies (rules 3 to 7, 16 to 19).

The primary keys begin with the merchant: one index serves the key, the composite references
and the policy.
"""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table card (
    id bigint generated always as identity,
    merchant_id bigint not null,
    sku_id bigint not null,
    pool_id bigint not null default 0,
    batch_id bigint not null,
    state smallint not null default 0 check (state between 0 and 7),
    pick_key bigint not null,
    line_id bigint,
    reserved_until timestamptz,
    expires_at timestamptz,
    fingerprint bytea not null check (length(fingerprint) = 16),
    number varchar(200),
    number_mask varchar(60),
    number_sealed bytea,
    secret bytea not null,
    is_loop boolean not null default false,
    remark varchar(200) not null default '',
    created_at timestamptz not null default clock_timestamp(),
    sold_at timestamptz,
    primary key (merchant_id, id),
    check ((state = 1) = (reserved_until is not null)),
    check (state not in (0, 1) or (state = 1) = (line_id is not null)),
    check (number is null or number_sealed is null),
    check (not is_loop or state in (0, 5, 6, 7))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create unique index card_once on card (merchant_id, fingerprint);
create index card_available on card (merchant_id, sku_id, pool_id, pick_key) where state = 0;
create index card_reserved on card (merchant_id, sku_id, pool_id, reserved_until) where state = 1;
create index card_expiry on card (merchant_id, expires_at) where state = 0 and expires_at is not null;

create table allocation (
    id bigint generated always as identity,
    merchant_id bigint not null,
    card_id bigint not null,
    line_id bigint not null,
    unit_no int not null,
    exclusive boolean not null,
    reserved_until timestamptz,
    delivered_at timestamptz,
    released_at timestamptz,
    foreign key (merchant_id, card_id) references card (merchant_id, id)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
-- One card to two buyers is impossible by this (rule 4, L3).
create unique index allocation_card_once on allocation (merchant_id, card_id)
    where exclusive and released_at is null;
create unique index allocation_unit_once on allocation (merchant_id, line_id, unit_no)
    where released_at is null;

create table card_movement (
    id bigint generated always as identity,
    merchant_id bigint not null,
    sku_id bigint not null,
    pool_id bigint not null default 0,
    batch_id bigint not null,
    from_state smallint,
    to_state smallint,
    cards int not null check (cards > 0),
    line_id bigint,
    at timestamptz not null default clock_timestamp(),
    xid bigint not null default (pg_current_xact_id()::text::bigint),
    check (from_state is distinct from to_state)
) partition by range (at);
create index card_movement_xid on card_movement (merchant_id, xid);
"""
MANAGED = ("pool", "batch", "card_level", "level_mark", "pick_mark")


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0001_tables"),
        ("catalog", "0002_tenants"),
        ("outbox", "0002_tenants"),
    ]

    operations = [
        migrations.RunSQL(TABLES, "drop table allocation, card, card_movement;"),
        schema.monthly("card_movement"),
        schema.tenant_table("card"),
        schema.tenant_table("allocation", grants="select, insert, update"),
        schema.tenant_table("card_movement", grants=schema.APPEND_ONLY),
        *(schema.tenant_table(table) for table in MANAGED),
        *(schema.of_merchant(table) for table in MANAGED),
        schema.tenant_key("pool"),
        schema.tenant_key("batch"),
        schema.tenant_reference("batch", "sku_id", "sku"),
        schema.tenant_reference("batch", "work_id", "work"),
        schema.tenant_reference("card_level", "sku_id", "sku"),
        schema.tenant_reference("card_level", "batch_id", "batch"),
        schema.tenant_reference("pick_mark", "sku_id", "sku"),
    ]
