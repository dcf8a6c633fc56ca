"""Payments that nobody was asked about come first: a flash sale's unpaid orders hold up none."""

from django.db import migrations

from kacang.merchants import schema

DUE = """
    select merchant_id, id, asked from payment where ask_at <= clock_timestamp()
    order by asked, ask_at limit most
"""
DUE_BEFORE = """
    select merchant_id, id from payment where ask_at <= clock_timestamp() order by ask_at limit most
"""
SIGNATURE = "payments_due(most int)"
BEFORE = schema.definer(SIGNATURE, "table (merchant_id bigint, id bigint)", DUE_BEFORE)


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_patience_is_shared")]

    operations = [
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        schema.definer(SIGNATURE, "table (merchant_id bigint, id bigint, asked smallint)", DUE),
    ]
