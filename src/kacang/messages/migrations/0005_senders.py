"""Merchants' own accounts for text messages, and what became of each message (N1)."""

from django.db import migrations, models

from kacang.merchants import schema

# For the operator's account the merchant is known by the message alone; an account of a
# merchant's own is looked for among its own messages.
OF_REPORT = """
    select m.merchant_id from message m
    where m.channel = 'sms' and m.company = company_name and m.account = account_uid
      and (case when reference <> '' then m.uid = reference
                else number <> '' and m.company_number = number end)
      and (account_uid = '' or exists (
            select 1 from sender_account a
            where a.uid = account_uid and a.merchant_id = m.merchant_id))
    limit 1
"""
COMPLETE = """
alter table sender_account add constraint sender_account_complete check (
    not is_on or (octet_length(secret) > 0 and key_id <> '' and sign_name <> ''
                  and templates <> '{}'::jsonb)
);
"""


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0004_wording")]

    operations = [
        migrations.CreateModel(
            "SenderAccount",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("company", models.CharField(max_length=20)),
                ("channel", models.CharField(max_length=10)),
                ("key_id", models.CharField(max_length=120)),
                ("secret", models.BinaryField()),
                ("app", models.CharField(blank=True, max_length=60)),
                ("sign_name", models.CharField(blank=True, max_length=40)),
                ("templates", models.JSONField(default=dict)),
                ("is_on", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False),
                ),
            ],
            {
                "db_table": "sender_account",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "company"), name="sender_account_once_a_company"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_on", True)),
                        fields=("merchant", "channel"),
                        name="sender_account_one_on",
                    ),
                ],
            },
        ),
        schema.tenant_table("sender_account"),
        schema.of_merchant("sender_account"),
        migrations.RunSQL(COMPLETE, migrations.RunSQL.noop),
        migrations.AddField(
            "message",
            "company",
            models.CharField(blank=True, default="", max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            "message",
            "account",
            models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            "message",
            "company_number",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField("message", "parts", models.SmallIntegerField(default=0)),
        migrations.AddField("message", "price_milli", models.IntegerField(default=0)),
        migrations.AddField("message", "delivered_at", models.DateTimeField(null=True)),
        migrations.AddField("message", "report_at", models.DateTimeField(null=True)),
        migrations.AddField("message", "report_asks", models.SmallIntegerField(default=0)),
        migrations.RemoveConstraint("message", "message_state_known"),
        migrations.AddConstraint(
            "message",
            models.CheckConstraint(
                condition=models.Q(("state__in", (0, 1, 2, 3, 4))), name="message_state_known"
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("channel", "sms"), ("sent_at__isnull", False)),
                fields=["merchant", "sent_at"],
                name="message_texted",
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("report_at__isnull", False)),
                fields=["merchant", "report_at"],
                name="message_to_report",
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("company_number", ""), _negated=True),
                fields=["company_number"],
                name="message_company_number",
            ),
        ),
        schema.definer(
            "message_of_report(company_name text, account_uid text, reference text, number text)",
            "bigint",
            OF_REPORT,
        ),
    ]
