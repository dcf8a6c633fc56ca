"""Wallets, frozen sums and deeds, under the merchants' policies (F3)."""

import django.db.models.deletion
import kacang.wallets.models
from django.db import migrations, models

from kacang.merchants import schema


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("merchants", "0005_retired_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Wallet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("owner_kind", models.SmallIntegerField()),
                ("owner_ref", models.CharField(max_length=254)),
                ("currency", models.CharField(max_length=4)),
                (
                    "state",
                    models.SmallIntegerField(default=kacang.wallets.models.WalletState["OPEN"]),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={
                "db_table": "wallet",
            },
        ),
        migrations.CreateModel(
            name="Frozen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "state",
                    models.SmallIntegerField(default=kacang.wallets.models.FrozenState["HELD"]),
                ),
                ("reason", models.CharField(max_length=300)),
                ("actor_label", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
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
                "db_table": "wallet_frozen",
            },
        ),
        migrations.CreateModel(
            name="Deed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.SmallIntegerField()),
                ("once", models.CharField(max_length=64)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("actor_label", models.CharField(blank=True, max_length=120)),
                ("at", models.DateTimeField()),
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
                "db_table": "wallet_deed",
            },
        ),
        migrations.AddIndex(
            model_name="wallet",
            index=models.Index(fields=["merchant", "-id"], name="wallet_newest"),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(
                fields=("merchant", "owner_kind", "owner_ref", "currency"), name="wallet_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(("owner_kind__in", [1, 2])), name="wallet_owner_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", [0, 1])), name="wallet_state_known"
            ),
        ),
        migrations.AddIndex(
            model_name="frozen",
            index=models.Index(
                condition=models.Q(("state", kacang.wallets.models.FrozenState["HELD"])),
                fields=["merchant", "wallet"],
                name="wallet_frozen_held",
            ),
        ),
        migrations.AddConstraint(
            model_name="frozen",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="wallet_frozen_is_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="frozen",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", [0, 1, 2])), name="wallet_frozen_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="deed",
            constraint=models.UniqueConstraint(
                fields=("merchant", "kind", "once"), name="wallet_deed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="deed",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [1, 2])), name="wallet_deed_kind_known"
            ),
        ),
        schema.tenant_table("wallet", grants="select, insert, update"),
        schema.tenant_key("wallet"),
        schema.of_merchant("wallet"),
        schema.tenant_table("wallet_frozen", grants="select, insert, update"),
        schema.tenant_reference("wallet_frozen", "wallet_id", "wallet"),
        schema.tenant_table("wallet_deed", grants="select, insert"),
        schema.tenant_reference("wallet_deed", "wallet_id", "wallet"),
    ]
