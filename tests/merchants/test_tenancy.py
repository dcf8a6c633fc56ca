"""Rules 16 and 17: whose rows a transaction sees."""

import pytest
from django.db import DatabaseError, connection, transaction

from kacang.merchants.models import Setting
from kacang.merchants.tenancy import acting_as, current_merchant_id


class TestActingAs:
    def test_sees_the_rows_of_its_merchant_only(self, merchant, other_merchant):
        with acting_as(merchant):
            Setting.objects.create(merchant_id=merchant, name="a", value=1)
        with acting_as(other_merchant):
            assert Setting.objects.count() == 0
        with acting_as(merchant):
            assert Setting.objects.count() == 1

    def test_cannot_write_a_row_of_another_merchant(self, merchant, other_merchant):
        with pytest.raises(DatabaseError, match="row-level security"), acting_as(merchant):
            Setting.objects.create(merchant_id=other_merchant, name="a", value=1)
        with acting_as(other_merchant):
            assert Setting.objects.count() == 0

    def test_leaves_nothing_on_the_connection(self, merchant):
        with acting_as(merchant):
            Setting.objects.create(merchant_id=merchant, name="a", value=1)
        assert current_merchant_id() is None
        assert Setting.objects.count() == 0
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select current_setting('kacang.merchant', true)")
            assert cursor.fetchone()[0] in (None, "")

    def test_joins_itself_but_not_another(self, merchant, other_merchant):
        with acting_as(merchant), acting_as(merchant):
            assert current_merchant_id() == merchant
        with pytest.raises(RuntimeError), acting_as(merchant), acting_as(other_merchant):
            pass
        assert current_merchant_id() is None

    def test_rolls_back_as_one(self, merchant):
        with pytest.raises(ValueError), acting_as(merchant):  # noqa: PT011, PT012 - our own
            Setting.objects.create(merchant_id=merchant, name="a", value=1)
            with acting_as(merchant):
                Setting.objects.create(merchant_id=merchant, name="b", value=1)
            raise ValueError
        with acting_as(merchant):
            assert Setting.objects.count() == 0
