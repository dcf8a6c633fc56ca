"""How customers come to their wallets (F3, rule 22)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0005_retired_keys"),
        ("wallets", "0001_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="EntryCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("owner_ref", models.CharField(max_length=254)),
                ("language", models.CharField(max_length=8)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
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
                "db_table": "wallet_code",
                "indexes": [
                    models.Index(fields=["merchant", "owner_ref"], name="wallet_code_of_owner")
                ],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_hash", models.BinaryField(max_length=32)),
                ("owner_ref", models.CharField(max_length=254)),
                ("expires_at", models.DateTimeField()),
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
                "db_table": "wallet_session",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "token_hash"), name="wallet_session_once"
                    )
                ],
            },
        ),
        schema.tenant_table("wallet_code"),
        schema.of_merchant("wallet_code"),
        schema.tenant_table("wallet_session"),
        schema.of_merchant("wallet_session"),
    ]
