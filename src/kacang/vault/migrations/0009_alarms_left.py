"""Alarms are another room's now: goods run low too. The table stays as it is (S4)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vault", "0008_number_tails")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name="StockAlarm")]
        )
    ]
