"""A customer asks for money out of their wallet in the shop, and takes it back (F3)."""

import re

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.wallets import operations, queries
from kacang.wallets.withdrawals import deciding
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.wallets.withdrawals.types import WithdrawalState
from tests import make
from tests.web.shop.conftest import EMAIL, text
from tests.web.shop.test_wallets import enter

OWNER = Actor(kind="user", id=7, label="lu@example.com")
BANK = {"kind": "bank", "holder": "林小满", "bank": "招商银行", "number": "6214830012340458"}


@pytest.fixture
def wallet(shop) -> str:
    choose(shop, withdrawals=True)
    return make.wallet(shop.id, 50_000, EMAIL)


def choose(shop, **values: object) -> None:
    merchants.change_settings(merchant_id=shop.id, values=values, actor=Actor())


def ask(buyer, **values: str):
    page = text(buyer.get("wallet/withdraw/"))
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found
    return buyer.post("wallet/withdraw/", {"once": found[1], "amount": "100", **BANK, **values})


def has(shop, wallet) -> tuple[int, int]:
    view = queries.wallet(merchant_id=shop.id, uid=wallet)
    return view.balance.minor, view.frozen.minor


def asked(shop):
    return withdrawals.withdrawals_page(merchant_id=shop.id).rows


class TestAsk:
    def test_F3_a_customer_asks_sees_it_held_and_takes_it_back(self, shop, buyer, wallet):
        enter(shop, buyer)
        assert "wallet/withdraw/" in text(buyer.get("wallet/"))

        answer = ask(buyer)

        assert answer.status_code == 302
        assert has(shop, wallet) == (50_000, 10_000)
        (row,) = asked(shop)
        shown = text(buyer.get("wallet/withdraw/"))
        assert "林** •••• 0458" in shown
        assert "6214830012340458" not in shown
        assert "待审核" in shown
        cancel = f"wallet/withdraw/{row.uid}/cancel/"
        assert cancel in shown
        assert buyer.post(cancel).status_code == 302
        assert has(shop, wallet) == (50_000, 0)
        assert cancel not in text(buyer.get("wallet/withdraw/"))

    def test_F3_a_form_that_is_sent_twice_asks_once(self, shop, buyer, wallet):
        enter(shop, buyer)

        for _ in range(2):
            answer = buyer.post("wallet/withdraw/", {"once": "frm_same", "amount": "100", **BANK})
            assert answer.status_code == 302

        assert has(shop, wallet) == (50_000, 10_000)

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"amount": ""}, 422),
            ({"amount": "x"}, 422),
            ({"amount": "0"}, 422),
            ({"holder": ""}, 422),
            ({"number": "12"}, 422),
            ({"kind": "alipay", "number": ""}, 422),
            ({"kind": "other"}, 422),
            ({"kind": "moon"}, 422),
            ({"amount": "500.01"}, 409),
        ],
    )
    def test_what_cannot_be_paid_out_holds_nothing(self, shop, buyer, wallet, values, status):
        enter(shop, buyer)

        answer = ask(buyer, **values)

        assert answer.status_code == status
        assert asked(shop) == ()
        assert has(shop, wallet) == (50_000, 0)

    @pytest.mark.parametrize(
        "values",
        [{"kind": "alipay", "bank": ""}, {"kind": "other", "words": "微信 lin888", "holder": ""}],
    )
    def test_F3_other_ways_need_less(self, shop, buyer, wallet, values):
        enter(shop, buyer)

        assert ask(buyer, **values).status_code == 302

    def test_F3_the_limits_are_said_and_hold(self, shop, buyer, wallet):
        choose(shop, withdrawal_min=10, withdrawal_max=200, withdrawal_day_max=250)
        enter(shop, buyer)

        page = text(buyer.get("wallet/withdraw/"))
        answers = [ask(buyer, amount=amount).status_code for amount in ("9", "201", "200", "51")]

        assert "最低 ¥10.00" in page
        assert "单笔最高 ¥200.00" in page
        assert answers == [422, 422, 302, 409]
        assert has(shop, wallet) == (50_000, 20_000)

    def test_L10_asking_is_counted_by_the_wallet(self, shop, buyer, wallet):
        enter(shop, buyer)

        answers = [ask(buyer, amount="1").status_code for _ in range(12)]

        assert answers == [302] * 10 + [429] * 2
        assert has(shop, wallet) == (50_000, 1_000)

    def test_a_blocked_wallet_shows_no_form(self, shop, buyer, wallet):
        operations.block(merchant_id=shop.id, uid=wallet, reason="盗用", actor=OWNER)
        enter(shop, buyer)

        shown = text(buyer.get("wallet/withdraw/"))
        answer = buyer.post("wallet/withdraw/", {"once": "x", "amount": "1", **BANK})

        assert 'name="amount"' not in shown
        assert answer.status_code == 409
        assert has(shop, wallet) == (50_000, 0)

    def test_a_shop_that_pays_nothing_out_offers_nothing(self, shop, buyer, wallet):
        choose(shop, withdrawals=False)
        enter(shop, buyer)

        answer = buyer.post("wallet/withdraw/", {"once": "x", "amount": "1", **BANK})

        assert "wallet/withdraw/" not in text(buyer.get("wallet/"))
        assert answer.status_code == 403
        assert has(shop, wallet) == (50_000, 0)


class TestOthers:
    def test_L10_nobody_asks_or_looks_without_having_entered(self, shop, buyer, wallet):
        for answer in (
            buyer.get("wallet/withdraw/"),
            buyer.post("wallet/withdraw/", {"once": "x", "amount": "1", **BANK}),
            buyer.post("wallet/withdraw/wdr_x/cancel/"),
        ):
            assert answer.headers["Location"].endswith("/wallet/")

        assert has(shop, wallet) == (50_000, 0)

    def test_L10_nobody_takes_back_what_another_has_asked_for(self, shop, buyer, wallet):
        enter(shop, buyer)
        ask(buyer)
        (row,) = asked(shop)
        stranger = shop.buyer()
        enter(shop, stranger, "eve@example.com")

        answer = stranger.post(f"wallet/withdraw/{row.uid}/cancel/")

        assert answer.status_code == 404
        assert has(shop, wallet) == (50_000, 10_000)

    def test_F3_what_is_approved_is_not_taken_back(self, shop, buyer, wallet):
        enter(shop, buyer)
        ask(buyer)
        (row,) = asked(shop)
        deciding.approve(merchant_id=shop.id, uid=row.uid, actor=OWNER, role="owner")

        answer = buyer.post(f"wallet/withdraw/{row.uid}/cancel/")

        assert answer.status_code == 409
        assert asked(shop)[0].state is WithdrawalState.APPROVED
        assert has(shop, wallet) == (50_000, 10_000)
