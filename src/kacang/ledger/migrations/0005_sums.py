"""Sums of transfers by day: what stands on the accounts costs the same for ever (F1).

`xid` says which transfers are in the sums. Rows come in its order: its index is tiny.
"""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

COLUMN = """
alter table transfer
    add column xid bigint not null default (pg_current_xact_id()::text::bigint);
create index transfer_xid on transfer using brin (xid)
    with (pages_per_range = 16, autosummarize = on);
"""
SUMS = """
create table transfer_sum (
    merchant_id bigint not null,
    day date not null,
    debit smallint not null,
    credit smallint not null,
    kind smallint not null,
    currency varchar(4) not null,
    transfers bigint not null,
    amount_minor bigint not null,
    primary key (merchant_id, day, debit, credit, kind, currency)
);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_wallets")]

    operations = [
        migrations.CreateModel(
            name="TransferMark",
            fields=[
                (
                    "merchant",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="merchants.merchant",
                    ),
                ),
                ("upto_xid", models.BigIntegerField(default=0)),
            ],
            options={"db_table": "transfer_mark"},
        ),
        migrations.RunSQL(COLUMN, "alter table transfer drop column xid;"),
        migrations.RunSQL(SUMS, "drop table transfer_sum;"),
        schema.tenant_table("transfer_sum"),
        schema.tenant_table("transfer_mark"),
        schema.of_merchant("transfer_sum"),
        schema.of_merchant("transfer_mark"),
    ]
