"""How content buyers are, by who decided; cases of those who are not (X2)."""

from django.db import migrations

INDEXES = """
create index case_decided on after_sales_case (merchant_id, decided_at) include (decided_by, stars)
    where decided_at is not null;
create index case_unhappy on after_sales_case (merchant_id, id) where stars <= 2;
"""


class Migration(migrations.Migration):
    dependencies = [("aftersales", "0003_bot")]

    operations = [migrations.RunSQL(INDEXES, "drop index case_decided, case_unhappy;")]
