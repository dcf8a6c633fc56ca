"""What companies that must be called say about a payment, and longer addresses (P1)."""

from django.db import migrations, models

TABLES = """
alter table payment
    add column provider_ref varchar(128) not null default '',
    add column device varchar(8) not null default '',
    add column shown jsonb not null default '{}',
    alter column pay_url type varchar(2000),
    alter column qr_content type varchar(2000);
"""
BACK = "alter table payment drop column provider_ref, drop column device, drop column shown;"


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_newest_questions_first")]

    operations = [
        migrations.RunSQL(
            TABLES,
            BACK,
            state_operations=[
                migrations.AddField(
                    "payment", "provider_ref", models.CharField(blank=True, max_length=128)
                ),
                migrations.AddField(
                    "payment", "device", models.CharField(blank=True, max_length=8)
                ),
                migrations.AddField("payment", "shown", models.JSONField(default=dict)),
                migrations.AlterField(
                    "payment", "pay_url", models.CharField(blank=True, max_length=2000)
                ),
                migrations.AlterField(
                    "payment", "qr_content", models.CharField(blank=True, max_length=2000)
                ),
            ],
        ),
    ]
