"""Data keys under which nothing is sealed any more are marked (V4)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0003_shared_tables")]

    operations = [
        migrations.AddField("datakey", "retired_at", models.DateTimeField(null=True)),
    ]
