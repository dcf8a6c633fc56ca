"""The part of one wallet is read by index, however long the ledger is (F3)."""

from django.db import migrations

INDEXES = """
create index transfer_into_wallet on transfer (merchant_id, credit_owner, id)
    include (amount_minor, currency) where credit = 2300;
create index transfer_out_of_wallet on transfer (merchant_id, debit_owner, id)
    include (amount_minor, currency) where debit = 2300;
"""
BACK = "drop index transfer_into_wallet, transfer_out_of_wallet;"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_by_time")]

    operations = [migrations.RunSQL(INDEXES, BACK)]
