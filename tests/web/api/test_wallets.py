"""Wallets through the API: seen, opened, paid into, paid from, frozen; never another's (F3, J1)."""

from functools import partial

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import AuditEntry
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.payments.models import Payment
from kacang.payments.ports import VerifiedNotice
from kacang.payments.queries import forget_accounts
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets import operations as wallets
from kacang.web.design.formats import mask_contact
from tests import make
from tests.threads import at_once

WHO = "linxiaoman@example.com"


@pytest.fixture
def wallet(shop) -> str:
    """A customer's wallet with ¥50.00; the shop takes payments from balances."""
    forget_accounts()
    make.balance_account(shop.merchant)
    return make.wallet(shop.merchant, 5_000, contact=WHO)


def an_order(shop, contact: str = WHO) -> str:
    """An unpaid order of ¥19.99."""
    return make.order(shop.made, contact=Contact(email=contact)).number


def actions(merchant: int) -> list[str]:
    with acting_as(merchant):
        rows = AuditEntry.objects.filter(merchant_id=merchant, action__startswith="wallets.")
        return list(rows.order_by("id").values_list("action", flat=True))


def has(shop, wallet: str) -> tuple[int, int]:
    """The balance, and what of it can be spent."""
    found = shop.api.get(f"/wallets/{wallet}").json
    return found["balance_minor"], found["available_minor"]


class TestSeeing:
    def test_F3_a_customers_wallet_is_found_by_their_address(self, shop, wallet):
        make.wallet(shop.merchant, 100, contact="other@example.com")

        answer = shop.api.get("/wallets?email=LinXiaoMan@example.com")

        (found,) = answer.json["items"]
        assert answer.json["next_cursor"] is None
        assert found["id"] == wallet
        assert found["contact"] == {"email": mask_contact(WHO), "phone": None}
        assert shop.api.get(f"/wallets/{wallet}").json["contact"]["email"] == WHO
        assert (found["balance_minor"], found["available_minor"]) == (5_000, 5_000)
        assert (found["currency"], found["state"]) == ("CNY", "open")
        assert shop.api.get("/wallets?email=nobody@example.com").json["items"] == []

    def test_lists_go_on_by_their_cursor(self, shop, wallet):
        for n in range(4):
            make.wallet(shop.merchant, 0, contact=f"c{n}@example.com")

        seen, path = [], "/wallets?limit=2"
        while path:
            page = shop.api.get(path).json
            seen += [one["id"] for one in page["items"]]
            following = page["next_cursor"]
            path = f"/wallets?limit=2&cursor={following}" if following else ""

        assert len(seen) == len(set(seen)) == 5
        assert seen[-1] == wallet

    def test_F3_entries_are_the_ledgers_page_by_page(self, shop, wallet):
        number = an_order(shop)
        shop.api.post(f"/wallets/{wallet}/payments", {"order_number": number})

        first = shop.api.get(f"/wallets/{wallet}/entries?limit=1").json
        second = shop.api.get(
            f"/wallets/{wallet}/entries?limit=1&cursor={first['next_cursor']}"
        ).json

        (paid,), (deposited,) = first["items"], second["items"]
        assert (paid["kind"], paid["amount_minor"], paid["order_number"]) == (
            "paid_from_wallet", -1_999, number,
        )  # fmt: skip
        assert (deposited["kind"], deposited["amount_minor"]) == ("deposited", 5_000)
        assert second["next_cursor"] is None

    @pytest.mark.parametrize(
        "query", ["email=x", "phone=1", "email=a@example.com&phone=13800001111"]
    )
    def test_nonsense_is_refused(self, shop, query):
        assert shop.api.get(f"/wallets?{query}").status == 422


class TestOpening:
    def test_the_same_customer_has_one(self, shop, wallet):
        answer = shop.api.post("/wallets", {"contact": {"email": WHO.upper()}})
        by_phone = shop.api.post("/wallets", {"contact": {"phone": "138 2604 2716"}})

        assert (answer.status, answer.json["id"]) == (201, wallet)
        assert by_phone.json["contact"] == {"email": None, "phone": "+8613826042716"}
        assert by_phone.json["balance_minor"] == 0

    @pytest.mark.parametrize(
        "contact", [{}, {"email": "x"}, {"email": WHO, "phone": "13826042716"}]
    )
    def test_of_nobody_or_of_two_is_none(self, shop, contact):
        assert shop.api.post("/wallets", {"contact": contact}).status == 422


class TestDeposits:
    def test_F3_what_is_paid_for_the_order_is_in_the_wallet(self, shop, wallet):
        change_settings(merchant_id=shop.merchant, values={"deposits": True}, actor=SYSTEM)

        order = shop.api.post(f"/wallets/{wallet}/deposits", {"amount_minor": 12_000})
        assert (order.status, order.json["payable_minor"]) == (201, 12_000)
        number = order.json["number"]
        assert f"/orders/{number}/?t=" in order.json["access_url"]
        opened = shop.api.post(f"/orders/{number}/payments", {"provider": "sandbox"})
        assert opened.status == 201
        assert has(shop, wallet) == (5_000, 5_000)
        notice = VerifiedNotice(
            new_uid("msg"), opened.json["payment_id"], new_uid("sb"), Money(12_000),
            is_final=True, raw="{}",
        )  # fmt: skip
        orders.settle_notices(account=shop.account, notices=[notice])

        assert has(shop, wallet) == (17_000, 17_000)
        (newest, _) = shop.api.get(f"/wallets/{wallet}/entries").json["items"]
        assert (newest["kind"], newest["order_number"]) == ("deposited", number)
        assert "wallets.begin_deposit" in actions(shop.merchant)

    def test_with_the_same_key_it_is_one_order_with_a_working_address(self, shop, wallet):
        change_settings(merchant_id=shop.merchant, values={"deposits": True}, actor=SYSTEM)
        path, body = f"/wallets/{wallet}/deposits", {"amount_minor": 12_000}

        first, again = (shop.api.post(path, body, **{"Idempotency-Key": "d-1"}) for _ in "ab")
        other = shop.api.post(path, {"amount_minor": 13_000}, **{"Idempotency-Key": "d-1"})

        assert first.json == again.json
        assert (other.status, other.code) == (422, "idempotency.mismatch")
        with acting_as(shop.merchant):
            assert Payment.objects.filter(merchant_id=shop.merchant).count() == 0

    def test_a_shop_that_takes_none_and_too_little_are_refused(self, shop, wallet):
        change_settings(merchant_id=shop.merchant, values={"deposits": False}, actor=SYSTEM)
        none = shop.api.post(f"/wallets/{wallet}/deposits", {"amount_minor": 12_000})
        change_settings(
            merchant_id=shop.merchant, values={"deposits": True, "deposit_min": 10}, actor=SYSTEM
        )
        little = shop.api.post(f"/wallets/{wallet}/deposits", {"amount_minor": 999})

        assert (none.status, none.code) == (403, "orders.no_deposits")
        assert (little.status, little.code) == (422, "orders.bad_deposit")
        assert has(shop, wallet) == (5_000, 5_000)


class TestPaying:
    def test_F3_an_order_of_the_owner_is_paid_and_delivered(self, shop, wallet):
        number = an_order(shop)

        answer = shop.api.post(f"/wallets/{wallet}/payments", {"order_number": number})

        assert (answer.status, answer.json["state"]) == (201, "delivered")
        assert answer.json["amount_minor"] == 1_999
        assert has(shop, wallet) == (3_001, 3_001)
        assert actions(shop.merchant)[-1] == "wallets.pay"

    def test_L5_however_often_it_is_sent_it_pays_once(self, shop, wallet):
        number = an_order(shop)
        path, body = f"/wallets/{wallet}/payments", {"order_number": number}

        answers = [shop.api.post(path, body) for _ in range(2)]
        answers += [shop.api.post(path, body, **{"Idempotency-Key": "p"}) for _ in range(2)]

        assert [one.status for one in answers] == [201] * 4
        assert has(shop, wallet) == (3_001, 3_001)
        assert actions(shop.merchant).count("wallets.pay") == 1

    def test_L5_eight_at_once_pay_once(self, shop, wallet):
        number = an_order(shop)
        pay = partial(shop.api.post, f"/wallets/{wallet}/payments", {"order_number": number})

        statuses = at_once([lambda: pay().status] * 8)

        assert set(statuses) <= {201, 409}
        assert has(shop, wallet) == (3_001, 3_001)

    def test_nobody_pays_with_somebody_elses_wallet(self, shop, wallet):
        number = an_order(shop, "zhao@example.com")

        answer = shop.api.post(f"/wallets/{wallet}/payments", {"order_number": number})

        assert (answer.status, answer.code) == (403, "wallets.another_owner")
        assert has(shop, wallet) == (5_000, 5_000)
        assert shop.api.get(f"/orders/{number}").json["state"] == "pending"

    def test_what_it_cannot_pay_takes_nothing(self, shop, wallet):
        poor = make.wallet(shop.merchant, 1_000, contact="poor@example.com")
        for uid, number, code in (
            (poor, an_order(shop, "poor@example.com"), "wallets.not_enough"),
            (wallet, self.cancelled(shop), "orders.not_payable"),
        ):
            before = has(shop, uid)
            answer = shop.api.post(f"/wallets/{uid}/payments", {"order_number": number})
            assert (answer.status, answer.code) == (409, code)
            assert has(shop, uid) == before

    def cancelled(self, shop) -> str:
        number = an_order(shop)
        shop.api.post(f"/orders/{number}/cancel", {})
        return number

    def test_F3_a_blocked_wallet_pays_nothing(self, shop, wallet):
        number = an_order(shop)
        wallets.block(merchant_id=shop.merchant, uid=wallet, reason="x", actor=SYSTEM)

        answer = shop.api.post(f"/wallets/{wallet}/payments", {"order_number": number})

        assert (answer.status, answer.code) == (409, "wallets.blocked")
        assert shop.api.get(f"/wallets/{wallet}").json["state"] == "blocked"


class TestFreezing:
    def test_F3_a_sum_is_kept_and_let_go(self, shop, wallet):
        path = f"/wallets/{wallet}/freezes"

        made = shop.api.post(path, {"amount_minor": 4_000, "reason": "核实来源"})
        assert made.status == 201
        assert has(shop, wallet) == (5_000, 1_000)
        (held,) = shop.api.get(f"/wallets/{wallet}").json["frozen"]
        assert held == made.json
        freed = [shop.api.post(f"{path}/{held['id']}/release") for _ in range(2)]

        assert [one.status for one in freed] == [200, 200]
        assert has(shop, wallet) == (5_000, 5_000)
        assert actions(shop.merchant)[-2:] == ["wallets.freeze", "wallets.unfreeze"]

    def test_more_than_there_is_cannot_be(self, shop, wallet):
        answer = shop.api.post(f"/wallets/{wallet}/freezes", {"amount_minor": 5_001, "reason": "x"})

        assert (answer.status, answer.code) == (409, "wallets.not_enough")

    def test_is_let_go_at_its_own_wallet_alone(self, shop, wallet):
        other = make.wallet(shop.merchant, 100, contact="other@example.com")
        held = shop.api.post(
            f"/wallets/{wallet}/freezes", {"amount_minor": 100, "reason": "x"}
        ).json["id"]

        assert shop.api.post(f"/wallets/{other}/freezes/{held}/release").status == 404
        assert has(shop, wallet) == (5_000, 4_900)

    def test_F3_what_a_withdrawal_holds_is_not_let_go(self, shop, wallet):
        change_settings(merchant_id=shop.merchant, values={"withdrawals": True}, actor=SYSTEM)
        make.withdrawal(shop.merchant, wallet, 2_000)
        (held,) = shop.api.get(f"/wallets/{wallet}").json["frozen"]

        answer = shop.api.post(f"/wallets/{wallet}/freezes/{held['id']}/release")

        assert held["is_for_withdrawal"] is True
        assert (answer.status, answer.code) == (409, "wallets.held_for_withdrawal")


class TestTenants:
    """I2: whatever another merchant's key asks, names or lies, nothing of it is seen or moves."""

    def test_I2_another_merchants_wallet_is_not_there(self, shop, other_shop, wallet):
        held = shop.api.post(
            f"/wallets/{wallet}/freezes", {"amount_minor": 100, "reason": "x"}
        ).json["id"]
        theirs = an_order(other_shop)
        mine = an_order(shop)
        change_settings(merchant_id=other_shop.merchant, values={"deposits": True}, actor=SYSTEM)
        make.balance_account(other_shop.merchant)
        own = make.wallet(other_shop.merchant, 5_000, contact=WHO)
        key = other_shop.api

        answers = [
            key.get(f"/wallets/{wallet}"),
            key.get(f"/wallets/{wallet}/entries"),
            key.post(f"/wallets/{wallet}/deposits", {"amount_minor": 1_000}),
            key.post(f"/wallets/{wallet}/payments", {"order_number": theirs}),
            # One's own wallet does not pay another's order either.
            key.post(f"/wallets/{own}/payments", {"order_number": mine}),
            key.post(f"/wallets/{wallet}/freezes", {"amount_minor": 1, "reason": "x"}),
            key.post(f"/wallets/{wallet}/freezes/{held}/release"),
            key.post(f"/wallets/{own}/freezes/{held}/release"),
        ]

        assert [one.status for one in answers] == [404] * len(answers)
        assert [one["id"] for one in key.get(f"/wallets?email={WHO}").json["items"]] == [own]
        assert has(shop, wallet) == (5_000, 4_900)
        assert has(other_shop, own) == (5_000, 5_000)

    def test_I2_another_lists_cursor_leads_nowhere(self, shop, other_shop, wallet):
        shop.api.post(f"/wallets/{wallet}/payments", {"order_number": an_order(shop)})
        cursor = shop.api.get(f"/wallets/{wallet}/entries?limit=1").json["next_cursor"]
        own = make.wallet(other_shop.merchant, 700, contact=WHO)

        page = other_shop.api.get(f"/wallets/{own}/entries?cursor={cursor}").json
        listed = other_shop.api.get(f"/wallets?cursor={wallet}").json

        assert [one["amount_minor"] for one in page["items"]] == [700]
        assert [one["id"] for one in listed["items"]] == [own]

    def test_scopes_are_apart(self, key_for, wallet, shop):
        body = {"order_number": an_order(shop)}

        for scopes in (("wallets:read", "wallets:write"), ("orders:write",)):
            answer = key_for(*scopes).post(f"/wallets/{wallet}/payments", body)
            assert (answer.status, answer.code) == (403, "keys.scope")
        assert key_for("wallets:pay").post(f"/wallets/{wallet}/payments", body).status == 201
