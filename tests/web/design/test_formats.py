from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kacang.shared.money import EXPONENTS, Money
from kacang.web.design import formats

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 15:00 in Shanghai
CODES = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=1, max_size=40)


@pytest.fixture(autouse=True)
def _in_shanghai():
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        yield


class TestPriceParts:
    @given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(sorted(EXPONENTS)))
    def test_its_pieces_are_the_amount_that_money_writes(self, minor, currency):
        money = Money(minor, currency)

        parts = formats.price_parts(money)

        assert parts.sign + parts.symbol + parts.whole + parts.cents == str(money)

    def test_keeps_the_digits_of_each_currency(self):
        assert formats.price_parts(Money(-123450)) == formats.Price("−", "¥", "1,234", ".50")
        assert formats.price_parts(Money(500, "JPY")) == formats.Price("", "JP¥", "500", "")
        assert formats.price_parts(Money(1, "USDT")).cents == ".000001"


class TestCounts:
    @pytest.mark.parametrize(
        ("number", "chinese", "english"),
        [
            (0, "0", "0"),
            (9_999, "9,999", "9,999"),
            (10_000, "1 万", "10k"),
            (10_001, "1 万+", "10k+"),
            (12_340, "1.2 万+", "12k+"),
            (99_999, "9.9 万+", "99k+"),
            (12_345_678, "1,234.5 万+", "12,345k+"),
        ],
    )
    def test_are_short_for_buyers(self, number, chinese, english):
        assert formats.count_short(number) == chinese
        with translation.override("en"):
            assert formats.count_short(number) == english

    def test_are_exact_with_commas_for_staff(self):
        assert formats.count(1234567) == "1,234,567"
        assert formats.count(-1234) == "−1,234"


class TestWhen:
    @pytest.mark.parametrize(
        ("instant", "text"),
        [
            (NOW, "今天 15:00"),
            (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), "今天 00:00"),
            (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), "昨天 23:59"),
            (datetime(2026, 11, 20, 2, 12, tzinfo=UTC), "11-20 10:12"),
            (datetime(2025, 12, 31, 16, 1, tzinfo=UTC), "01-01 00:01"),
            (datetime(2025, 12, 31, 15, 59, tzinfo=UTC), "2025-12-31 23:59"),
        ],
    )
    def test_is_said_in_the_merchants_day(self, instant, text):
        assert formats.when(instant, now=NOW) == text

    def test_is_said_in_english_too(self):
        with translation.override("en"):
            assert formats.when(NOW, now=NOW) == "Today 15:00"
            assert formats.when(NOW - timedelta(days=1), now=NOW) == "Yesterday 15:00"

    def test_full_and_day(self):
        assert formats.when_full(NOW) == "2026-11-23 15:00:00"
        assert formats.day(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == "2026-11-24"
        assert formats.day(date(2026, 1, 2)) == "2026-01-02"

    @pytest.mark.parametrize(
        ("seconds", "text"), [(-5, "00:00"), (0, "00:00"), (872, "14:32"), (3723, "1:02:03")]
    )
    def test_duration(self, seconds, text):
        assert formats.duration(seconds) == text


class TestMasks:
    @pytest.mark.parametrize(
        ("phone", "masked"),
        [
            ("+8613826042716", "138****2716"),
            ("138 2604 2716", "138****2716"),
            ("+85291235678", "+852 ****5678"),
            ("12345", "****"),
            ("", ""),
        ],
    )
    def test_phone(self, phone, masked):
        assert formats.mask_phone(phone) == masked

    @pytest.mark.parametrize(
        ("email", "masked"),
        [
            ("zhaomin8@mail.com", "zhao***@mail.com"),
            ("li@mail.com", "l***@mail.com"),
            ("l@mail.com", "l***@mail.com"),
            ("nonsense", "***"),
            ("", ""),
        ],
    )
    def test_email(self, email, masked):
        assert formats.mask_email(email) == masked

    def test_contact_is_either(self):
        assert formats.mask_contact("zhaomin8@mail.com") == "zhao***@mail.com"
        assert formats.mask_contact("+8613826042716") == "138****2716"

    def test_name(self):
        assert formats.mask_name(" 林黛玉 ") == "林**"
        assert formats.mask_name("") == ""

    @pytest.mark.parametrize(
        ("code", "masked"),
        [
            ("VIPA-8827-3016-9K2D", "VIPA-••••-9K2D"),
            ("7KQ4M2XR90TD9K2D", "7KQ4••••9K2D"),
            ("VIPA-8827-9K2D", "VIP••••K2D"),
            ("7KQ4-9K2D", "7K••••2D"),
            ("ABC", "••••"),
            ("", ""),
        ],
    )
    def test_code(self, code, masked):
        assert formats.mask_code(code) == masked

    def test_number_of_a_card_shows_both_ends(self):
        assert formats.mask_number("JN04 8812 0458") == "JN04 •••• 0458"

    @given(parts=st.lists(CODES, min_size=1, max_size=6), gap=st.sampled_from("- "))
    def test_at_most_half_of_a_secret_stays_to_be_seen(self, parts, gap):
        code = gap.join(parts)

        masked = formats.mask_code(code)

        seen = masked.replace(formats.DOTS, "").replace("-", "").replace(" ", "")
        assert len(seen) * 2 <= len("".join(parts))
        assert formats.DOTS in masked

    @given(
        name=st.text(st.characters(codec="ascii", exclude_characters="@"), min_size=1, max_size=30)
    )
    def test_at_most_four_letters_and_half_of_an_address_stay(self, name):
        masked = formats.mask_email(f"{name}@mail.com")

        shown = masked.removesuffix("***@mail.com")
        assert len(shown) <= max(1, min(4, len(name.strip()) // 2))
