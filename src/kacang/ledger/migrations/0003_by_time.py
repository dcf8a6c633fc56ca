"""Sums of a period read the rows of that period. Rows come in order of time: the index is tiny."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_tenants")]

    operations = [
        migrations.RunSQL(
            "create index transfer_time on transfer using brin (at)"
            " with (pages_per_range = 16, autosummarize = on);",
            "drop index transfer_time;",
        ),
    ]
