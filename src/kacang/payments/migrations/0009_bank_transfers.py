"""Proofs of bank transfers; payments are found by the company's own name of them (P1)."""

import django.db.models.deletion
import kacang.payments.models
from django.db import migrations, models

from kacang.merchants import schema

BY_REF = """
create index payment_by_ref on payment (merchant_id, provider_ref) where provider_ref <> '';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0005_retired_keys"),
        ("payments", "0008_routes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Proof",
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
                    models.SmallIntegerField(default=kacang.payments.models.ProofState["WAITING"]),
                ),
                ("file_uid", models.CharField(max_length=32)),
                ("content_type", models.CharField(max_length=40)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=120)),
                (
                    "merchant",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="merchants.merchant",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="payments.payment",
                    ),
                ),
            ],
            options={
                "db_table": "payment_proof",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", kacang.payments.models.ProofState["WAITING"])),
                        fields=["merchant", "id"],
                        name="payment_proof_waiting",
                    ),
                    models.Index(fields=["merchant", "payment"], name="payment_proof_of_payment"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", kacang.payments.models.ProofState["WAITING"])),
                        fields=("merchant", "payment"),
                        name="payment_proof_waits_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", [0, 1, 2])),
                        name="payment_proof_state_known",
                    ),
                ],
            },
        ),
        schema.tenant_table("payment_proof", grants="select, insert, update"),
        schema.tenant_reference("payment_proof", "payment_id", "payment"),
        migrations.RunSQL(BY_REF, "drop index payment_by_ref;"),
    ]
