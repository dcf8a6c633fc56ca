"""Slots, holds and movements by hand, and policies (rules 8, 16 to 18)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table goods_slot (
    merchant_id bigint not null,
    sku_id bigint not null,
    warehouse_id bigint not null,
    slot_no smallint not null,
    quantity int not null check (quantity >= 0),
    primary key (merchant_id, sku_id, warehouse_id, slot_no)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);

create table goods_hold (
    id bigint generated always as identity,
    merchant_id bigint not null,
    line_id bigint not null,
    sku_id bigint not null,
    warehouse_id bigint not null,
    pieces int not null check (pieces > 0),
    state smallint not null check (state between 1 and 4),
    reserved_until timestamptz,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, id),
    check ((state = 1) = (reserved_until is not null))
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
create index goods_hold_line on goods_hold (merchant_id, line_id);
create index goods_hold_reserved on goods_hold (merchant_id, sku_id, reserved_until) where state = 1;

create table goods_movement (
    id bigint generated always as identity,
    merchant_id bigint not null,
    sku_id bigint not null,
    warehouse_id bigint not null,
    from_state smallint check (from_state between 0 and 3),
    to_state smallint check (to_state between 0 and 3),
    pieces int not null check (pieces > 0),
    cost_minor bigint not null default 0 check (cost_minor >= 0),
    entry_id bigint,
    line_id bigint,
    at timestamptz not null default clock_timestamp(),
    xid bigint not null default (pg_current_xact_id()::text::bigint),
    check (from_state is distinct from to_state),
    check ((entry_id is null) <> (line_id is null))
) partition by range (at);
create index goods_movement_xid on goods_movement (merchant_id, xid);
create index goods_movement_sku on goods_movement (merchant_id, sku_id, id);
"""
MANAGED = ("warehouse", "goods_entry", "goods_worth", "goods_level", "goods_mark")


class Migration(migrations.Migration):
    dependencies = [
        ("stock", "0001_tables"),
        ("catalog", "0003_goods"),
        ("ledger", "0002_tenants"),
        ("outbox", "0002_tenants"),
    ]

    operations = [
        migrations.RunSQL(TABLES, "drop table goods_movement, goods_hold, goods_slot;"),
        schema.monthly("goods_movement"),
        schema.tenant_table("goods_slot", grants="select, insert, update"),
        schema.tenant_table("goods_hold", grants="select, insert, update"),
        schema.tenant_table("goods_movement", grants=schema.APPEND_ONLY),
        *(schema.tenant_table(table) for table in MANAGED),
        *(schema.of_merchant(table) for table in MANAGED),
        schema.tenant_key("warehouse"),
        schema.tenant_key("goods_entry"),
        schema.tenant_reference("goods_entry", "sku_id", "sku"),
        schema.tenant_reference("goods_entry", "warehouse_id", "warehouse"),
        schema.tenant_reference("goods_entry", "to_warehouse_id", "warehouse"),
        schema.tenant_reference("goods_worth", "sku_id", "sku"),
        schema.tenant_reference("goods_level", "sku_id", "sku"),
        schema.tenant_reference("goods_level", "warehouse_id", "warehouse"),
        schema.tenant_reference("goods_slot", "sku_id", "sku"),
        schema.tenant_reference("goods_slot", "warehouse_id", "warehouse"),
    ]
