"""Saved views of the list of orders, and what people chose for it (O2)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _merchant() -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        on_delete=django.db.models.deletion.PROTECT,
        to="merchants.merchant",
    )


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_deadline_marks")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", ID),
                ("uid", models.CharField(max_length=32)),
                ("person_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=40)),
                ("query", models.TextField(blank=True)),
                ("columns", models.JSONField(default=list)),
                ("is_shared", models.BooleanField(default=False)),
                ("roles", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("merchant", _merchant()),
            ],
            options={
                "db_table": "saved_view",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "uid"), name="saved_view_uid_once"),
                    models.UniqueConstraint(
                        fields=("merchant", "person_id", "name"), name="saved_view_name_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListChoice",
            fields=[
                ("id", ID),
                ("person_id", models.BigIntegerField()),
                ("columns", models.JSONField(default=list)),
                ("density", models.CharField(blank=True, max_length=10)),
                ("view_uid", models.CharField(blank=True, max_length=32)),
                ("merchant", _merchant()),
            ],
            options={
                "db_table": "list_choice",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "person_id"), name="list_choice_once"
                    ),
                ],
            },
        ),
        *(schema.tenant_table(table) for table in ("saved_view", "list_choice")),
        *(schema.of_merchant(table) for table in ("saved_view", "list_choice")),
    ]
