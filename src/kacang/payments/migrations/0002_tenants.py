"""Payments, receipts and notices by hand, and policies (rules 11, 14, 16 to 18)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table payment (
    id bigint generated always as identity,
    merchant_id bigint not null,
    number varchar(32) not null unique check (number ~ '^[0-9A-Za-z]{8,32}$'),
    order_id bigint not null,
    account_id bigint not null,
    state smallint not null default 0 check (state between 0 and 3),
    amount_minor bigint not null check (amount_minor >= 0),
    currency varchar(4) not null,
    rate_nano bigint,
    rate_at timestamptz,
    pay_url varchar(500) not null default '',
    qr_content varchar(500) not null default '',
    created_at timestamptz not null,
    paid_at timestamptz,
    ask_at timestamptz,
    asked smallint not null default 0,
    asked_at timestamptz,
    primary key (merchant_id, id)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
create index payment_order on payment (merchant_id, order_id);
create index payment_ask on payment (ask_at) where ask_at is not null;

create table receipt (
    id bigint generated always as identity,
    merchant_id bigint not null,
    account_id bigint not null,
    payment_id bigint,
    payment_number varchar(64) not null,
    provider_number varchar(128) not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency varchar(4) not null,
    fit smallint,
    seen_at timestamptz not null,
    resolved_at timestamptz,
    primary key (merchant_id, id),
    unique (account_id, provider_number),
    foreign key (merchant_id, payment_id) references payment (merchant_id, id)
);
create index receipt_payment on receipt (merchant_id, payment_id);
create index receipt_suspense on receipt (merchant_id, id) where fit <> 0 and resolved_at is null;

create table notice (
    id bigint generated always as identity,
    merchant_id bigint not null,
    account_id bigint not null,
    notice_id varchar(128) not null,
    payment_number varchar(64) not null,
    provider_number varchar(128) not null,
    amount_minor bigint not null,
    currency varchar(4) not null,
    is_final boolean not null,
    raw text not null,
    received_at timestamptz not null,
    acted_at timestamptz,
    outcome smallint not null default 0 check (outcome between 0 and 5),
    tries smallint not null default 0,
    primary key (merchant_id, id),
    unique (account_id, notice_id)
);
create index notice_waiting on notice (merchant_id, id) where acted_at is null;
"""
KIND = """
alter table merchant add constraint merchant_kind_key unique (id, kind);
alter table account add constraint account_merchant_kind foreign key (merchant_id, merchant_kind)
    references merchant (id, kind);
"""
DUE = """
    select merchant_id, id from payment where ask_at <= clock_timestamp() order by ask_at limit most
"""
WAITING = """
    select merchant_id, id from notice
    where acted_at is null and received_at < clock_timestamp() - interval '2 seconds' and tries < 200
    order by id limit most
"""
ACCOUNT = """
    select a.id, a.merchant_id, a.provider, a.enabled, a.secrets, a.options, a.currency
    from account a where a.uid = wanted
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        migrations.RunSQL(TABLES, "drop table notice, receipt, payment;"),
        migrations.RunSQL(KIND, migrations.RunSQL.noop),
        schema.tenant_table("account"),
        schema.tenant_table("payment", grants="select, insert, update"),
        schema.tenant_table("receipt", grants="select, insert, update"),
        schema.tenant_table("notice", grants="select, insert, update"),
        schema.tenant_table("forgery"),
        schema.tenant_key("account"),
        schema.tenant_reference("forgery", "account_id", "account"),
        schema.tenant_table("sandbox_charge"),
        schema.tenant_reference("sandbox_charge", "account_id", "account"),
        schema.definer("payments_due(most int)", "table (merchant_id bigint, id bigint)", DUE),
        schema.definer(
            "notices_waiting(most int)", "table (merchant_id bigint, id bigint)", WAITING
        ),
        schema.definer(
            "payment_account_of_uid(wanted text)",
            "table (id bigint, merchant_id bigint, provider varchar, enabled boolean, secrets bytea,"
            " options jsonb, currency varchar)",
            ACCOUNT,
        ),
    ]
