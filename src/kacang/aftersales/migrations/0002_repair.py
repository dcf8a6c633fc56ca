"""A case can be decided by correcting the code of a card (X1)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("aftersales", "0001_cases")]

    operations = [
        migrations.RunSQL(
            """
alter table after_sales_case drop constraint after_sales_case_decision_check;
alter table after_sales_case add constraint after_sales_case_decision_check
    check (decision between 1 and 5) not valid;
alter table after_sales_case validate constraint after_sales_case_decision_check;
""",
            migrations.RunSQL.noop,
        ),
    ]
