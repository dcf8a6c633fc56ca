"""Bills, their rows, and differences (F2)."""

from django.db import migrations, models

from kacang.merchants import schema

TABLES = """
create table bill (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    account_id bigint not null,
    day date not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    state smallint not null default 0 check (state between 0 and 3),
    is_fetched boolean not null default true,
    file_name varchar(120) not null default '',
    digest varchar(64) not null default '',
    -- Of the numbered readings the one whose rows count, and the last that was begun.
    reading integer not null default 0,
    readings integer not null default 0,
    rows integer not null default 0,
    totals jsonb not null default '{}',
    fee_transfers jsonb not null default '{}',
    problem varchar(60) not null default '',
    tries smallint not null default 0,
    next_at timestamptz,
    read_at timestamptz,
    closed_at timestamptz,
    closed_by varchar(120) not null default '',
    primary key (merchant_id, id),
    unique (merchant_id, account_id, day),
    unique (merchant_id, id, account_id),
    check ((state = 3) = (closed_at is not null))
);
create index bill_due on bill (next_at) where next_at is not null;

create table bill_row (
    merchant_id bigint not null,
    bill_id bigint not null,
    reading integer not null,
    line integer not null,
    account_id bigint not null,
    what smallint not null check (what in (0, 1)),
    is_done boolean not null,
    provider_number varchar(128) not null,
    payment_number varchar(64) not null,
    refund_number varchar(64) not null,
    currency varchar(4) not null,
    amount_minor bigint not null check (amount_minor > 0),
    fee_minor bigint,
    at timestamptz not null,
    primary key (merchant_id, bill_id, reading, line),
    foreign key (merchant_id, bill_id, account_id) references bill (merchant_id, id, account_id)
);
create index bill_row_number on bill_row (merchant_id, account_id, provider_number);

create table difference (
    id bigint generated always as identity,
    merchant_id bigint not null,
    bill_id bigint not null,
    account_id bigint not null,
    kind smallint not null check (kind between 1 and 4),
    what smallint not null check (what in (0, 1)),
    provider_number varchar(128) not null,
    copy integer not null default 1,
    payment_number varchar(64) not null default '',
    refund_number varchar(64) not null default '',
    currency varchar(4) not null,
    theirs_minor bigint,
    ours_minor bigint,
    line integer,
    found_at timestamptz not null default clock_timestamp(),
    resolution smallint check (resolution between 1 and 3),
    resolved_at timestamptz,
    resolved_by varchar(120) not null default '',
    note varchar(300) not null default '',
    primary key (merchant_id, id),
    unique (merchant_id, bill_id, kind, what, provider_number, copy),
    foreign key (merchant_id, bill_id, account_id) references bill (merchant_id, id, account_id),
    check ((resolution is null) = (resolved_at is null)),
    check (theirs_minor is not null or ours_minor is not null)
);
create index difference_open on difference (merchant_id, account_id, kind, provider_number)
    where resolution is null;
"""
DUE = """
    select merchant_id, id from bill where next_at <= clock_timestamp() order by next_at limit most
"""
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True
    dependencies = [("payments", "0007_every_company"), ("merchants", "0005_retired_keys")]

    operations = [
        migrations.CreateModel(
            name="Bill",
            fields=[("id", ID)],
            options={"db_table": "bill", "managed": False},
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[("id", ID)],
            options={"db_table": "difference", "managed": False},
        ),
        migrations.RunSQL(TABLES, "drop table difference, bill_row, bill;"),
        schema.tenant_table("bill", grants="select, insert, update"),
        schema.tenant_table("bill_row", grants="select, insert, delete"),
        schema.tenant_table("difference", grants="select, insert, update"),
        schema.tenant_reference("bill", "account_id", "account"),
        schema.of_merchant("bill"),
        schema.definer("bills_due(most int)", "table (merchant_id bigint, id bigint)", DUE),
    ]
