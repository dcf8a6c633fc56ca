"""Merchants' own words for messages, and which channels they want (N1)."""

from django.db import migrations, models

from kacang.merchants import schema


def _merchant() -> models.ForeignKey:
    return models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)


def _id() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0003_webhooks")]

    operations = [
        migrations.CreateModel(
            "MessageWording",
            [
                ("id", _id()),
                ("event", models.CharField(max_length=40)),
                ("channel", models.CharField(max_length=10)),
                ("language", models.CharField(max_length=8)),
                ("version", models.IntegerField()),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("body", models.TextField(blank=True)),
                ("made_by", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "message_wording",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "event", "channel", "language", "version"),
                        name="message_wording_version_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "MessageSwitch",
            [
                ("id", _id()),
                ("event", models.CharField(max_length=40)),
                ("channel", models.CharField(max_length=10)),
                ("is_on", models.BooleanField()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "message_switch",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "event", "channel"), name="message_switch_once"
                    )
                ],
            },
        ),
        schema.tenant_table("message_wording", grants=schema.APPEND_ONLY),
        schema.tenant_table("message_switch"),
        schema.of_merchant("message_wording"),
        schema.of_merchant("message_switch"),
    ]
