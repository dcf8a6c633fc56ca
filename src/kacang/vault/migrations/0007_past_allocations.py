"""Who had a card before, and which units had another one: found by index (V3)."""

from django.db import migrations

# The first holds replaced units alone. The second what `allocation_card_once` leaves out.
INDEXES = """
create index allocation_past_unit on allocation (merchant_id, line_id, unit_no)
    where released_at is not null and delivered_at is not null;
create index allocation_past_card on allocation (merchant_id, card_id, delivered_at)
    where released_at is not null or not exclusive;
"""
BACK = "drop index allocation_past_unit, allocation_past_card;"


class Migration(migrations.Migration):
    dependencies = [("vault", "0006_regrouping")]

    operations = [migrations.RunSQL(INDEXES, BACK)]
