"""Of payments asked about equally often the newest comes first: its buyer is still there.

Of a thousand that wait, the oldest first would let a lost notice wait for all of them (L8).
"""

from django.db import migrations

from kacang.merchants import schema

DUE = """
    select merchant_id, id, asked from payment where ask_at <= clock_timestamp()
    order by asked, ask_at desc limit most
"""
DUE_BEFORE = """
    select merchant_id, id, asked from payment where ask_at <= clock_timestamp()
    order by asked, ask_at limit most
"""
SIGNATURE = "payments_due(most int)"
RESULT = "table (merchant_id bigint, id bigint, asked smallint)"
BEFORE = schema.definer(SIGNATURE, RESULT, DUE_BEFORE)


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_fresh_questions_first")]

    operations = [
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        schema.definer(SIGNATURE, RESULT, DUE),
    ]
