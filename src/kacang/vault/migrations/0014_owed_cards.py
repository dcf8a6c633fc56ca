"""What was paid for cards that are not redeemed yet (F1). Cards sold before have nothing there."""

from django.db import migrations

# Only gift cards and redeem codes that were sold pay for the index: by it the job finds those
# whose time is over.
COLUMNS = """
alter table card add column owed_minor bigint check (owed_minor >= 0),
    add column lapsed_minor bigint check (lapsed_minor >= 0);
create index card_owed on card (merchant_id, expires_at) include (owed_minor)
    where owed_minor is not null;
"""
BACK = "drop index card_owed; alter table card drop column lapsed_minor, drop column owed_minor;"


class Migration(migrations.Migration):
    dependencies = [("vault", "0013_shown_codes")]

    operations = [migrations.RunSQL(COLUMNS, BACK)]
