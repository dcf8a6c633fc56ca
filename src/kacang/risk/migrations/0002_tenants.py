"""Counters by hand, and policies (rule 9)."""

from django.db import migrations

from kacang.merchants import schema

TABLES = """
create table counter (
    merchant_id bigint not null,
    key bytea not null check (length(key) = 16),
    scope smallint not null,
    used int not null check (used >= 0),
    cap int not null,
    until timestamptz,
    primary key (merchant_id, key),
    check (used <= cap)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
"""


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_tables"), ("merchants", "0002_tenants")]

    operations = [
        migrations.RunSQL(TABLES, "drop table counter;"),
        schema.tenant_table("counter"),
        schema.tenant_table("block"),
        schema.of_merchant("block"),
    ]
