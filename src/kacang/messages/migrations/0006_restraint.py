"""What keeps messages back: rules of events, counters, what readers and staff do not want (N1)."""

from django.db import migrations, models

from kacang.merchants import schema


def _merchant(**more: object) -> models.ForeignKey:
    return models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False, **more)


def _id() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0005_senders")]

    operations = [
        migrations.CreateModel(
            "MessageRule",
            [
                ("id", _id()),
                ("event", models.CharField(max_length=40)),
                ("is_urgent", models.BooleanField()),
                ("daily_max", models.SmallIntegerField(default=0)),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "message_rule",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "event"), name="message_rule_once"),
                    models.CheckConstraint(
                        condition=models.Q(("daily_max__gte", 0), ("daily_max__lte", 1000)),
                        name="message_rule_max_fits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "MessageCount",
            [
                ("id", _id()),
                ("day", models.DateField()),
                ("event", models.CharField(max_length=40)),
                ("channel", models.CharField(max_length=10)),
                ("address_print", models.BinaryField()),
                ("used", models.SmallIntegerField()),
                ("merchant", _merchant(db_index=False)),
            ],
            {
                "db_table": "message_count",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "day", "event", "channel", "address_print"),
                        name="message_count_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "MessageOptOut",
            [
                ("id", _id()),
                ("address_print", models.BinaryField()),
                ("event", models.CharField(max_length=40)),
                ("since", models.DateTimeField()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "message_opt_out",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "address_print", "event"),
                        name="message_opt_out_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "MemberSwitch",
            [
                ("id", _id()),
                ("member_uid", models.CharField(max_length=32)),
                ("event", models.CharField(max_length=40)),
                ("channel", models.CharField(max_length=10)),
                ("is_on", models.BooleanField()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "member_switch",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "member_uid", "event", "channel"),
                        name="member_switch_once",
                    ),
                ],
            },
        ),
        *(
            operation
            for table in ("message_rule", "message_count", "message_opt_out", "member_switch")
            for operation in (schema.tenant_table(table), schema.of_merchant(table))
        ),
        migrations.AddField("message", "held_until", models.DateTimeField(null=True)),
        migrations.AddField("message", "is_asked_for", models.BooleanField(default=False)),
    ]
