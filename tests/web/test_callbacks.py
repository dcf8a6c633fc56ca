"""P2 and DESIGN's callbacks, through the web, as companies and forgers send them."""

import json
import secrets
import threading
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.payments import listing, operations, queries
from kacang.payments.adapters.sandbox import SECRET
from kacang.payments.companies import webhooks
from kacang.payments.models import Forgery, Notice, Receipt, ReceiptFit
from kacang.shared.money import Money
from kacang.vault.models import CardState
from tests import make

OK = b'{"ok": true}'


@pytest.fixture
def account(merchant):
    queries.forget_accounts()
    return make.account(merchant)


@pytest.fixture
def stocked(merchant, account):
    return make.sku(merchant)


def said_of(placed, **changes) -> dict[str, object]:
    unique = secrets.token_hex(6)
    return {
        "id": f"evt_{unique}",
        "payment_id": placed.payment.payment_id,
        "provider_number": f"sb_{unique}",
        "amount_minor": placed.payable.minor,
        "currency": "CNY",
        "status": "paid",
        **changes,
    }


def post(account, said, **options):
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    stamp = int(datetime.now(UTC).timestamp()) + options.get("shift", 0)
    message = str(said.get("id")) if isinstance(said, dict) else "evt_raw"
    secret = options.get("secret", account.secrets[SECRET][0])
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(stamp),
        "webhook-signature": webhooks.sign(secret, message, stamp, body),
        **options.get("headers", {}),
    }
    path = options.get("path", f"/callbacks/payments/sandbox/{account.uid}")
    return Client(enforce_csrf_checks=True).post(
        path, body, content_type="application/json", headers=headers
    )


def state_of(merchant: int, placed) -> OrderState:
    return order_queries.order(merchant_id=merchant, number=placed.number).state


def stored(merchant: int) -> tuple[int, int]:
    with acting_as(merchant):
        notices = Notice.objects.filter(merchant_id=merchant).count()
        return notices, Receipt.objects.filter(merchant_id=merchant).count()


def forgeries(merchant: int) -> int:
    with acting_as(merchant):
        return sum(Forgery.objects.filter(merchant_id=merchant).values_list("count", flat=True))


def fits(merchant: int) -> list[int | None]:
    with acting_as(merchant):
        return list(Receipt.objects.filter(merchant_id=merchant).values_list("fit", flat=True))


class TestStrangers:
    def test_P1_who_is_outside_the_list_is_refused_and_counted(self, merchant, account, stocked):
        change = operations.AccountChange(name="沙盒", networks=["192.0.2.0/24"])
        operations.change_account(merchant_id=merchant, uid=account.uid, change=change)
        placed = make.order(stocked)

        answer = post(account, said_of(placed))

        assert (answer.status_code, answer.json()["code"]) == (403, "payments.stranger")
        assert state_of(merchant, placed) is OrderState.PENDING
        assert (stored(merchant), forgeries(merchant)) == ((0, 0), 0)
        (row,) = queries.accounts(merchant_id=merchant)
        assert (row.strangers, row.forgeries) == (1, 0)

    def test_P1_who_is_inside_is_heard(self, merchant, account, stocked):
        change = operations.AccountChange(name="沙盒", networks=["127.0.0.1"])
        operations.change_account(merchant_id=merchant, uid=account.uid, change=change)
        placed = make.order(stocked)

        assert post(account, said_of(placed)).status_code == 200
        assert state_of(merchant, placed) is OrderState.DELIVERED


class TestTaken:
    def test_delivers_and_answers_ok(self, merchant, account, stocked):
        placed = make.order(stocked)

        answer = post(account, said_of(placed))

        assert (answer.status_code, answer.content) == (200, OK)
        assert answer["content-type"] == "application/json"
        assert state_of(merchant, placed) is OrderState.DELIVERED
        assert stored(merchant) == (1, 1)

    def test_L2_a_repeat_gets_the_same_answer_and_nothing_else(self, merchant, account, stocked):
        placed = make.order(stocked)
        said = said_of(placed)

        answers = [post(account, said) for _ in range(5)]
        new_id = post(account, {**said, "id": "evt_other"})

        assert {(one.status_code, one.content) for one in [*answers, new_id]} == {(200, OK)}
        assert fits(merchant) == [ReceiptFit.FITS]
        assert sum(make.card_states(stocked).values()) == 3
        assert make.card_states(stocked)[CardState.SOLD] == 1

    def test_L2_repeats_at_once(self, merchant, account, stocked):
        placed = make.order(stocked)
        said = said_of(placed)
        statuses: list[int] = []

        def send() -> None:
            statuses.append(post(account, said).status_code)
            connection.close()

        threads = [threading.Thread(target=send) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert statuses == [200] * 16
        assert fits(merchant) == [ReceiptFit.FITS]
        assert make.card_states(stocked)[CardState.SOLD] == 1

    def test_a_status_that_is_not_final_changes_nothing(self, merchant, account, stocked):
        placed = make.order(stocked)

        answer = post(account, said_of(placed, status="pending"))

        assert (answer.status_code, answer.content) == (200, OK)
        assert state_of(merchant, placed) is OrderState.PENDING
        assert fits(merchant) == []

    def test_pending_after_paid_changes_nothing(self, merchant, account, stocked):
        placed = make.order(stocked)
        post(account, said_of(placed))

        assert post(account, said_of(placed, status="pending")).status_code == 200
        assert state_of(merchant, placed) is OrderState.DELIVERED

    @pytest.mark.parametrize(
        ("changes", "fit"),
        [
            ({"amount_minor": 1}, ReceiptFit.PARTIAL),
            ({"amount_minor": 2000}, ReceiptFit.OVER),
            ({"currency": "USD"}, ReceiptFit.OTHER_CURRENCY),
            ({"currency": "USDT"}, ReceiptFit.OTHER_CURRENCY),
            ({"payment_id": "Nobody1234"}, ReceiptFit.UNMATCHED),
        ],
    )
    def test_money_that_does_not_fit_is_kept_and_delivers_nothing(
        self, merchant, account, stocked, changes, fit
    ):
        placed = make.order(stocked)

        answer = post(account, said_of(placed, **changes))

        assert answer.status_code == 200
        assert state_of(merchant, placed) is OrderState.PENDING
        assert fits(merchant) == [fit]

    def test_during_a_rotation_both_secrets_count(self, merchant, account, stocked):
        old = account.secrets[SECRET][0]
        operations.set_secret(merchant_id=merchant, uid=account.uid, name=SECRET)

        assert post(account, said_of(make.order(stocked)), secret=old).status_code == 200
        operations.end_rotation(merchant_id=merchant, uid=account.uid, name=SECRET)
        assert post(account, said_of(make.order(stocked)), secret=old).status_code == 401

    def test_money_for_a_disabled_account_still_counts(self, merchant, account, stocked):
        placed = make.order(stocked)
        operations.disable_account(merchant_id=merchant, uid=account.uid)

        assert post(account, said_of(placed)).status_code == 200
        assert state_of(merchant, placed) is OrderState.DELIVERED


class TestRefused:
    @pytest.mark.parametrize(
        "options",
        [
            {"secret": webhooks.new_secret()},
            {"shift": 301},
            {"shift": -301},
            {"headers": {"webhook-signature": ""}},
            {"headers": {"webhook-signature": "v1a,AAAA"}},
            {"headers": {"webhook-id": "evt_other"}},
            {"headers": {"webhook-timestamp": "soon"}},
        ],
    )
    def test_L9_a_forgery_leaves_only_a_count(self, merchant, account, stocked, options):
        placed = make.order(stocked)

        answer = post(account, said_of(placed), **options)

        assert answer.status_code == 401
        assert answer["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "payments.bad_signature"
        assert state_of(merchant, placed) is OrderState.PENDING
        assert stored(merchant) == (0, 0)
        assert forgeries(merchant) == 1

    def test_L9_another_account_cannot_speak_for_this_one(
        self, merchant, other_merchant, account, stocked
    ):
        placed = make.order(stocked)
        theirs = make.account(other_merchant)

        with_our_path = post(account, said_of(placed), secret=theirs.secrets[SECRET][0])
        with_their_path = post(theirs, said_of(placed))

        assert (with_our_path.status_code, with_their_path.status_code) == (401, 200)
        assert state_of(merchant, placed) is OrderState.PENDING
        assert stored(merchant) == (0, 0)
        assert fits(other_merchant) == [ReceiptFit.UNMATCHED]

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount_minor": 0}, {"amount_minor": -1999}, {"amount_minor": True},
            {"amount_minor": "1999"}, {"amount_minor": 19.99}, {"amount_minor": 10**30},
            {"currency": "???"}, {"payment_id": "a\0b"}, {"provider_number": None},
            {"id": None}, {"status": None},
        ],
    )  # fmt: skip
    def test_what_cannot_be_understood_leaves_nothing(self, merchant, account, stocked, changes):
        placed = make.order(stocked)

        answer = post(account, said_of(placed, **changes))

        assert answer.status_code == 400
        assert answer.json()["code"] == "payments.bad_notice"
        assert state_of(merchant, placed) is OrderState.PENDING
        assert stored(merchant) == (0, 0)
        assert forgeries(merchant) == 0

    @pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 60_000, b"{}", b'{"id": "\\ud800"}'])
    def test_nor_what_is_not_a_message(self, merchant, account, body):
        answer = post(account, body)

        assert answer.status_code == 400
        assert "{" not in answer.json()["detail"]
        assert stored(merchant) == (0, 0)

    def test_more_than_64_kib(self, merchant, account):
        assert post(account, b"x" * (64 * 1024 + 1)).status_code == 413
        assert stored(merchant) == (0, 0)

    def test_accounts_that_do_not_exist(self, account, stocked):
        said = said_of(make.order(stocked))

        for path in (
            "/callbacks/payments/sandbox/acc_nobody",
            f"/callbacks/payments/alipay/{account.uid}",
            "/callbacks/payments/sandbox/a%00b",
            "/callbacks/payments/sandbox/" + "x" * 300,
        ):
            answer = post(account, said, path=path)
            assert (answer.status_code, answer.json()["code"]) == (404, "request.no_such_path")

    def test_only_post(self, account):
        answer = Client().get(f"/callbacks/payments/sandbox/{account.uid}")

        assert (answer.status_code, answer["allow"]) == (405, "POST")

    def test_sets_no_cookie(self, account, stocked):
        answer = post(account, said_of(make.order(stocked)))

        assert not answer.cookies


class TestSuspense:
    def test_is_listed_for_a_person(self, merchant, account, stocked):
        placed = make.order(stocked)
        post(account, said_of(placed, amount_minor=1, provider_number="sb_short"))

        (waiting,) = listing.suspense_page(merchant_id=merchant).rows

        assert (waiting.provider_number, waiting.amount) == ("sb_short", Money(1))
        assert waiting.fit is ReceiptFit.PARTIAL
