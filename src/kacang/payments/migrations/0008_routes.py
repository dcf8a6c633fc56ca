"""Which account takes a payment: weights, limits, networks, health and its history (P1, P5)."""

from django.db import migrations, models

import kacang.payments.account_models
from kacang.merchants import schema

CALLS = """
create table provider_call (
    id bigint generated always as identity,
    merchant_id bigint not null,
    account_id bigint not null,
    payment_id bigint,
    kind smallint not null check (kind between 0 and 3),
    result smallint not null check (result between 0 and 2),
    milliseconds int not null check (milliseconds >= 0),
    said varchar(200) not null default '',
    at timestamptz not null default clock_timestamp()
) partition by range (at);
create index provider_call_account on provider_call (merchant_id, account_id, at);
create index provider_call_payment on provider_call (merchant_id, payment_id)
    where payment_id is not null;
"""
ACCOUNT_BEFORE = """
    select a.id, a.merchant_id, a.provider, a.enabled, a.secrets, a.options, a.currency
    from account a where a.uid = wanted
"""
ACCOUNT = """
    select a.id, a.merchant_id, a.provider, a.enabled, a.secrets, a.options, a.currency, a.networks
    from account a where a.uid = wanted
"""
SIGNATURE = "payment_account_of_uid(wanted text)"
RESULT = (
    "table (id bigint, merchant_id bigint, provider varchar, enabled boolean, secrets bytea,"
    " options jsonb, currency varchar{0})"
)
BEFORE = schema.definer(SIGNATURE, RESULT.format(""), ACCOUNT_BEFORE)
TENANT_TABLES = ("account_product", "account_day", "account_event")


def _merchant() -> models.ForeignKey:
    return models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)


def _account() -> models.ForeignKey:
    return models.ForeignKey("payments.Account", models.CASCADE, db_constraint=False)


def _id() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_every_company"), ("catalog", "0002_tenants")]

    operations = [
        *(
            migrations.AddField("account", name, field)
            for name, field in {
                "weight": models.SmallIntegerField(default=100),
                "amount_min_minor": models.BigIntegerField(null=True),
                "amount_max_minor": models.BigIntegerField(null=True),
                "day_max_minor": models.BigIntegerField(null=True),
                "fee_bp": models.SmallIntegerField(default=0),
                "fee_fixed_minor": models.BigIntegerField(default=0),
                "networks": models.JSONField(default=list),
                "health": models.SmallIntegerField(
                    default=kacang.payments.account_models.Health["GOOD"]
                ),
                "health_at": models.DateTimeField(null=True),
                "try_at": models.DateTimeField(null=True),
                "pauses": models.SmallIntegerField(default=0),
            }.items()
        ),
        migrations.AddConstraint(
            "account",
            models.CheckConstraint(
                condition=models.Q(("weight__range", (1, 1000))), name="account_weight_known"
            ),
        ),
        migrations.AddConstraint(
            "account",
            models.CheckConstraint(
                condition=models.Q(("fee_bp__range", (0, 10000)), ("fee_fixed_minor__gte", 0)),
                name="account_fee_known",
            ),
        ),
        migrations.AddConstraint(
            "account",
            models.CheckConstraint(
                condition=models.Q(("health__in", [0, 1, 2])), name="account_health_known"
            ),
        ),
        migrations.AddField("forgery", "strangers", models.IntegerField(default=0)),
        migrations.CreateModel(
            "AccountProduct",
            [
                ("id", _id()),
                ("account", _account()),
                ("merchant", _merchant()),
                (
                    "product",
                    models.ForeignKey("catalog.Product", models.PROTECT, db_constraint=False),
                ),
            ],
            {
                "db_table": "account_product",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "account", "product"), name="account_product_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "AccountDay",
            [
                ("id", _id()),
                ("day", models.DateField()),
                ("received_minor", models.BigIntegerField(default=0)),
                ("counted_to", models.BigIntegerField(default=0)),
                ("account", _account()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "account_day",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "account", "day"), name="account_day_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "AccountEvent",
            [
                ("id", _id()),
                ("kind", models.SmallIntegerField()),
                ("detail", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("account", _account()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "account_event",
                "indexes": [
                    models.Index(fields=["merchant", "account", "-id"], name="account_event_newest")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", [0, 1, 2, 3, 4])),
                        name="account_event_kind_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "ProviderCall",
            [
                ("id", _id()),
                ("account_id", models.BigIntegerField()),
                ("payment_id", models.BigIntegerField(null=True)),
                ("kind", models.SmallIntegerField()),
                ("result", models.SmallIntegerField()),
                ("milliseconds", models.IntegerField()),
                ("said", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                ("merchant", _merchant()),
            ],
            {"db_table": "provider_call", "managed": False},
        ),
        migrations.RunSQL(CALLS, "drop table provider_call;"),
        schema.monthly("provider_call"),
        schema.tenant_table("provider_call", grants=schema.APPEND_ONLY),
        schema.tenant_table("account_product"),
        schema.tenant_table("account_day"),
        schema.tenant_table("account_event", grants=schema.APPEND_ONLY),
        *(schema.tenant_reference(table, "account_id", "account") for table in TENANT_TABLES),
        schema.tenant_reference("account_product", "product_id", "product"),
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        schema.definer(SIGNATURE, RESULT.format(", networks jsonb"), ACCOUNT),
    ]
