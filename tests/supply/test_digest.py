"""S4: one mail a day with all that is low, at the hour and in the time zone of the merchant."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message
from kacang.web.mails import stock as stock_mails
from tests import make
from tests.messages.belling import bell
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.stock.conftest import Make
from tests.threads import at_once
from tests.web.test_mails import run_news, text_of

# 08:59 and 09:00 in Shanghai.
BEFORE = datetime(2026, 11, 26, 0, 59, tzinfo=UTC)
NINE = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)


@pytest.fixture
def daily(merchant: int) -> int:
    values = {"low_stock_mail": "daily", "mail_staff": "staff@example.com"}
    merchants.change_settings(merchant_id=merchant, values=values, actor=SYSTEM)
    return merchant


def tick(merchant: int, now: datetime = NINE) -> int:
    return stock_mails.tell_low_stock(merchant_id=merchant, now=now)


def digests(merchant: int) -> int:
    with acting_as(merchant):
        rows = Message.objects.filter(merchant_id=merchant, event="staff.low_digest")
        return len(rows)


class TestDigest:
    def test_the_console_is_told_at_once_and_the_mail_waits_for_its_hour(self, daily, postbox):  # noqa: F811
        make.sku(daily, cards=1, low_stock_at=5)

        before = tick(daily, BEFORE), len(bell(daily))
        run_news(daily)

        assert (before, postbox.mails) == ((1, 1), [])
        assert tick(daily) == 1
        run_news(daily)
        assert len(postbox.mails) == 1

    def test_lists_all_that_is_low_with_numbers_and_links(self, daily, postbox):  # noqa: F811
        made = make.sku(daily, cards=16, low_stock_at=20)
        with acting_as(daily), connection.cursor() as cursor:
            cursor.execute(
                "insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state,"
                " cards) values (%s::bigint, %s::bigint, %s::bigint, 0, 2, 7)",
                [daily, made.sku.pk, made.batch.pk],
            )
        goods = Make(daily)
        box = goods.goods(low_stock_at=3)
        make.sku(daily, cards=5, low_stock_at=5)
        tick(daily)
        run_news(daily)

        (mail,) = postbox.mails
        assert mail["subject"].strip() == "【小鹿数卡旗舰店】库存预警汇总：2 个规格偏低"
        text = text_of(mail)
        assert "截至 2026-11-26 09:00" in text
        first, second = text.index("坚果礼盒 · 一箱：可售 0"), text.index("视频会员 · 年卡：可售 9")
        assert first < second, "what is emptiest comes first"
        assert "可售 9，预警线 20，近 7 天售出 7，约可售 9 天" in text
        assert f"/console/stock/{made.sku.uid}/\n" in text
        assert f"/console/stock/{box}/\n" in text
        assert text.rstrip().endswith("/console/stock/?show=low")

    def test_is_sent_once_a_day_though_many_workers_run(self, daily):
        make.sku(daily, cards=1, low_stock_at=5)
        tick(daily, BEFORE)

        results = at_once([lambda: tick(daily)] * 16, threads=16)

        assert Counter(results) == {1: 1, 0: 15}
        assert digests(daily) == 1
        assert tick(daily, NINE + timedelta(hours=14)) == 0
        assert tick(daily, NINE + timedelta(days=1)) == 1

    def test_a_crash_before_the_end_sends_nothing_and_the_next_run_does(self, daily):
        make.sku(daily, cards=1, low_stock_at=5)

        def crash() -> None:
            with acting_as(daily):
                tick(daily)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            crash()

        assert digests(daily) == 0
        assert tick(daily) == 2  # the console's notice, and the mail
        assert digests(daily) == 1

    def test_after_an_outage_it_comes_late_rather_than_not(self, daily):
        make.sku(daily, cards=1, low_stock_at=5)
        tick(daily, BEFORE)

        assert tick(daily, NINE + timedelta(hours=5)) == 1

    def test_when_nothing_is_low_no_mail_is_sent_that_day(self, daily):
        made = make.sku(daily, cards=5, low_stock_at=5)
        assert tick(daily) == 0
        make.order(made, provider=None)

        assert tick(daily, NINE + timedelta(hours=1)) == 1  # in the console alone
        assert digests(daily) == 0
        assert tick(daily, NINE + timedelta(days=1)) == 1
        assert digests(daily) == 1

    def test_a_long_list_is_cut_and_says_so(self, daily, postbox):  # noqa: F811
        goods = Make(daily)
        for _ in range(stock_mails.DIGEST_MOST + 3):
            goods.goods(low_stock_at=1)
        tick(daily)
        run_news(daily)

        text = text_of(postbox.mails[0])
        assert text.count("可售 0") == stock_mails.DIGEST_MOST
        assert "另有 3 个规格偏低" in text

    def test_in_english_for_a_shop_in_english(self, daily, postbox):  # noqa: F811
        merchants.change_settings(
            merchant_id=daily, values={"default_language": "en"}, actor=SYSTEM
        )
        make.sku(daily, cards=1, low_stock_at=5)
        tick(daily)
        run_news(daily)

        assert "Video · Year: 1 left, the line is 5, 0 sold in 7 days" in text_of(postbox.mails[0])
