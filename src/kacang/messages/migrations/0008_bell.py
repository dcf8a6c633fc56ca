"""Who of the staff has read which notice: each for themselves (N1)."""

from django.db import migrations, models

from kacang.merchants import schema

# What was read for all is read for each who works here now: all before the oldest that was not,
# and what was read after it one by one.
CARRY_OVER = """
insert into notice_seen (merchant_id, member_uid, upto_id)
select s.merchant_id, s.uid,
       coalesce((select min(m.id) - 1 from message m
                 where m.merchant_id = s.merchant_id and m.channel = 'in_app'
                   and m.read_at is null),
                (select max(m.id) from message m
                 where m.merchant_id = s.merchant_id and m.channel = 'in_app'), 0)
from membership s;
insert into notice_read (merchant_id, member_uid, message_id, read_at)
select n.merchant_id, n.member_uid, m.id, m.read_at
from notice_seen n
join message m on m.merchant_id = n.merchant_id and m.channel = 'in_app' and m.id > n.upto_id
where m.read_at > now() - interval '30 days';
"""
TABLES = ("notice_seen", "notice_read")


def _merchant() -> models.ForeignKey:
    return models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)


def _id() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("messages_room", "0007_wechat"), ("merchants", "0007_roles")]

    operations = [
        migrations.CreateModel(
            "NoticeSeen",
            [
                ("id", _id()),
                ("member_uid", models.CharField(max_length=32)),
                ("upto_id", models.BigIntegerField()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "notice_seen",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "member_uid"), name="notice_seen_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "NoticeRead",
            [
                ("id", _id()),
                ("member_uid", models.CharField(max_length=32)),
                ("message_id", models.BigIntegerField()),
                ("read_at", models.DateTimeField()),
                ("merchant", _merchant()),
            ],
            {
                "db_table": "notice_read",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "member_uid", "message_id"), name="notice_read_once"
                    ),
                ],
            },
        ),
        *(
            operation
            for table in TABLES
            for operation in (schema.tenant_table(table), schema.of_merchant(table))
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveIndex("message", "message_unread"),
        migrations.RemoveField("message", "read_at"),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["merchant", "-created_at", "-id"],
                condition=models.Q(channel="in_app"),
                name="message_notices",
            ),
        ),
    ]
