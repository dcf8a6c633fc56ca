"""BTCPay Server end to end: server, jobs and shop over HTTP alone (P1, P2, L2, L8, L9)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment
from kacang.payments.models import Notice, ReceiptFit
from kacang.payments.operations import NewAccount
from kacang.payments.ports import AccountInfo
from kacang.queue import URGENT
from simulators.payments.btcpay import Server, account, new_keys
from simulators.payments.btcpay.books import Invoice
from simulators.payments.company import Deed, Mood
from tests.web.companies.contract import (
    MisbehaviourContract,
    asked,
    enabled,
    fits,
    forgeries,
    state_of,
)

KEYS = new_keys()


@dataclass
class BtcPayTill:
    account: AccountInfo
    server: Server
    taken: bytes = b'{"ok": true}'

    @property
    def mood(self) -> Mood:
        return self.server.mood

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        answers = self.server.pay(self.invoice(opened), deed)
        self.run_questions()
        return answers

    def deliver(self) -> list[tuple[int, bytes]]:
        answers = self.server.deliver()
        self.run_questions()
        return answers

    def invoice(self, opened: OpenPayment) -> Invoice:
        """The invoice that the buyer sees."""
        return self.server.invoices[opened.pay_url.rpartition("/")[2]]

    def questions(self) -> list[tuple[int, int]]:
        """The payments about which a worker is to ask, with the priority."""
        with connection.cursor() as cursor:
            cursor.execute(
                "select (args->>'payment_id')::bigint, priority from procrastinate_jobs"
                " where task_name = 'payments.ask' and args->>'merchant_id' = %s::text"
                " and status = 'todo' order by id",
                [str(self.account.merchant_id)],
            )
            return [(payment_id, priority) for payment_id, priority in cursor.fetchall()]

    def run_questions(self) -> None:
        """Do what a worker does."""
        for payment_id, _ in self.questions():
            orders.ask_about(merchant_id=self.account.merchant_id, payment_id=payment_id)


@pytest.fixture
def till(merchant, installation) -> Iterator[BtcPayTill]:
    with Server(KEYS) as server:
        needed = account(KEYS, server.url)
        new = NewAccount(
            provider="btcpay", name="比特币", secrets=needed["secrets"], options=needed["options"]
        )
        made = enabled(merchant, new)
        server.callback_url = f"{installation}/callbacks/payments/btcpay/{made.uid}"
        yield BtcPayTill(made, server)


class TestBtcPay(MisbehaviourContract):
    def test_P2_a_message_only_has_us_ask_at_once(self, merchant, till, placed, opened, stocked):
        till.server.pay(till.invoice(opened))

        before = state_of(merchant, placed)
        questions = till.questions()
        with acting_as(merchant):
            assert not Notice.objects.filter(merchant_id=merchant).exists()
        till.run_questions()

        assert before is OrderState.PENDING
        assert [priority for _, priority in questions] == [URGENT]
        assert self.delivered_once(merchant, placed, stocked)

    def test_L9_a_signed_message_about_an_unpaid_invoice_pays_nothing(
        self, merchant, till, placed, opened
    ):
        status, _ = till.server.tell_of(till.invoice(opened), type="InvoiceSettled")
        till.run_questions()

        assert (status, fits(merchant)) == (200, [])
        assert state_of(merchant, placed) is OrderState.PENDING

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"storeId": "another"}, 400),
            ({"metadata": {}}, 200),
            ({"metadata": {"orderId": "Nobody1234"}}, 200),
            ({"type": "InvoiceReceivedPayment"}, 200),
        ],
    )
    def test_L9_messages_that_lead_to_no_question(
        self, merchant, till, placed, opened, changes, status
    ):
        answer = till.server.tell_of(till.invoice(opened), **{"type": "InvoiceSettled", **changes})

        assert (answer[0], till.questions()) == (status, [])
        assert forgeries(merchant) == 0

    def test_L9_a_strangers_cheap_invoice_with_our_number_pays_nothing(
        self, merchant, till, placed, opened
    ):
        ours = till.invoice(opened)
        cheap = Invoice(Decimal("0.01"), "CNY", dict(ours.metadata), "", ours.until, ours.expires)
        till.server.invoices[cheap.id] = cheap

        till.server.pay(cheap)
        till.run_questions()

        assert (fits(merchant), state_of(merchant, placed)) == ([], OrderState.PENDING)

    def test_L4_late_coins_are_told_when_the_server_watches_no_more(
        self, merchant, till, placed, opened, stocked
    ):
        invoice = till.invoice(opened)
        invoice.status, invoice.besides, invoice.paid = "Expired", "PaidLate", invoice.amount
        till.server.tell_of(invoice)
        till.run_questions()
        before = fits(merchant)
        invoice.stop_watching()

        asked(merchant, opened)

        assert before == []
        assert fits(merchant) == [ReceiptFit.FITS]
        assert self.delivered_once(merchant, placed, stocked)

    def test_its_api_says_where_the_webhook_goes(self, till, opened):
        body = json.dumps({"url": "http://x.test/", "secret": "s" * 20}).encode()
        path = f"/api/v1/stores/{KEYS['store_id']}/webhooks"
        call = till.server.calls[0]

        said = till.server.answer(
            type(call)("POST", path, "", {"authorization": f"token {KEYS['api_key']}"}, body)
        )

        assert (said.status, till.server.callback_url) == (200, "http://x.test/")
