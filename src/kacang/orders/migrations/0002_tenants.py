"""Orders, lines, units and timeline by hand, and policies (rules 6, 16 to 18, 23)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table sale_order (
    id bigint generated always as identity,
    merchant_id bigint not null,
    number varchar(20) not null,
    external_number varchar(64),
    api_key_id bigint not null default 0,
    channel varchar(10) not null,
    state smallint not null check (state between 0 and 9),
    hold_reason varchar(30) not null default '',
    currency varchar(4) not null,
    total_minor bigint not null check (total_minor >= 0),
    discount_minor bigint not null default 0 check (discount_minor >= 0),
    payable_minor bigint not null check (payable_minor >= 0),
    email varchar(254) not null default '',
    phone varchar(20) not null default '',
    phone_tail varchar(4) not null default '',
    language varchar(8) not null default 'zh-Hans',
    form jsonb not null default '{}',
    form_sealed bytea,
    token_hash bytea not null,
    password_hash varchar(200) not null default '',
    address varchar(50) not null default '',
    device varchar(64) not null default '',
    held_counters bytea,
    limit_counters bytea,
    pay_by timestamptz not null,
    created_at timestamptz not null,
    paid_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    primary key (merchant_id, id),
    unique (merchant_id, number),
    check (payable_minor = total_minor - discount_minor)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
create index sale_order_state on sale_order (merchant_id, state, id);
create unique index sale_order_external on sale_order (merchant_id, api_key_id, external_number)
    where external_number is not null;
create index sale_order_email on sale_order (merchant_id, email, id) where email <> '';
create index sale_order_phone on sale_order (merchant_id, phone, id) where phone <> '';
create index sale_order_pay_by on sale_order (merchant_id, pay_by) where state = 0;
create index sale_order_paid on sale_order (merchant_id, paid_at) where paid_at is not null;

create table order_line (
    id bigint generated always as identity,
    merchant_id bigint not null,
    order_id bigint not null,
    line_no smallint not null,
    sku_id bigint not null,
    quantity int not null check (quantity between 1 and 10000),
    unit_price_minor bigint not null check (unit_price_minor >= 0),
    discount_minor bigint not null default 0 check (discount_minor >= 0),
    unit_cost_minor bigint not null default 0 check (unit_cost_minor >= 0),
    title jsonb not null,
    sku_title jsonb not null,
    kind varchar(20) not null,
    cover varchar(20) not null default '',
    guide jsonb not null default '{}',
    form_version int not null default 1,
    stock_mode smallint not null default 0,
    is_chosen boolean not null default false,
    primary key (merchant_id, id),
    foreign key (merchant_id, order_id) references sale_order (merchant_id, id)
);
create unique index order_line_of_order on order_line (merchant_id, order_id, line_no);

create table order_unit (
    merchant_id bigint not null,
    line_id bigint not null,
    unit_no int not null,
    state smallint not null default 0 check (state between 0 and 3),
    delivered_at timestamptz,
    primary key (merchant_id, line_id, unit_no),
    foreign key (merchant_id, line_id) references order_line (merchant_id, id),
    check ((state = 2) = (delivered_at is not null))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index order_unit_short on order_unit (merchant_id, line_id) where state = 1;

create table timeline (
    id bigint generated always as identity,
    merchant_id bigint not null,
    order_id bigint not null,
    event smallint not null,
    actor_kind varchar(10) not null default 'system',
    actor_label varchar(120) not null default '',
    detail jsonb not null default '{}',
    address varchar(50) not null default '',
    at timestamptz not null default clock_timestamp(),
    xid bigint not null default (pg_current_xact_id()::text::bigint)
) partition by range (at);
create index timeline_order on timeline (merchant_id, order_id);
create index timeline_xid on timeline (merchant_id, xid);

alter table allocation add foreign key (merchant_id, line_id) references order_line (merchant_id, id);
alter table payment add foreign key (merchant_id, order_id) references sale_order (merchant_id, id);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_tables"),
        ("vault", "0002_tenants"),
        ("payments", "0002_tenants"),
        ("risk", "0002_tenants"),
    ]

    operations = [
        migrations.RunSQL(
            TABLES, "drop table timeline, order_unit, order_line, sale_order cascade;"
        ),
        schema.monthly("timeline"),
        schema.tenant_table("sale_order", grants="select, insert, update"),
        schema.tenant_table("order_line", grants="select, insert, update"),
        schema.tenant_table("order_unit", grants="select, insert, update"),
        schema.tenant_table("timeline", grants=schema.APPEND_ONLY),
        *(schema.tenant_table(table) for table in ("access_token", "access_code")),
        *(
            schema.tenant_reference(table, "order_id", "sale_order")
            for table in ("access_token", "access_code")
        ),
    ]
