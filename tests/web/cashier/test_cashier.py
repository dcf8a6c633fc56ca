"""P1: the sandbox behaves like a real company, and misbehaves like one."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.db import connection

from kacang.merchants.queries import merchant as merchant_of
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.payments import listing, queries
from kacang.payments.companies import webhooks
from kacang.payments.models import Payment, Receipt, ReceiptFit
from kacang.payments.sandbox import cashier
from kacang.payments.sandbox.books import SandboxCharge
from kacang.payments.sandbox.cashier import NoticeNotTaken
from tests import make


@pytest.fixture
def placed(merchant, installation):
    make.account(merchant)
    return make.order(make.sku(merchant))


def press(url: str, **fields: str) -> httpx.Response:
    """Press a button of the pay page, as a browser without scripts does."""
    with httpx.Client(follow_redirects=True, trust_env=False) as browser:
        page = browser.get(url)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.status_code
        return browser.post(url, data={"csrfmiddlewaretoken": token[1], **fields})


def queued(merchant: int) -> list[dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select args, extract(epoch from scheduled_at - now())::int from procrastinate_jobs"
            " where task_name = 'payments.sandbox_send' and args->>'merchant_id' = %s::text"
            " order by id",
            [str(merchant)],
        )
        found = cursor.fetchall()
    return [
        {**(json.loads(args) if isinstance(args, str) else args), "wait": wait}
        for args, wait in found
    ]


def run_jobs(merchant: int) -> int:
    """Do what the worker does with the messages that are queued."""
    jobs = queued(merchant)
    for job in jobs:
        cashier.send(
            merchant_id=merchant,
            account_uid=str(job["account_uid"]),
            charge_id=int(str(job["charge_id"])),
            message=str(job["message"]),
            now=datetime.now(UTC),
        )
    return len(jobs)


def ask(merchant: int, placed) -> None:
    """Do what the schedule does when nobody has heard of a payment."""
    with acting_as(merchant):
        payment = Payment.objects.get(number=placed.payment.payment_id)
        Payment.objects.filter(id=payment.pk).update(
            ask_at=datetime.now(UTC) - timedelta(seconds=1)
        )
    orders.ask_about(merchant_id=merchant, payment_id=payment.pk)


def state_of(merchant: int, placed) -> OrderState:
    return order_queries.order(merchant_id=merchant, number=placed.number).state


def fits(merchant: int) -> list[int | None]:
    with acting_as(merchant):
        return list(Receipt.objects.order_by("id").values_list("fit", flat=True))


class TestPage:
    def test_shows_what_is_to_be_paid_and_that_it_is_a_trial(self, merchant, placed):
        page = httpx.get(placed.payment.pay_url, headers={"accept-language": "en"})

        assert page.status_code == 200
        assert "A trial: no real money moves." in page.text
        assert merchant_of(merchant_id=merchant).name in page.text
        assert "19." in page.text
        assert placed.payment.payment_id in page.text
        assert page.headers["cache-control"] == "no-store"
        with acting_as(merchant):
            assert SandboxCharge.objects.count() == 0

    def test_speaks_chinese_first(self, placed):
        page = httpx.get(placed.payment.pay_url)

        assert 'lang="zh-CN"' in page.text

    @pytest.mark.parametrize(
        ("old", "new"),
        [("m=1999", "m=1"), ("c=CNY", "c=USD"), ("&s=", "&s=x"), ("m=1999", "m=x"), ("m=1999", "")],
    )
    def test_does_not_exist_for_another_amount(self, merchant, placed, old, new):
        url = placed.payment.pay_url.replace(old, new)

        assert httpx.get(url).status_code == 404
        with acting_as(merchant):
            assert SandboxCharge.objects.count() == 0

    def test_nor_for_another_account_or_payment(self, merchant, other_merchant, placed):
        theirs = make.account(other_merchant)
        mine = placed.payment.pay_url.split("/sandbox/pay/")[1].split("/")[0]

        assert httpx.get(placed.payment.pay_url.replace(mine, theirs.uid)).status_code == 404
        assert httpx.get(placed.payment.pay_url.replace(mine, "acc_nobody")).status_code == 404
        number = placed.payment.payment_id
        assert httpx.get(placed.payment.pay_url.replace(number, number[::-1])).status_code == 404

    @pytest.mark.parametrize(
        ("wanted", "leads_to"),
        [
            ("/s/x/orders/1/", "/s/x/orders/1/"), ("//evil.example/", None),
            ("https://evil.example/", None), ("/\\evil.example", None), ("javascript:x", None),
        ],
    )  # fmt: skip
    def test_leads_back_to_the_shop_and_nowhere_else(self, merchant, placed, wanted, leads_to):
        page = httpx.get(placed.payment.pay_url, params={
            **dict(httpx.URL(placed.payment.pay_url).params), "r": wanted,
        })  # fmt: skip

        home = f"/s/{merchant_of(merchant_id=merchant).slug}/"
        back = re.search(r'class="bar-t"><a href="([^"]+)"', page.text)
        assert back
        assert back[1] == (leads_to or home)
        assert "evil.example" not in page.text.replace("&amp;", "&").split("r=")[0]


class TestDeeds:
    def test_pay_delivers_over_http(self, merchant, placed):
        page = press(placed.payment.pay_url, deed="pay")

        assert page.status_code == 200
        assert state_of(merchant, placed) is OrderState.PENDING  # told by a job, not by the page
        assert run_jobs(merchant) == 1
        assert state_of(merchant, placed) is OrderState.DELIVERED
        assert fits(merchant) == [ReceiptFit.FITS]

    def test_pressed_twice_pays_once(self, merchant, placed):
        with httpx.Client(follow_redirects=True, trust_env=False) as browser:
            page = browser.get(placed.payment.pay_url)
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
            assert token
            data = {"csrfmiddlewaretoken": token[1], "deed": "pay"}
            answers = [browser.post(placed.payment.pay_url, data=data) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert len(queued(merchant)) == 1

    def test_fail_can_be_tried_again(self, merchant, placed):
        press(placed.payment.pay_url, deed="fail")
        run_jobs(merchant)
        assert state_of(merchant, placed) is OrderState.PENDING

        press(placed.payment.pay_url, deed="pay")
        run_jobs(merchant)

        assert state_of(merchant, placed) is OrderState.DELIVERED

    def test_L8_lose_is_found_by_asking(self, merchant, placed):
        press(placed.payment.pay_url, deed="lose")
        assert run_jobs(merchant) == 0

        ask(merchant, placed)

        assert state_of(merchant, placed) is OrderState.DELIVERED

    def test_forged_is_refused_and_found_by_asking(self, merchant, placed):
        press(placed.payment.pay_url, deed="forged")
        run_jobs(merchant)
        assert state_of(merchant, placed) is OrderState.PENDING
        assert fits(merchant) == []

        ask(merchant, placed)

        assert state_of(merchant, placed) is OrderState.DELIVERED

    def test_late_waits(self, merchant, placed):
        press(placed.payment.pay_url, deed="late", seconds="90")

        (job,) = queued(merchant)
        assert 60 <= int(str(job["wait"])) <= 90

    def test_repeat_is_one_delivery(self, merchant, placed):
        press(placed.payment.pay_url, deed="repeat")

        assert run_jobs(merchant) == 5
        assert state_of(merchant, placed) is OrderState.DELIVERED
        assert fits(merchant) == [ReceiptFit.FITS]

    def test_unordered_stays_delivered(self, merchant, placed):
        press(placed.payment.pay_url, deed="unordered")

        assert [job["message"] for job in queued(merchant)] == ["paid", "pending"]
        run_jobs(merchant)
        assert state_of(merchant, placed) is OrderState.DELIVERED

    @pytest.mark.parametrize(
        ("deed", "fit"),
        [
            ("less", ReceiptFit.PARTIAL),
            ("more", ReceiptFit.OVER),
            ("currency", ReceiptFit.OTHER_CURRENCY),
        ],
    )
    def test_another_amount_is_kept_and_delivers_nothing(self, merchant, placed, deed, fit):
        press(placed.payment.pay_url, deed=deed)
        run_jobs(merchant)

        assert state_of(merchant, placed) is OrderState.PENDING
        assert fits(merchant) == [fit]
        assert len(listing.suspense_page(merchant_id=merchant).rows) == 1

    @pytest.mark.parametrize("fields", [{}, {"deed": "steal"}, {"deed": "late", "seconds": "x"}])
    def test_nonsense_does_nothing(self, merchant, placed, fields):
        assert press(placed.payment.pay_url, **fields).status_code == 200
        assert queued(merchant) == []

    def test_a_message_that_is_not_taken_is_sent_again(self, merchant, placed, monkeypatch):
        press(placed.payment.pay_url, deed="pay")
        monkeypatch.setattr(webhooks, "sign", lambda *_arguments: "v1,AAAA")

        with pytest.raises(NoticeNotTaken):
            run_jobs(merchant)


class TestQuestions:
    @pytest.mark.parametrize("what", ["query", "close"])
    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"account": 1, "payment_id": "x"}', b"[" * 9000]
    )
    def test_malformed_ones_are_refused(self, installation, what, body):
        assert httpx.post(f"{installation}/sandbox/{what}", content=body).status_code == 400

    def test_unsigned_ones_are_refused(self, merchant, installation, placed):
        account = queries.account_for(merchant_id=merchant, provider="sandbox")
        body = {"account": account.uid, "payment_id": placed.payment.payment_id}

        assert httpx.post(f"{installation}/sandbox/query", json=body).status_code == 401
        unknown = {**body, "account": "acc_nobody"}
        assert httpx.post(f"{installation}/sandbox/query", json=unknown).status_code == 404
        assert httpx.get(f"{installation}/sandbox/query").status_code == 405
