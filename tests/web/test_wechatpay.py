"""P2, P3, L2, L8, L9: WeChat Pay from the order to the card, through the web, as it misbehaves."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from kacang.ledger import queries as ledger
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.orders.paying import Payer
from kacang.payments import operations, outside, queries, registry
from kacang.payments.adapters.wechatpay import WechatPay
from kacang.payments.models import Forgery, Payment, PaymentState, Receipt, ReceiptFit
from kacang.payments.ports import AccountInfo, Device, ProviderSilent, Surroundings
from kacang.shared.outbound import Guard, Outbound
from kacang.vault.models import CardState
from simulators.payments import wechatpay as simulator
from simulators.payments.company import RefundWay
from simulators.payments.wechatpay import Deed
from simulators.payments.wechatpay.speaking import Message, Way
from tests import make
from tests.payments import wechat
from tests.web.express.server import a_lane

PRICE = 1999
TAKEN = '{"code": "SUCCESS", "message": "成功"}'


def told(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Bring a message of the company to the shop's door."""
    answer = Client(enforce_csrf_checks=True).post(
        urlsplit(url).path, body, content_type="application/json", headers=dict(headers)
    )
    return answer.status_code, answer.content


@dataclass
class Sale:
    """An order that waits for money, at the company and here."""

    merchant: int
    account: AccountInfo
    server: simulator.WechatPay
    made: make.Stocked
    number: str
    payment: str

    def pay(self, deed: Deed) -> list[int]:
        return self.server.pay(self.payment, deed)

    def message(self) -> Message:
        return self.server.paid(self.server.books.trades[self.payment])

    def ask(self) -> None:
        """Ask the company, as the schedule does."""
        with acting_as(self.merchant):
            row = Payment.objects.get(merchant_id=self.merchant, number=self.payment)
            Payment.objects.filter(pk=row.pk).update(
                ask_at=datetime.now(UTC) - timedelta(seconds=1)
            )
        orders.ask_about(merchant_id=self.merchant, payment_id=row.pk)

    @property
    def state(self) -> OrderState:
        return order_queries.order(merchant_id=self.merchant, number=self.number).state

    @property
    def sold(self) -> int:
        return make.card_states(self.made).get(CardState.SOLD, 0)

    def receipts(self) -> list[tuple[int, str, int | None]]:
        with acting_as(self.merchant):
            rows = Receipt.objects.filter(merchant_id=self.merchant).order_by("id")
            return [(row.amount_minor, row.currency, row.fit) for row in rows]

    def forgeries(self) -> int:
        with acting_as(self.merchant):
            rows = Forgery.objects.filter(merchant_id=self.merchant)
            return sum(rows.values_list("count", flat=True))

    def held(self) -> dict[str, int]:
        """What the books say that the company holds, by currency."""
        return {
            line.amount.currency: line.amount.minor
            for line in ledger.balances(merchant_id=self.merchant)
            if line.account.name == "CASH_AT_PROVIDER"
        }

    def is_paid_once(self) -> bool:
        return (
            self.state is OrderState.DELIVERED
            and self.sold == 1
            and self.receipts() == [(PRICE, "CNY", ReceiptFit.FITS)]
            and self.held() == {"CNY": PRICE}
        )

    def is_untouched(self) -> bool:
        return (self.state, self.sold, self.receipts()) == (OrderState.PENDING, 0, [])


@pytest.fixture
def server(monkeypatch) -> Iterator[simulator.WechatPay]:
    queries.forget_accounts()
    with simulator.WechatPay(wechat.keys(), tell=told) as running:
        http = Outbound(Guard.build(own_urls=[running.url]), before=outside.refuse_here, seconds=5)
        company = WechatPay(Surroundings(wechat.SHOP, http))
        monkeypatch.setattr(registry, "providers", lambda: {"wechatpay": company})
        yield running


def account_at(merchant: int, server: simulator.WechatPay, **options: str) -> AccountInfo:
    filled = simulator.account_of(server.keys, server.url)
    made = operations.create_account(
        merchant_id=merchant,
        account=operations.NewAccount(
            provider="wechatpay",
            name="微信支付",
            secrets=filled["secrets"],
            options={**filled["options"], **options},
        ),
    )
    operations.enable_account(merchant_id=merchant, uid=made.uid)
    return queries.account_of_uid(made.uid)


Opens = Callable[..., Sale]


@pytest.fixture
def opened(merchant, server) -> Opens:
    """Place an order and have the company open its payment."""

    def open_one(made: make.Stocked | None = None, **payer: Any) -> Sale:
        stocked = made or make.sku(merchant)
        account = account_at(merchant, server)
        placed = make.order(stocked, provider="")
        paying = orders.start_payment(
            merchant_id=merchant, number=placed.number, provider="wechatpay", payer=Payer(**payer)
        )
        return Sale(merchant, account, server, stocked, placed.number, paying.payment_id)

    return open_one


@pytest.fixture
def sale(opened: Opens) -> Sale:
    return opened()


class TestPaid:
    def test_delivers_and_is_told_so(self, sale):
        assert sale.pay(Deed.PAY) == [200]

        body, headers = sale.server.written(sale.message())
        assert told(sale.message().url, body, headers) == (200, TAKEN.encode())
        assert sale.is_paid_once()

    @pytest.mark.parametrize("device", [Device.DESKTOP, Device.PHONE, Device.WECHAT])
    def test_P1_by_whatever_the_buyer_holds(self, opened, device):
        sale = opened(device=device, name="oBuyer1", address="203.0.113.7")
        trade = sale.server.books.trades[sale.payment]

        assert (
            trade.product == {"desktop": "native", "phone": "h5", "wechat": "jsapi"}[device.value]
        )
        if device is Device.WECHAT:
            order = order_queries.order(merchant_id=sale.merchant, number=sale.number)
            (payment,) = queries.payments_of_order(merchant_id=sale.merchant, order_id=order.id)
            assert sale.server.pay_in_app(payment.in_app) == [200]
        else:
            assert sale.pay(Deed.PAY) == [200]
        assert sale.is_paid_once()

    def test_P2_signed_with_a_certificate(self, sale):
        sale.server.signs_with = Way.CERTIFICATE

        assert sale.pay(Deed.PAY) == [200]
        assert sale.is_paid_once()

    def test_L2_repeated(self, sale):
        assert sale.pay(Deed.REPEAT) == [200] * 5
        assert sale.is_paid_once()

    def test_L2_repeated_at_once(self, sale):
        sale.pay(Deed.LOSE)
        statuses: list[int] = []

        def send() -> None:
            statuses.append(sale.server.send(sale.message()))
            connection.close()

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert statuses == [200] * 8
        assert sale.is_paid_once()

    def test_P2_out_of_order(self, sale):
        assert sale.pay(Deed.UNORDERED) == [200, 200]
        assert sale.is_paid_once()

    def test_P3_late(self, sale):
        assert sale.pay(Deed.LATE) == []
        assert sale.is_untouched()

        assert sale.server.deliver() == [200]
        assert sale.is_paid_once()

    def test_L8_lost_and_found_by_asking(self, sale):
        sale.pay(Deed.LOSE)
        assert sale.is_untouched()

        sale.ask()

        assert sale.is_paid_once()
        assert sale.server.send(sale.message()) == 200
        assert sale.is_paid_once()

    def test_L8_a_message_that_was_forged_on_the_way_is_found_by_asking(self, sale):
        assert sale.pay(Deed.FORGED) == [401]
        assert sale.is_untouched()

        sale.ask()

        assert sale.is_paid_once()

    def test_a_failed_try_may_be_followed_by_a_good_one(self, sale):
        sale.pay(Deed.FAIL)
        sale.ask()
        assert sale.is_untouched()

        assert sale.pay(Deed.PAY) == [200]
        assert sale.is_paid_once()

    @pytest.mark.parametrize(
        ("deed", "fit"),
        [
            (Deed.LESS, (PRICE - 1, "CNY", ReceiptFit.PARTIAL)),
            (Deed.MORE, (PRICE + 1, "CNY", ReceiptFit.OVER)),
            (Deed.CURRENCY, (PRICE, "HKD", ReceiptFit.OTHER_CURRENCY)),
        ],
    )
    def test_L9_money_that_does_not_fit_is_kept_and_delivers_nothing(self, sale, deed, fit):
        assert sale.pay(deed) == [200]
        sale.ask()

        assert (sale.state, sale.sold) == (OrderState.PENDING, 0)
        assert sale.receipts() == [fit]
        assert sale.held() == {fit[1]: fit[0]}


class TestTheCallThatOpens:
    @pytest.mark.parametrize("mood", ["mute", "broken"])
    def test_P3_silence_and_then_the_same_attempt(self, merchant, server, mood):
        made = make.sku(merchant)
        account = account_at(merchant, server)
        placed = make.order(made, provider="")
        setattr(server.mood, mood, 1)
        start = {"merchant_id": merchant, "number": placed.number, "provider": "wechatpay"}

        with pytest.raises(ProviderSilent):
            orders.start_payment(**start)
        with acting_as(merchant):
            (first,) = Payment.objects.filter(merchant_id=merchant).values_list("number", "state")
        paying = orders.start_payment(**start)
        sale = Sale(merchant, account, server, made, placed.number, paying.payment_id)

        assert first == (paying.payment_id, PaymentState.OPEN)
        assert len(server.books.trades) == 1
        assert sale.pay(Deed.REPEAT) == [200] * 5
        assert sale.is_paid_once()

    @pytest.mark.parametrize("mood", ["mute", "broken"])
    def test_L8_silence_when_asked_and_then_the_answer(self, sale, mood):
        sale.pay(Deed.LOSE)
        setattr(sale.server.mood, mood, 1)
        sale.ask()
        assert sale.is_untouched()

        sale.ask()

        assert sale.is_paid_once()


class TestRefused:
    @pytest.mark.parametrize("shift", [301, -301])
    def test_L9_a_stale_clock(self, sale, shift):
        sale.pay(Deed.LOSE)

        assert sale.server.send(sale.message(), shift=shift) == 401
        assert sale.is_untouched()
        assert sale.forgeries() == 1

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3"),
            ("wechatpay-signature", ""),
            ("wechatpay-serial", ""),
            ("wechatpay-serial", "00" * 20),
            ("wechatpay-nonce", "another"),
        ],
    )
    def test_L9_a_changed_header(self, sale, header, value):
        sale.pay(Deed.LOSE)
        body, headers = sale.server.written(sale.message())

        assert told(sale.message().url, body, {**headers, header: value})[0] == 401
        assert sale.is_untouched()

    def test_L9_a_changed_body(self, sale):
        sale.pay(Deed.LOSE)
        body, headers = sale.server.written(sale.message())

        for place in range(0, len(body), 97):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            assert told(sale.message().url, changed, headers)[0] == 401
        assert sale.is_untouched()

    def test_L9_another_orders_message_pays_that_order_only(self, opened, merchant):
        stocked = make.sku(merchant)
        cheap, dear = opened(stocked), opened(stocked)
        cheap.pay(Deed.LOSE)
        body, headers = cheap.server.written(cheap.message())

        # The same message at the other account's door is sealed and signed rightly.
        answers = [told(each.message().url, body, headers)[0] for each in (cheap, cheap, dear)]

        assert answers == [200, 200, 200]
        assert cheap.state is OrderState.DELIVERED
        assert dear.state is OrderState.PENDING
        assert make.card_states(stocked)[CardState.SOLD] == 1

    def test_L9_another_merchants_message_at_our_door(self, sale, other_merchant):
        theirs = simulator.WechatPay(wechat.strange_keys(), tell=told)
        message = sale.message()
        inner = {**message.inner, "mchid": theirs.keys["mchid"], "appid": theirs.keys["appid"]}
        body, headers = theirs.written(Message(message.url, *PAID, inner))
        theirs._server.server_close()

        assert told(message.url, body, headers)[0] == 401
        assert sale.is_untouched()

    def test_L9_sealed_by_who_knows_the_v3_key_but_cannot_sign(self, sale):
        sale.pay(Deed.LOSE)
        strange = wechat.strange_keys()["platform_private_key"]
        sale.server.keys = {**wechat.keys(), "platform_private_key": strange}

        assert sale.server.send(sale.message()) == 401
        assert sale.is_untouched()

    def test_L9_signed_by_who_does_not_know_the_v3_key(self, sale):
        sale.pay(Deed.LOSE)
        sale.server.keys = {**wechat.keys(), "api_v3_key": "x" * 32}

        assert sale.server.send(sale.message()) == 401
        assert sale.is_untouched()

    @pytest.mark.parametrize("amount", [0, -PRICE, True, str(PRICE), 19.99])
    def test_L9_an_amount_that_is_none(self, sale, amount):
        sale.pay(Deed.LOSE)
        message = sale.message()
        inner = {**message.inner, "amount": {"total": amount, "currency": "CNY"}}

        assert sale.server.send(Message(message.url, *PAID, inner)) == 400
        assert sale.is_untouched()

    def test_only_post(self, sale):
        assert Client().get(urlsplit(sale.message().url).path).status_code == 405


PAID = ("TRANSACTION.SUCCESS", "transaction", "EV-other")


class TestRefundNotice:
    def test_P4_is_taken_and_pays_no_order(self, sale):
        sale.pay(Deed.PAY)
        trade = sale.server.books.trades[sale.payment]
        sale.server.mood.refunds = RefundWay.FAILS_LATER
        refund, _ = sale.server.books.refund(
            {
                "out_refund_no": "Ref1",
                "notify_url": sale.message().url,
                "amount": {"refund": 500, "total": PRICE},
            },
            trade,
            "PROCESSING",
        )
        sale.server.finish_refunds()

        assert refund.status == "ABNORMAL"
        assert sale.server.deliver() == [200]
        assert sale.is_paid_once()


class TestExpressLane:
    def notice(self, sale: Sale, lane: Any) -> Any:
        queries.account_of_uid(sale.account.uid)
        body, headers = sale.server.written(sale.message())
        named = {name.replace("-", "_"): value for name, value in headers.items()}
        return lane.post(urlsplit(sale.message().url).path, body, **named)

    def test_L18_a_certificate_is_not_fetched_where_all_would_wait(self, sale):
        """The first message goes the ordinary way, which may wait; the others do not."""
        sale.server.signs_with = Way.CERTIFICATE
        sale.pay(Deed.LOSE)

        for lane in a_lane():
            first = self.notice(sale, lane)
            assert (first.status, lane.bridged) == (200, 1)
            again = self.notice(sale, lane)
            assert (again.status, lane.bridged) == (200, 1)
        assert sale.is_paid_once()
