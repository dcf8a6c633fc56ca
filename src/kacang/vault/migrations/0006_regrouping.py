"""Cards that go into another batch, SKU or pool after they came in (V6, S3)."""

from django.db import migrations, models
from django.db.models import Q

from kacang.merchants import schema

# A batch's own cards lie side by side by id and need no index; those that joined it later do. A
# sale of a card that never left its batch pays nothing for it.
COLUMNS = """
alter table card add column regrouped boolean not null default false;
create index card_regrouped on card (merchant_id, batch_id, id) where regrouped;
"""
BACK = "drop index card_regrouped; alter table card drop column regrouped;"


class Migration(migrations.Migration):
    dependencies = [("vault", "0005_stock_alarms")]

    operations = [
        migrations.RunSQL(COLUMNS, BACK),
        migrations.AddField("batch", "merged_into_id", models.BigIntegerField(null=True)),
        schema.tenant_reference("batch", "merged_into_id", "batch"),
        migrations.RemoveConstraint("batch", "batch_state_known"),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(
                condition=Q(("state__in", (0, 1, 2, 3, 4))), name="batch_state_known"
            ),
        ),
        migrations.AddConstraint(
            "pool", models.UniqueConstraint(fields=("merchant", "name"), name="pool_name_once")
        ),
    ]
