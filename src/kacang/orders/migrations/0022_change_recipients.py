"""Whom goods go to as a part of a change: sealed, in a column of its own (O6)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0021_ending")]

    operations = [
        migrations.RunSQL(
            "alter table change_request add column recipient_sealed bytea;",
            "alter table change_request drop column recipient_sealed;",
        ),
    ]
