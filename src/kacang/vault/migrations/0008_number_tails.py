"""Cards are found by how their number ends (V4)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

# Cards without a number, and all that are made without one, pay nothing for the index. What one
# end has is read in the order of arrival, a page at a time, however many cards there are.
COLUMN = """
alter table card add column tail_print bigint;
create index card_tail on card (merchant_id, tail_print, id) where tail_print is not null;
"""
BACK = "drop index card_tail; alter table card drop column tail_print;"
# Whose cards came in before: a job gives them theirs.
GAPS = """
insert into tail_gap (merchant_id)
select id from merchant m where exists (
    select from card c where c.merchant_id = m.id
      and (c.number is not null or c.number_sealed is not null)
);
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0007_past_allocations")]

    operations = [
        migrations.RunSQL(COLUMN, BACK),
        migrations.CreateModel(
            name="TailGap",
            fields=[
                (
                    "merchant",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="merchants.merchant",
                    ),
                ),
            ],
            options={"db_table": "tail_gap"},
        ),
        schema.tenant_table("tail_gap"),
        schema.of_merchant("tail_gap"),
        migrations.RunSQL(GAPS, migrations.RunSQL.noop),
    ]
