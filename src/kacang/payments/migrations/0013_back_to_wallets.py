"""A refund may go to the buyer's wallet (P4, F3)."""

from django.db import migrations

WAYS = """
alter table refund drop constraint refund_way_check;
alter table refund add constraint refund_way_check check (way between 0 and {most});
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_refunds")]

    operations = [migrations.RunSQL(WAYS.format(most=3), WAYS.format(most=2))]
