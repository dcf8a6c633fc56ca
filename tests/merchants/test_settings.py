"""Typed settings."""

import threading

import pytest
from django.db import connection

from kacang.merchants import operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.settings import GROUPS, SPECS, BadSetting, UnknownSetting

ACTOR = Actor(kind="user", id=1, label="owner@example.com")


def change(merchant, **values):
    return operations.change_settings(merchant_id=merchant, values=values, actor=ACTOR)


class TestSpecs:
    def test_every_default_is_a_value_that_the_setting_may_have(self):
        for spec in SPECS.values():
            assert spec.checked(spec.default) == spec.default
            assert spec.group in GROUPS

    def test_the_limits_that_orders_rely_on(self):
        defaults = {name: spec.default for name, spec in SPECS.items()}
        assert defaults["pay_minutes"] == 15
        assert defaults["unpaid_orders_max_shop"] == 5
        assert defaults["unpaid_orders_max_device"] == 5
        assert defaults["unpaid_orders_max_address"] == 20
        assert defaults["unpaid_orders_max_api"] == 200
        assert defaults["orders_per_minute_address"] == 30
        assert defaults["orders_per_minute_device"] == 10


class TestChangeSettings:
    def test_is_seen_at_once_here_and_written_down(self, merchant):
        assert queries.setting(merchant_id=merchant, name="pay_minutes") == 15

        changed = change(merchant, pay_minutes=30, shop_name=" 小鹿数卡 ", shop_colour="#2b5ce6")

        assert changed == ["pay_minutes", "shop_name"]
        assert queries.setting(merchant_id=merchant, name="pay_minutes") == 30
        assert queries.setting(merchant_id=merchant, name="shop_name") == "小鹿数卡"
        (entry,) = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter()).rows
        assert entry.before == {"pay_minutes": 15, "shop_name": ""}
        assert entry.after == {"pay_minutes": 30, "shop_name": "小鹿数卡"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("pay_minutes", 0),
            ("pay_minutes", 1441),
            ("pay_minutes", "15"),
            ("pay_minutes", True),
            ("pay_minutes", 1.5),
            ("shop_colour", "red"),
            ("shop_colour", "#2B5CE6;}"),
            ("contact_required", "telepathy"),
            ("shop_name", "x" * 41),
            ("shop_name", "a\nb"),
            ("shop_announcement", {"fr": "bonjour"}),
            ("shop_announcement", "text"),
            ("shop_announcement", {"en": "x" * 501}),
            ("shop_logo", "https://elsewhere.example/logo.png"),
            ("shop_logo", "data:image/svg+xml;base64,PHN2Zz4="),
            ("mail_low_stock", "yes"),
        ],
    )
    def test_refuses_the_whole_when_one_is_wrong(self, merchant, name, value):
        with pytest.raises(BadSetting):
            change(merchant, unpaid_orders_max_shop=9, **{name: value})
        assert queries.setting(merchant_id=merchant, name="unpaid_orders_max_shop") == 5
        assert queries.audit_page(merchant_id=merchant, where=queries.AuditFilter()).rows == []

    def test_refuses_names_that_are_not_in_the_list(self, merchant):
        with pytest.raises(UnknownSetting):
            change(merchant, colour_of_the_sky="blue")
        with pytest.raises(UnknownSetting):
            queries.setting(merchant_id=merchant, name="colour_of_the_sky")

    def test_belongs_to_one_merchant(self, merchant, other_merchant):
        change(merchant, pay_minutes=30)
        assert queries.setting(merchant_id=other_merchant, name="pay_minutes") == 15

    def test_logs_no_picture(self, merchant):
        change(merchant, shop_logo="data:image/png;base64,iVBORw0KGgo=")
        (entry,) = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter()).rows
        assert entry.after == {"shop_logo": "[picture]"}

    def test_changes_at_once_are_written_down_as_a_chain(self, merchant):
        def set_to(value: int) -> None:
            try:
                change(merchant, pay_minutes=value)
            finally:
                connection.close()

        threads = [threading.Thread(target=set_to, args=[n]) for n in range(20, 28)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        rows = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter()).rows[::-1]
        assert [row.before["pay_minutes"] for row in rows] == [
            15,
            *(row.after["pay_minutes"] for row in rows[:-1]),
        ]
