"""No index of allocations speaks of when cards were delivered: a sale touches none of them (V3).

What is delivered is then written beside its old row, in the same page, and both unique indexes stay
as they are: two entries and 160 bytes of log less for each card sold. Who shares a card is found by
a time of its own, which never changes.
"""

from django.db import migrations, models

SHARED = """
alter table allocation add column if not exists shared_at timestamptz;
update allocation set shared_at = delivered_at where not exclusive and shared_at is null;
alter table allocation drop constraint if exists allocation_shared;
alter table allocation add constraint allocation_shared check (
    case when exclusive then shared_at is null
    else shared_at is not null and shared_at = delivered_at end) not valid;
alter table allocation validate constraint allocation_shared;
"""
# Beside sales, one after the other.
INDEXES = [
    "create index concurrently if not exists allocation_replaced"
    " on allocation (merchant_id, line_id, unit_no)"
    " where released_at is not null",
    "create index concurrently if not exists allocation_holders"
    " on allocation (merchant_id, card_id, id)"
    " where released_at is not null",
    "create index concurrently if not exists allocation_sharers"
    " on allocation (merchant_id, card_id, shared_at)"
    " where shared_at is not null",
    "drop index concurrently if exists allocation_past_unit",
    "drop index concurrently if exists allocation_past_card",
]
NO_INDEXES = [
    "create index concurrently if not exists allocation_past_unit"
    " on allocation (merchant_id, line_id, unit_no)"
    " where released_at is not null and delivered_at is not null",
    "create index concurrently if not exists allocation_past_card"
    " on allocation (merchant_id, card_id, delivered_at)"
    " where released_at is not null or not exclusive",
    "drop index concurrently if exists allocation_replaced",
    "drop index concurrently if exists allocation_holders",
    "drop index concurrently if exists allocation_sharers",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("vault", "0014_owed_cards")]

    operations = [
        migrations.RunSQL(
            SHARED,
            "alter table allocation drop column shared_at;",
            state_operations=[
                migrations.AddField("allocation", "shared_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
