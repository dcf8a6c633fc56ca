"""What went out for an order line, and came back, by index (P4)."""

from django.db import migrations

OF_LINE = """
create index goods_movement_of_line on goods_movement (merchant_id, line_id)
    where line_id is not null and (from_state is null or to_state is null);
"""


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_tenants")]

    operations = [migrations.RunSQL(OF_LINE, "drop index goods_movement_of_line;")]
