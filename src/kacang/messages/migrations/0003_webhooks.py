"""Addresses of other systems that are told what happens (J2)."""

from django.db import migrations, models

import kacang.messages.webhooks.models
from kacang.merchants import schema

TRIES = """
create table webhook_try (
    id bigint generated always as identity,
    merchant_id bigint not null,
    message_uid varchar(32) not null,
    status smallint not null check (status between 0 and 999),
    error varchar(40) not null default '',
    milliseconds int not null check (milliseconds >= 0),
    at timestamptz not null default clock_timestamp()
) partition by range (at);
create index webhook_try_message on webhook_try (merchant_id, message_uid, at);
"""
LISTENERS = """
    select distinct merchant_id from webhook_endpoint where state = 0 and removed_at is null
"""


def _merchant() -> models.ForeignKey:
    return models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)


def _id() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0002_tenants")]

    operations = [
        migrations.CreateModel(
            "WebhookEndpoint",
            [
                ("id", _id()),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("url", models.CharField(max_length=500)),
                ("note", models.CharField(blank=True, max_length=120)),
                ("events", models.JSONField(default=list)),
                ("secret", models.BinaryField()),
                ("old_secret", models.BinaryField(null=True)),
                ("old_until", models.DateTimeField(null=True)),
                (
                    "state",
                    models.SmallIntegerField(
                        default=kacang.messages.webhooks.models.EndpointState["ON"]
                    ),
                ),
                ("failures", models.IntegerField(default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("resume_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("removed_at", models.DateTimeField(null=True)),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "webhook_endpoint",
                "indexes": [
                    models.Index(
                        fields=["merchant", "id"],
                        condition=models.Q(("removed_at__isnull", True)),
                        name="webhook_endpoint_present",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", [0, 1, 2])),
                        name="webhook_endpoint_state_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "WebhookMessage",
            [
                ("id", _id()),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("event", models.CharField(max_length=40)),
                ("once", models.CharField(max_length=120)),
                ("data", models.JSONField(default=dict)),
                (
                    "state",
                    models.SmallIntegerField(
                        default=kacang.messages.webhooks.models.HookState["WAITING"]
                    ),
                ),
                ("tries", models.SmallIntegerField(default=0)),
                ("status", models.SmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("next_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        "messages_room.WebhookEndpoint",
                        models.PROTECT,
                        db_constraint=False,
                        db_index=False,
                    ),
                ),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "webhook_message",
                "indexes": [
                    models.Index(
                        fields=["merchant", "endpoint", "-id"], name="webhook_message_recent"
                    ),
                    models.Index(
                        fields=["merchant", "endpoint", "-id"],
                        condition=models.Q(
                            ("state", kacang.messages.webhooks.models.HookState["FAILED"])
                        ),
                        name="webhook_message_failed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "endpoint", "once"), name="webhook_message_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", [0, 1, 2])),
                        name="webhook_message_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "WebhookTry",
            [
                ("id", _id()),
                ("message_uid", models.CharField(max_length=32)),
                ("status", models.SmallIntegerField()),
                ("error", models.CharField(blank=True, max_length=40)),
                ("milliseconds", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("merchant", _merchant()),
            ],
            {"db_table": "webhook_try", "managed": False},
        ),
        migrations.RunSQL(TRIES, "drop table webhook_try;"),
        schema.monthly("webhook_try"),
        schema.tenant_table("webhook_try", grants=schema.APPEND_ONLY),
        schema.tenant_table("webhook_endpoint"),
        schema.tenant_table("webhook_message"),
        schema.of_merchant("webhook_endpoint"),
        schema.tenant_key("webhook_endpoint"),
        schema.tenant_reference("webhook_message", "endpoint_id", "webhook_endpoint"),
        schema.definer("webhook_listeners()", "setof bigint", LISTENERS),
    ]
