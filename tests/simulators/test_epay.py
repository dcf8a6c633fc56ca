"""易支付 end to end: the gateway and the installation meet over HTTP alone (P1, P2, P3, P4)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from kacang.orders.models import OrderState
from kacang.payments import registry
from kacang.payments.models import ReceiptFit
from kacang.payments.ports import (
    AccountRefused,
    PaymentRef,
    ProviderSilent,
    RefundAsked,
    RefundState,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.company import Deed, RefundWay, tell
from simulators.payments.epay import Gateway, account, new_keys
from simulators.payments.epay.signing import content, md5, rsa_fits
from tests.payments.vectors import public_key, vector
from tests.simulators.selling import Shop, neighbours_allowed, open_shop, visit
from tests.web.cashier.conftest import installation  # noqa: F401 - a fixture
from tests.web.conftest import _plain_static_files  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    return new_keys()


@pytest.fixture
def gateway(keys) -> Iterator[Gateway]:
    with Gateway(keys) as running:
        yield running


@pytest.fixture(params=["v1", "v2"])
def shop(request, merchant, installation, gateway) -> Iterator[Shop]:  # noqa: F811
    with neighbours_allowed():
        yield open_shop(merchant, account(gateway.keys, gateway.url, request.param))


@pytest.fixture
def old_shop(merchant, installation, gateway) -> Iterator[Shop]:  # noqa: F811
    with neighbours_allowed():
        yield open_shop(merchant, account(gateway.keys, gateway.url))


def opened(shop: Shop):
    """An order whose buyer stands at the cashier's page."""
    placed = shop.order()
    payment = shop.start(placed)
    return placed, payment, visit(payment.pay_url)


class TestSignatures:
    @pytest.mark.parametrize("name", ["epay_v1_submit", "epay_v1_notify"])
    def test_V1_signs_as_the_vectors_say(self, name):
        known = vector(name)

        assert content(known["params"]) == known["string"]
        assert md5(known["params"], known["key"]) == known["sign"]

    def test_V2_checks_as_the_vector_says(self):
        known = vector("epay_v2_create")
        said = {**known["params"], "sign": known["sign"]}
        keys = [public_key("merchant"), public_key("platform")]

        assert content(known["params"]) == known["string"]
        assert sorted(rsa_fits(said, key) for key in keys) == [False, True]
        assert not any(rsa_fits({**said, "money": "1.01"}, key) for key in keys)


class TestPaid:
    def test_P1_a_buyer_pays_at_the_gateways_page(self, shop, gateway):
        placed, _, cashier = opened(shop)

        visit(cashier, b"deed=pay")

        assert shop.sold_once(placed)

    @pytest.mark.parametrize("notify_by", ["GET", "POST"])
    def test_P2_the_gateway_hears_success(self, shop, gateway, notify_by):
        gateway.notify_by = notify_by
        placed, payment, _ = opened(shop)

        answers = gateway.pay(payment.payment_id, Deed.REPEAT)

        assert answers == [(200, b"success")] * 5
        assert shop.sold_once(placed)

    def test_P2_not_yet_after_paid_changes_nothing(self, shop, gateway):
        placed, payment, _ = opened(shop)

        answers = gateway.pay(payment.payment_id, Deed.UNORDERED)

        assert [status for status, _ in answers] == [200, 200]
        assert shop.sold_once(placed)

    def test_P3_late_is_not_lost(self, shop, gateway):
        placed, payment, _ = opened(shop)
        gateway.pay(payment.payment_id, Deed.LATE)
        before = shop.untouched(placed)

        gateway.deliver()

        assert before
        assert shop.sold_once(placed)

    def test_L8_what_is_lost_is_asked_for_and_may_still_come(self, shop, gateway):
        placed, payment, _ = opened(shop)
        gateway.pay(payment.payment_id, Deed.LOSE)

        shop.ask(payment.payment_id)
        found = shop.sold_once(placed)
        gateway.tell_of(gateway.books.orders[payment.payment_id])

        assert found
        assert shop.sold_once(placed)

    def test_L8_a_gateway_that_is_down_is_asked_again(self, shop, gateway):
        placed, payment, _ = opened(shop)
        gateway.pay(payment.payment_id, Deed.LOSE)
        gateway.mood.broken = 1

        shop.ask(payment.payment_id)
        before = shop.untouched(placed)
        shop.ask(payment.payment_id)

        assert before
        assert shop.sold_once(placed)

    def test_another_shop_is_not_told_with_one_who_does_not_pay(self, shop, gateway):
        placed, payment, cashier = opened(shop)

        visit(cashier, b"deed=fail")
        shop.ask(payment.payment_id)

        assert shop.untouched(placed)
        assert shop.notices() == 0


class TestMadeInTheShop:
    @pytest.fixture(params=["v1", "v2"])
    def shop(self, request, merchant, installation, gateway):  # noqa: F811
        with neighbours_allowed():
            filled = account(gateway.keys, gateway.url, request.param)
            options = {**filled["options"], "way": "api", "type": "alipay"}
            yield open_shop(merchant, {**filled, "options": options})

    def test_P1_shows_the_code_itself(self, shop, gateway):
        placed = shop.order()

        payment = shop.start(placed)
        gateway.pay(payment.payment_id)

        assert payment.qr_content.startswith(gateway.url)
        assert shop.sold_once(placed)

    def test_a_connection_that_breaks_after_success_makes_no_second_order(self, shop, gateway):
        placed = shop.order()
        gateway.mood.mute = 1

        with pytest.raises(ProviderSilent):
            shop.start(placed)
        payment = shop.start(placed)
        gateway.pay(payment.payment_id)

        assert len(gateway.books.orders) == 1
        assert shop.sold_once(placed)

    def test_a_gateway_that_fails_is_tried_again(self, shop, gateway):
        placed = shop.order()
        gateway.mood.broken = 1

        with pytest.raises(ProviderSilent):
            shop.start(placed)

        assert shop.start(placed).qr_content

    def test_a_wrong_key_is_told_in_the_gateways_words(self, shop, gateway):
        gateway.keys = {**new_keys(), "pid": gateway.keys["pid"]}

        with pytest.raises(AccountRefused) as refused:
            shop.start(shop.order())

        assert "签名校验失败" in str(refused.value.detail["why"])


class TestNotPaid:
    @pytest.mark.parametrize(
        ("deed", "fen", "fit"),
        [(Deed.LESS, 1998, ReceiptFit.PARTIAL), (Deed.MORE, 2000, ReceiptFit.OVER)],
    )
    def test_P2_another_amount_is_kept_and_delivers_nothing(self, shop, gateway, deed, fen, fit):
        placed, payment, _ = opened(shop)

        answers = gateway.pay(payment.payment_id, deed)
        shop.ask(payment.payment_id)

        assert answers == [(200, b"success")]
        assert shop.untouched(placed)
        assert shop.receipts() == [(fen, fit)]
        assert shop.cash() == fen

    def test_what_is_not_yuan_is_not_understood(self, shop, gateway):
        placed, payment, _ = opened(shop)

        answers = gateway.pay(payment.payment_id, Deed.CURRENCY)

        assert [status for status, _ in answers] == [400]
        assert shop.untouched(placed)
        assert shop.notices() == 0

    def test_L9_a_forgery_is_counted_and_nothing_else(self, shop, gateway):
        placed, payment, _ = opened(shop)

        answers = gateway.pay(payment.payment_id, Deed.FORGED)

        assert [status for status, _ in answers] == [401]
        assert shop.untouched(placed)
        assert (shop.notices(), shop.forgeries()) == (0, 1)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"pid": "1002"}, 400),
            ({"money": "0.00"}, 400),
            ({"money": "-19.99"}, 400),
            ({"money": "19.999"}, 400),
            ({"trade_no": ""}, 400),
            ({"status": "TRADE_CLOSED"}, 200),
        ],
    )
    def test_L9_what_the_key_has_signed_but_is_no_payment(self, shop, gateway, changes, status):
        placed, payment, _ = opened(shop)
        order = gateway.books.orders[payment.payment_id]
        message = gateway.message(order, **changes)

        answer = tell(f"{order.notify_url}?{urlencode(message)}", None, {})

        assert answer[0] == status
        assert shop.untouched(placed)
        assert shop.receipts() == []

    def test_L9_a_message_of_one_order_pays_no_other(self, shop, gateway):
        placed, payment, _ = opened(shop)
        other, other_payment, _ = opened(shop)
        gateway.pay(payment.payment_id)
        order = gateway.books.orders[payment.payment_id]
        message = gateway.message(order)
        turned = {**message, "out_trade_no": other_payment.payment_id}

        again = tell(f"{order.notify_url}?{urlencode(message)}", None, {})
        forged = tell(f"{order.notify_url}?{urlencode(turned)}", None, {})

        assert (again[0], forged[0]) == (200, 401)
        assert shop.sold_once(placed)
        assert shop.state(other) is OrderState.PENDING

    def test_L9_the_other_versions_signature_is_a_forgery(self, shop, gateway):
        placed, payment, _ = opened(shop)
        order = gateway.books.orders[payment.payment_id]
        other = replace(order, version=3 - order.version)

        answer = gateway.tell_of(other)

        assert answer[0] == 401
        assert shop.untouched(placed)

    def test_coming_back_to_the_shop_pays_nothing(self, old_shop, gateway):
        """Most frauds at 易支付 are this one: the way back is taken for the message."""
        placed, payment, _ = opened(old_shop)
        order = gateway.books.orders[payment.payment_id]
        message = gateway.message(order)

        visit(f"{order.return_url}?{urlencode(message)}")

        assert old_shop.untouched(placed)


class TestSecrets:
    def test_no_secret_is_in_an_error_or_a_log(self, old_shop, gateway, caplog):
        caplog.set_level("DEBUG")
        placed = old_shop.order()
        payment = old_shop.start(placed)
        gateway.mood.broken = 9
        provider = registry.provider("epay")
        said = []
        ref = PaymentRef(payment.payment_id, Money(1999))
        for is_silent in (False, True):
            gateway.mood.is_silent = is_silent
            for call in (
                lambda: provider.probe(old_shop.account, utc_now()),
                lambda: provider.query(old_shop.account, ref, utc_now()),
            ):
                with pytest.raises(ProviderSilent) as silent:
                    call()
                said.append(repr(silent.value) + repr(silent.value.__cause__))

        logged = [one.getMessage() for one in caplog.records if one.name.startswith("kacang")]
        key = gateway.keys["key"]
        assert not any(key in text for text in [*said, *logged])
        assert key not in payment.pay_url
        assert dict(parse_qsl(gateway.calls[0].query))["key"] == key


class TestRefunds:
    def asked(self, shop: Shop, gateway: Gateway, minor: int = 1999) -> RefundAsked:
        placed, payment, _ = opened(shop)
        gateway.pay(payment.payment_id)
        assert shop.sold_once(placed)
        ref = PaymentRef(payment.payment_id, Money(1999))
        order = gateway.books.orders[payment.payment_id]
        return RefundAsked("Refund1", ref, order.trade_no, Money(minor))

    def test_P4_a_broken_connection_pays_back_once(self, shop, gateway):
        asked = self.asked(shop, gateway)
        provider = registry.provider("epay")
        results = []
        for mute in (1, 0, 0):
            gateway.mood.mute = mute
            try:
                results.append(provider.refund(shop.account, asked, utc_now()).state)
            except ProviderSilent:
                results.append(RefundState.UNKNOWN)

        assert results[0] is RefundState.UNKNOWN
        assert results[-1] is RefundState.DONE
        assert gateway.books.orders[asked.payment.number].given_back == 1999

    @pytest.mark.parametrize("way", [RefundWay.PENDING, RefundWay.FAILS_LATER])
    def test_P4_what_runs_is_pending_and_may_fail(self, merchant, installation, gateway, way):  # noqa: F811
        with neighbours_allowed():
            shop = open_shop(merchant, account(gateway.keys, gateway.url, "v2"))
            asked = self.asked(shop, gateway, 500)
            provider = registry.provider("epay")
            gateway.mood.refunds = way

            first = provider.refund(shop.account, asked, utc_now()).state
            waits = provider.query_refund(shop.account, asked, utc_now()).state
            gateway.finish_refunds()
            last = provider.query_refund(shop.account, asked, utc_now()).state

            assert (first, waits) == (RefundState.PENDING, RefundState.PENDING)
            done = way is RefundWay.PENDING
            assert last is (RefundState.DONE if done else RefundState.FAILED)
