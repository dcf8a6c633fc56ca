"""The table of transfers: balanced by construction, append-only by privilege (rule 12)."""

from django.db import migrations

from kacang.merchants import schema

TABLE = """
create table transfer (
    id bigint generated always as identity,
    merchant_id bigint not null,
    debit smallint not null,
    debit_owner bigint not null default 0,
    credit smallint not null,
    credit_owner bigint not null default 0,
    amount_minor bigint not null check (amount_minor > 0),
    currency varchar(4) not null,
    kind smallint not null,
    document_kind smallint not null,
    document_id bigint not null,
    reverses_id bigint,
    at timestamptz not null default clock_timestamp(),
    primary key (merchant_id, id),
    check ((debit, debit_owner) <> (credit, credit_owner)),
    foreign key (merchant_id, reverses_id) references transfer (merchant_id, id),
    check ((kind = 9) = (reverses_id is not null))
);
create unique index transfer_reversed_once on transfer (merchant_id, reverses_id)
    where reverses_id is not null;
create index transfer_document on transfer (merchant_id, document_kind, document_id);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        migrations.RunSQL(TABLE, "drop table transfer;"),
        schema.tenant_table("transfer", grants=schema.APPEND_ONLY),
    ]
