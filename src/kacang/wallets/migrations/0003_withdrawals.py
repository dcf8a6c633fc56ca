"""Money that its owners want out of their wallets, and who put it in (F3)."""

import django.db.models.deletion
import kacang.wallets.models
from django.db import migrations, models

from kacang.merchants import schema

KEPT = (
    "revoke update on wallet_withdrawal from kacang_app;"
    " grant update (state, first_id, first_by, decided_by, decided_at, reason, payout_ref, paid_by,"
    " paid_at, fee_minor, proof_uid, proof_type, ended_at, to_sealed)"
    " on wallet_withdrawal to kacang_app;"
)


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0005_retired_keys"),
        ("wallets", "0002_entering"),
    ]

    operations = [
        migrations.AddField("deed", "actor_id", models.BigIntegerField(null=True)),
        migrations.AddField(
            "deed",
            "actor_kind",
            models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.AddField("frozen", "once", models.CharField(max_length=64, null=True)),
        migrations.AddConstraint(
            "frozen",
            models.UniqueConstraint(fields=("merchant", "once"), name="wallet_frozen_once"),
        ),
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                (
                    "state",
                    models.SmallIntegerField(
                        default=kacang.wallets.models.WithdrawalState["ASKED"]
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("to_kind", models.SmallIntegerField()),
                ("to_sealed", models.BinaryField()),
                ("to_mask", models.CharField(max_length=80)),
                ("once", models.CharField(max_length=64)),
                ("language", models.CharField(max_length=8)),
                ("asked_at", models.DateTimeField()),
                ("first_id", models.BigIntegerField(null=True)),
                ("first_by", models.CharField(blank=True, max_length=120)),
                ("decided_by", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("payout_ref", models.CharField(blank=True, max_length=64)),
                ("paid_by", models.CharField(blank=True, max_length=120)),
                ("paid_at", models.DateTimeField(null=True)),
                ("fee_minor", models.BigIntegerField(default=0)),
                ("proof_uid", models.CharField(blank=True, max_length=32)),
                ("proof_type", models.CharField(blank=True, max_length=40)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "frozen",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="wallets.frozen",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "db_table": "wallet_withdrawal",
                "indexes": [
                    models.Index(fields=["merchant", "-id"], name="wallet_withdrawal_newest"),
                    models.Index(
                        fields=["merchant", "state", "-id"], name="wallet_withdrawal_waiting"
                    ),
                    models.Index(fields=["merchant", "wallet", "-id"], name="wallet_withdrawal_of"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "once"), name="wallet_withdrawal_once"
                    ),
                    models.UniqueConstraint(
                        fields=("merchant", "frozen"), name="wallet_withdrawal_holds"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0), ("fee_minor__gte", 0)),
                        name="wallet_withdrawal_is_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", [0, 1, 2, 3, 4, 5])),
                        name="wallet_withdrawal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_kind__in", [1, 2, 3])),
                        name="wallet_withdrawal_to_known",
                    ),
                ],
            },
        ),
        schema.tenant_key("wallet_frozen"),
        schema.tenant_table("wallet_withdrawal", grants="select, insert, update"),
        schema.of_merchant("wallet_withdrawal"),
        schema.tenant_reference("wallet_withdrawal", "wallet_id", "wallet"),
        schema.tenant_reference("wallet_withdrawal", "frozen_id", "wallet_frozen"),
        # What was asked for never changes; sealed bytes are sealed anew under another key.
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
    ]
