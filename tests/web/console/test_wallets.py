"""Wallets at the desk: seen, deposited into, frozen, blocked (F3)."""

import re

import pytest

from kacang.orders import operations as orders
from kacang.payments.queries import forget_accounts
from kacang.wallets import queries
from tests import make
from tests.web.console.conftest import work_as


def balance(merchant: int, uid: str) -> tuple[int, int]:
    view = queries.wallet(merchant_id=merchant, uid=uid)
    return view.balance.minor, view.frozen.minor


def typed(page: str, **values: str) -> dict[str, str]:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found
    return {"once": found[1], "reason": "招行 0917", "amount": "50", **values}


class TestWallets:
    def test_F3_a_wallet_is_opened_and_found_by_its_contact(self, merchant, work):
        desk = work("finance")

        made = desk.post("/console/wallets/new/", {"contact": " Lin@Example.com "})
        again = desk.post("/console/wallets/new/", {"contact": "lin@example.com"})
        wrong = desk.post("/console/wallets/new/", {"contact": "lin"})

        assert made.status_code == 302
        assert made.headers["Location"] == again.headers["Location"]
        assert wrong.status_code == 422
        found = desk.get("/console/wallets/?q=LIN@example.com").content.decode()
        assert made.headers["Location"] in found
        assert "lin@example.com" not in found.replace('value="LIN@example.com"', "")
        assert "has no wallet" in desk.get("/console/wallets/?q=x@example.com").content.decode()

    def test_F3_a_deposit_names_its_amount_before_it_is_done_and_is_done_once(self, merchant, work):
        uid = make.wallet(merchant)
        desk = work("finance")
        page = desk.get(f"/console/wallets/{uid}/").content.decode()
        values = typed(page)

        asked = desk.post(f"/console/wallets/{uid}/deposit/", values)
        assert balance(merchant, uid) == (0, 0)
        done, again = (
            desk.post(f"/console/wallets/{uid}/deposit/", {**values, "sure": "1"}) for _ in range(2)
        )

        assert asked.status_code == 200
        assert "Deposit ¥50.00" in asked.content.decode()
        assert done.status_code == again.status_code == 302
        assert balance(merchant, uid) == (5_000, 0)
        shown = desk.get(f"/console/wallets/{uid}/").content.decode()
        assert "招行 0917" in shown

    @pytest.mark.parametrize(
        "values", [{"amount": "x"}, {"amount": "0"}, {"amount": ""}, {"reason": " "}]
    )
    def test_what_makes_no_sense_moves_nothing(self, merchant, work, values):
        uid = make.wallet(merchant)
        desk = work()
        page = desk.get(f"/console/wallets/{uid}/").content.decode()

        answer = desk.post(
            f"/console/wallets/{uid}/deposit/", {**typed(page), **values, "sure": "1"}
        )

        assert answer.status_code == 422
        assert balance(merchant, uid) == (0, 0)

    def test_F3_a_sum_is_frozen_and_let_go(self, merchant, work):
        uid = make.wallet(merchant, 10_000)
        desk = work("finance")
        values = typed(desk.get(f"/console/wallets/{uid}/").content.decode(), sure="1")

        too_much = desk.post(f"/console/wallets/{uid}/freeze/", {**values, "amount": "100.01"})
        desk.post(f"/console/wallets/{uid}/freeze/", values)
        assert balance(merchant, uid) == (10_000, 5_000)
        (one,) = queries.frozen_sums(merchant_id=merchant, uid=uid)
        desk.post(f"/console/wallets/{uid}/unfreeze/{one.uid}/")

        assert too_much.status_code == 422
        assert "¥100.00 can be spent" in too_much.content.decode()
        assert balance(merchant, uid) == (10_000, 0)

    def test_F3_what_an_order_took_stands_on_the_statement(self, merchant, work):
        forget_accounts()
        make.balance_account(merchant)
        placed = make.order(make.sku(merchant), provider="wallet")
        uid = make.wallet(merchant, 10_000)
        orders.pay_from_wallet(merchant_id=merchant, number=placed.number, wallet_uid=uid)

        shown = work("finance").get(f"/console/wallets/{uid}/").content.decode()

        assert f"/console/orders/{placed.number}/" in shown
        assert "Paid an order" in shown

    def test_F3_a_wallet_is_blocked_with_a_reason(self, merchant, work):
        uid = make.wallet(merchant, 10_000)
        desk = work()

        desk.post(f"/console/wallets/{uid}/block/", {"reason": ""})
        assert queries.wallet(merchant_id=merchant, uid=uid).state.name == "OPEN"
        desk.post(f"/console/wallets/{uid}/block/", {"reason": "stolen"})
        assert queries.wallet(merchant_id=merchant, uid=uid).state.name == "BLOCKED"
        desk.post(f"/console/wallets/{uid}/block/", {"to": "open"})

        assert queries.wallet(merchant_id=merchant, uid=uid).state.name == "OPEN"

    @pytest.mark.parametrize("role", ["sales", "clerk", "order_operator", "stock_keeper"])
    def test_I1_only_who_may_sees_or_moves_anything(self, merchant, work, role):
        uid = make.wallet(merchant, 10_000)
        desk = work(role)

        answers = [desk.get("/console/wallets/"), desk.get(f"/console/wallets/{uid}/")]
        answers += [
            desk.post(f"/console/wallets/{uid}/{act}/", {"amount": "1", "once": "x", "sure": "1"})
            for act in ("deposit", "freeze", "block", "unfreeze/frz_x")
        ]

        assert {answer.status_code for answer in answers} == {403}
        assert balance(merchant, uid) == (10_000, 0)

    def test_I2_another_merchants_wallet_is_not_there(self, merchant, other_merchant):
        uid = make.wallet(merchant, 10_000)
        desk = work_as(other_merchant)
        values = {"amount": "1", "once": "x", "reason": "x", "sure": "1"}

        answers = [desk.get(f"/console/wallets/{uid}/")]
        answers += [
            desk.post(f"/console/wallets/{uid}/{act}/", values)
            for act in ("deposit", "freeze", "block", "unfreeze/frz_x")
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert balance(merchant, uid) == (10_000, 0)
