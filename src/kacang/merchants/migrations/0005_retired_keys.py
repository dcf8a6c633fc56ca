"""Data keys under which nothing is sealed any more are marked (V4)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0004_months_made_late")]

    operations = [
        migrations.AddField("datakey", "retired_at", models.DateTimeField(null=True)),
    ]
