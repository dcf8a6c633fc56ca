"""An index for each thing that payments are looked for by (P2, rule 16).

The first is read account by account and merged: it serves the whole list and the sums of a period
too, for which there was an index of its own. What a sale ends as has no entry in the second.
"""

from django.db import migrations

INDEXES = """
create index payment_account on payment (merchant_id, account_id, created_at, id);
create index payment_unpaid on payment (merchant_id, state, created_at, id) where state <> 1;
create index payment_amount on payment (merchant_id, currency, amount_minor, id);
drop index payment_time;
"""
NO_INDEXES = """
create index payment_time on payment using brin (created_at)
    with (pages_per_range = 16, autosummarize = on);
drop index payment_account, payment_unpaid, payment_amount;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_back_to_wallets")]

    operations = [migrations.RunSQL(INDEXES, NO_INDEXES)]
