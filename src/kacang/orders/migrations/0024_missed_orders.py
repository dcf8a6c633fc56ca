"""Orders that missed a deadline, in the order in which a list reads them (O2, O8)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0023_review_rules")]

    operations = [
        migrations.RunSQL(
            "create index deadline_mark_breached on deadline_mark (merchant_id, order_id, id)"
            " where breached_at is not null;",
            "drop index deadline_mark_breached;",
        ),
    ]
