"""Sums of a period read the rows of that period. Rows come in order of time: the index is tiny."""

from django.db import migrations

INDEX = (
    "create index {0}_time on {0} using brin ({1}) with (pages_per_range = 16, autosummarize = on);"
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_bank_transfers")]

    operations = [
        migrations.RunSQL(INDEX.format("receipt", "seen_at"), "drop index receipt_time;"),
        migrations.RunSQL(INDEX.format("payment", "created_at"), "drop index payment_time;"),
    ]
