"""Whether a unit's code was ever shown: one that was not can be sold again after a refund (P4)."""

from django.db import migrations, models

# Nobody knows it of codes that were delivered before: they count as shown.
SHOWN = """
alter table allocation add column is_shown boolean not null default true;
alter table allocation alter column is_shown set default false;
"""
BACK = "alter table allocation drop column is_shown;"


class Migration(migrations.Migration):
    dependencies = [("vault", "0012_expiry_notices")]

    operations = [
        migrations.RunSQL(
            SHOWN,
            BACK,
            state_operations=[
                migrations.AddField("allocation", "is_shown", models.BooleanField(default=False)),
            ],
        ),
    ]
