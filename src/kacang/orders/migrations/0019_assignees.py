"""Whose an order is, and nobody sees more orders than their role reaches to (I1)."""

from django.db import migrations, models

from kacang.merchants import schema

ASSIGNEES = """
alter table sale_order add column assignee_id bigint;
create index sale_order_assignee on sale_order (merchant_id, assignee_id, id)
    where assignee_id is not null;
"""
# What else tells of an order is seen as far as the order is.
TABLES = ("refund", "order_exception", "change_request", "batch_row")
OF_ORDER = (
    "exists (select from sale_order o"
    " where o.merchant_id = {table}.merchant_id and o.id = {table}.order_id)"
)
BACK = "alter table sale_order drop column assignee_id;"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0018_stage_times"),
        ("merchants", "0007_roles"),
    ]

    operations = [
        migrations.RunSQL(
            ASSIGNEES,
            BACK,
            state_operations=[
                migrations.AddField("order", "assignee_id", models.BigIntegerField(null=True))
            ],
        ),
        schema.tenant_reference("sale_order", "assignee_id", "membership"),
        schema.within_reach(
            "sale_order",
            "array['m' || assignee_id, channel::text]"
            " && string_to_array(current_setting('kacang.reach', true), ',')",
        ),
        *(schema.within_reach(table, OF_ORDER.format(table=table)) for table in TABLES),
    ]
