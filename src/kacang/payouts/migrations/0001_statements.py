"""Agreements, statements with the transfers that they count, and payouts (F4)."""

from django.db import migrations, models

from kacang.merchants import schema

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
TABLES = """
create table agreement (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    party smallint not null check (party between 1 and 9),
    owner bigint not null default 0,
    name varchar(80) not null,
    period smallint not null check (period between 1 and 3),
    rate_millionths integer not null check (rate_millionths between 0 and 1000000),
    fixed_minor bigint not null default 0 check (fixed_minor >= 0),
    currency varchar(4) not null,
    hold_days smallint not null default 0 check (hold_days between 0 and 180),
    starts_on date not null,
    ends_on date check (ends_on >= starts_on),
    counted_to bigint not null default 0,
    primary key (merchant_id, id)
);
create unique index agreement_in_force on agreement (merchant_id, party, owner, currency)
    where ends_on is null;

create table statement (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    agreement_id bigint not null,
    starts_on date not null,
    ends_on date not null check (ends_on > starts_on),
    state smallint not null default 1 check (state in (1, 2)),
    lines integer not null default 0,
    base_minor bigint not null default 0,
    amount_minor bigint not null default 0,
    carried_minor bigint not null default 0 check (carried_minor <= 0),
    paid_minor bigint not null default 0 check (paid_minor >= 0),
    currency varchar(4) not null,
    issued_at timestamptz not null default clock_timestamp(),
    paid_at timestamptz,
    primary key (merchant_id, id),
    unique (merchant_id, agreement_id, starts_on),
    unique (merchant_id, id, agreement_id),
    foreign key (merchant_id, agreement_id) references agreement (merchant_id, id),
    check (paid_minor <= greatest(amount_minor + carried_minor, 0))
);

create table statement_line (
    merchant_id bigint not null,
    statement_id bigint not null,
    agreement_id bigint not null,
    transfer_id bigint not null,
    base_minor bigint not null check (base_minor <> 0),
    amount_minor bigint not null,
    document_kind smallint not null,
    document_id bigint not null,
    at timestamptz not null,
    primary key (merchant_id, statement_id, transfer_id),
    -- A sale is counted once, whatever happens.
    unique (merchant_id, agreement_id, transfer_id),
    foreign key (merchant_id, statement_id, agreement_id)
        references statement (merchant_id, id, agreement_id),
    foreign key (merchant_id, transfer_id) references transfer (merchant_id, id)
);

create table payout (
    id bigint generated always as identity,
    merchant_id bigint not null,
    uid varchar(32) not null unique,
    statement_id bigint not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency varchar(4) not null,
    reference varchar(120) not null,
    recorded_by varchar(120) not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, id),
    -- The same money is recorded once.
    unique (merchant_id, statement_id, reference),
    foreign key (merchant_id, statement_id) references statement (merchant_id, id)
);
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("ledger", "0002_tenants"), ("merchants", "0005_retired_keys")]

    operations = [
        migrations.CreateModel(
            name=name, fields=[("id", ID)], options={"db_table": name.lower(), "managed": False}
        )
        for name in ("Agreement", "Statement", "Payout")
    ] + [
        migrations.RunSQL(TABLES, "drop table payout, statement_line, statement, agreement;"),
        schema.tenant_table("agreement", grants="select, insert, update"),
        schema.tenant_table("statement", grants="select, insert, update"),
        schema.tenant_table("statement_line", grants=schema.APPEND_ONLY),
        schema.tenant_table("payout", grants=schema.APPEND_ONLY),
        schema.of_merchant("agreement"),
    ]
