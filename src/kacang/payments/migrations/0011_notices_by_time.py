"""Messages about a payment are found by when they came: an index of a few pages (P2)."""

from django.db import migrations

MAKE = """
create index notice_time on notice using brin (received_at) with (pages_per_range = 16, autosummarize = on);
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_by_time")]

    operations = [migrations.RunSQL(MAKE, "drop index notice_time;")]
