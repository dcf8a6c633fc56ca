"""Bank transfers: the buyer proves, a person has seen the money, one settle does the rest (P1)."""

import io
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from PIL import Image

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.audit import Actor
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries
from kacang.orders.buying.rules import forget_rules
from kacang.orders.errors import NotPayable
from kacang.orders.models import OrderState
from kacang.orders.types import PlacedOrder
from kacang.payments.accounts import health
from kacang.payments.bank_transfers import proofs, transfers
from kacang.payments.bank_transfers.transfers import ProofState, UnknownTransfer
from kacang.payments.queries import NoticeOutcome, forget_accounts
from kacang.payments.resolving import NoteNeeded
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.vault.models import CardState
from tests import make
from tests.threads import at_once

CLERK = Actor(kind="user", id=1, label="lu@example.com")
PRICE = Money(1999)


def picture(size: tuple[int, int] = (600, 400)) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, "teal").save(body, "JPEG")
    return body.getvalue()


class Bank:
    """A merchant who takes bank transfers, and one order that waits for one."""

    def __init__(self, merchant: int, cards: int = 3) -> None:
        forget_accounts()
        forget_rules()
        self.merchant = merchant
        self.account = make.bank_account(merchant)
        self.stock = make.sku(merchant, cards=cards)

    def order(self, **fields) -> PlacedOrder:
        return make.order(self.stock, provider="bank_transfer", **fields)

    def confirm(self, placed: PlacedOrder, bank_number: str = "B1", **fields) -> NoticeOutcome:
        assert placed.payment is not None
        return operations.confirm_transfer(
            **{
                "merchant_id": self.merchant,
                "payment_number": placed.payment.payment_id,
                "bank_number": bank_number,
                "amount": PRICE,
                "actor": CLERK,
                **fields,
            }
        )

    def prove(self, placed: PlacedOrder, body: bytes = b"") -> str:
        return operations.hand_in_proof(
            merchant_id=self.merchant, number=placed.number, body=body or picture()
        )

    def state(self, placed: PlacedOrder) -> OrderState:
        return queries.order(merchant_id=self.merchant, number=placed.number).state

    def proof(self, placed: PlacedOrder) -> transfers.ProofInfo:
        order = queries.order(merchant_id=self.merchant, number=placed.number)
        found = transfers.latest_of_order(merchant_id=self.merchant, order_id=order.id)
        assert found is not None
        return found

    def stands(self, account: Account) -> int:
        return sum(
            line.amount.minor
            for line in balances(merchant_id=self.merchant)
            if line.account is account
        )

    def reserved_until(self):
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(
                "select distinct c.reserved_until, a.reserved_until from card c"
                " join allocation a on a.merchant_id = c.merchant_id and a.card_id = c.id"
                " where c.merchant_id = %s and c.state = 1",
                [self.merchant],
            )
            return cursor.fetchall()


@pytest.fixture
def bank(merchant) -> Bank:
    return Bank(merchant)


class TestBegun:
    def test_P1_the_buyer_is_told_where_to_and_what_to_write_beside_it(self, bank):
        placed = bank.order()

        assert placed.payment is not None
        reference = placed.payment.payment_id[:8].upper()
        assert placed.payment.facts == {**make.BANK, "amount": "19.99", "reference": reference}
        shown = queries.order(merchant_id=bank.merchant, number=placed.number).payments[0]
        assert shown.facts == placed.payment.facts
        found = transfers.transfers_of(merchant_id=bank.merchant, reference=reference.lower())
        assert [one.number for one in found] == [placed.payment.payment_id]

    def test_P1_begun_later_it_says_the_same(self, bank):
        placed = make.order(bank.stock, provider="")

        opened = [
            operations.start_payment(
                merchant_id=bank.merchant, number=placed.number, provider="bank_transfer"
            )
            for _ in range(2)
        ]

        assert opened[0].payment_id == opened[1].payment_id
        assert opened[0].facts == opened[1].facts
        assert opened[0].facts["amount"] == "19.99"

    @pytest.mark.parametrize("way", ["placed", "begun"])
    def test_P1_a_transfer_has_its_own_time_and_the_cards_wait_as_long(self, bank, way):
        change_settings(
            merchant_id=bank.merchant, values={"pay_minutes": 15, "transfer_minutes": 300},
            actor=CLERK,
        )  # fmt: skip
        forget_rules()
        placed = make.order(bank.stock, provider="bank_transfer" if way == "placed" else "")
        if way == "begun":
            operations.start_payment(
                merchant_id=bank.merchant, number=placed.number, provider="bank_transfer"
            )

        order = queries.order(merchant_id=bank.merchant, number=placed.number)
        assert order.pay_by - order.created_at == timedelta(minutes=300)
        assert bank.reserved_until() == [(order.pay_by, order.pay_by)]

    def test_P1_other_ways_have_the_usual_time(self, bank):
        make.account(bank.merchant)
        placed = make.order(bank.stock)

        order = queries.order(merchant_id=bank.merchant, number=placed.number)
        assert order.pay_by - order.created_at == timedelta(minutes=15)

    def test_P5_that_nobody_has_transferred_yet_turns_nobody_away(self, merchant):
        bank = Bank(merchant, cards=25)
        for _ in range(25):
            bank.order()
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update payment set created_at = created_at - interval '10 minutes'")

        assert health.look_after(merchant_id=merchant) == 0

    def test_L7_an_order_whose_time_is_over_gets_none_more(self, bank, settings):
        placed = make.order(bank.stock, provider="")
        settings.HOT_CLOCK_SHIFT_SECONDS = 16 * 60

        with pytest.raises(NotPayable):
            operations.start_payment(
                merchant_id=bank.merchant, number=placed.number, provider="bank_transfer"
            )
        with pytest.raises(NotPayable):
            bank.prove(placed)


class TestProof:
    def test_P1_is_kept_sealed_and_the_order_waits_for_somebody(self, bank):
        placed = bank.order()

        uid = bank.prove(placed)

        page = transfers.waiting_page(merchant_id=bank.merchant)
        assert [row.uid for row in page.rows] == [uid]
        assert page.rows[0].transfer.amount == PRICE
        kept = transfers.proof_file(merchant_id=bank.merchant, uid=uid)
        assert kept.content_type == "image/webp"
        assert Image.open(io.BytesIO(kept.body)).size == (600, 400)
        with acting_as(bank.merchant), connection.cursor() as cursor:
            cursor.execute("select body from sealed_chunk where merchant_id = %s", [bank.merchant])
            assert all(b"WEBP" not in bytes(row[0]) for row in cursor.fetchall())
        order = queries.order(merchant_id=bank.merchant, number=placed.number)
        assert order.pay_by - utc_now() > timedelta(hours=47)
        assert bank.reserved_until() == [(order.pay_by, order.pay_by)]

    @pytest.mark.parametrize(
        "body",
        [
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<html><script>alert(1)</script>",
            picture()[:100],
            b"%PDF-1.7 1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
            b"%PDF-1.7 << /EmbeddedFiles 3 0 R >>",
            b"%PDF-1.7" + b" " * (5 * 2**20),
            b"MZ" + b"\0" * 200,
        ],
        ids=["svg", "html", "cut", "script", "files", "large", "program"],
    )
    def test_P1_is_a_picture_or_a_plain_pdf(self, bank, body):
        placed = bank.order()

        with pytest.raises(proofs.BadProof):
            bank.prove(placed, body)

        assert transfers.waiting_count(merchant_id=bank.merchant) == 0

    def test_P1_a_pdf_is_kept_as_it_came(self, bank):
        placed = bank.order()
        body = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj"

        uid = bank.prove(placed, body)

        kept = transfers.proof_file(merchant_id=bank.merchant, uid=uid)
        assert (kept.content_type, kept.body) == ("application/pdf", body)

    def test_P1_a_newer_one_takes_the_place_of_one_that_waits(self, bank):
        placed = bank.order()
        uids = [bank.prove(placed) for _ in range(proofs.PER_PAYMENT_MAX)]

        page = transfers.waiting_page(merchant_id=bank.merchant)

        assert [row.uid for row in page.rows] == uids[-1:]
        with pytest.raises(proofs.TooManyProofs):
            bank.prove(placed)

    def test_P1_many_at_once_leave_one_that_waits(self, bank):
        placed = bank.order()

        results = at_once([partial(bank.prove, placed) for _ in range(4)])

        assert all(isinstance(result, str) for result in results)
        assert transfers.waiting_count(merchant_id=bank.merchant) == 1

    def test_P1_an_order_that_is_paid_otherwise_has_none(self, bank):
        make.account(bank.merchant)
        placed = make.order(bank.stock)

        with pytest.raises(UnknownTransfer):
            bank.prove(placed)

        order = queries.order(merchant_id=bank.merchant, number=placed.number)
        assert order.pay_by - order.created_at == timedelta(minutes=15)

    def test_P1_a_rejected_one_says_why_and_the_order_waits_on(self, bank):
        placed = bank.order()
        uid = bank.prove(placed)
        with pytest.raises(NoteNeeded):
            proofs.reject(merchant_id=bank.merchant, uid=uid, reason=" ", actor=CLERK)

        proofs.reject(merchant_id=bank.merchant, uid=uid, reason="看不清金额", actor=CLERK)

        assert bank.state(placed) is OrderState.PENDING
        assert (bank.proof(placed).state, bank.proof(placed).reason) == (
            ProofState.REJECTED,
            "看不清金额",
        )
        assert transfers.waiting_count(merchant_id=bank.merchant) == 0
        with pytest.raises(proofs.DecidedAlready):
            proofs.reject(merchant_id=bank.merchant, uid=uid, reason="again", actor=CLERK)

    def test_pages_of_the_list_go_on(self, bank):
        uids = [bank.prove(bank.order()) for _ in range(3)]

        first = transfers.waiting_page(merchant_id=bank.merchant, limit=2)
        second = transfers.waiting_page(
            merchant_id=bank.merchant, limit=2, cursor=first.next_cursor
        )

        assert [row.uid for row in (*first.rows, *second.rows)] == uids
        assert second.next_cursor == ""


class TestConfirmed:
    def test_L5_settles_and_delivers_like_every_other_way(self, bank):
        placed = bank.order()
        bank.prove(placed)

        assert bank.confirm(placed) is NoticeOutcome.SETTLED

        assert bank.state(placed) is OrderState.DELIVERED
        assert make.card_states(bank.stock) == {CardState.AVAILABLE: 2, CardState.SOLD: 1}
        assert bank.proof(placed).state is ProofState.CONFIRMED
        assert bank.stands(Account.CASH_AT_PROVIDER) == PRICE.minor
        assert bank.stands(Account.REVENUE) == -PRICE.minor

    def test_L2_the_same_money_confirmed_at_once_by_many_is_one(self, bank):
        placed = bank.order()
        confirm = partial(bank.confirm, placed, is_sure=True)

        results = at_once([confirm] * 8)

        assert Counter(results) == {NoticeOutcome.SETTLED: 1, NoticeOutcome.REPEATED: 7}
        assert make.card_states(bank.stock)[CardState.SOLD] == 1
        assert bank.stands(Account.CASH_AT_PROVIDER) == PRICE.minor

    def test_rule_11_one_number_of_the_bank_pays_one_order(self, bank):
        first, second = bank.order(), bank.order()
        bank.confirm(first)

        assert bank.confirm(second) is NoticeOutcome.SUSPENSE

        assert bank.state(second) is OrderState.PENDING
        assert bank.stands(Account.CASH_AT_PROVIDER) == PRICE.minor

    def test_rule_11_a_second_transfer_is_suspense_and_must_be_meant(self, bank):
        placed = bank.order()
        bank.confirm(placed)

        with pytest.raises(proofs.PaidAlready):
            bank.confirm(placed, "B2")
        assert bank.confirm(placed, "B2", is_sure=True) is NoticeOutcome.SUSPENSE

        assert make.card_states(bank.stock)[CardState.SOLD] == 1
        assert bank.stands(Account.SUSPENSE) == -PRICE.minor

    def test_L9_another_amount_must_be_meant_and_delivers_nothing(self, bank):
        placed = bank.order()
        less = Money(1000)

        with pytest.raises(proofs.AmountDiffers):
            bank.confirm(placed, amount=less)
        assert bank.stands(Account.SUSPENSE) == 0
        assert bank.confirm(placed, amount=less, is_sure=True) is NoticeOutcome.SUSPENSE

        assert bank.state(placed) is OrderState.PENDING
        assert bank.stands(Account.SUSPENSE) == -1000

    def test_two_transfers_make_up_one_amount(self, bank):
        placed = bank.order()
        bank.confirm(placed, "B1", amount=Money(1000), is_sure=True)

        assert bank.confirm(placed, "B2", amount=Money(999), is_sure=True) is NoticeOutcome.SETTLED

        assert bank.state(placed) is OrderState.DELIVERED
        assert bank.stands(Account.SUSPENSE) == 0

    def test_L4_money_for_a_cancelled_order_still_counts(self, bank):
        placed = bank.order()
        operations.cancel_order(merchant_id=bank.merchant, number=placed.number, actor=CLERK)

        assert bank.confirm(placed) is NoticeOutcome.SETTLED

        assert bank.state(placed) is OrderState.DELIVERED

    @pytest.mark.parametrize("number", ["", "   ", "x" * 65, "编号", "a\0b"])
    def test_the_banks_number_has_a_form(self, bank, number):
        placed = bank.order()

        with pytest.raises(proofs.BadBankNumber):
            bank.confirm(placed, number)

        assert bank.state(placed) is OrderState.PENDING

    def test_only_transfers_are_confirmed_by_people(self, bank):
        make.account(bank.merchant)
        placed = make.order(bank.stock)

        with pytest.raises(UnknownTransfer):
            bank.confirm(placed)

        assert bank.state(placed) is OrderState.PENDING

    def test_I2_another_merchant_confirms_and_rejects_nothing(self, bank, other_merchant):
        placed = bank.order()
        uid = bank.prove(placed)

        with pytest.raises(UnknownTransfer):
            bank.confirm(placed, merchant_id=other_merchant)
        with pytest.raises(UnknownTransfer):
            proofs.reject(merchant_id=other_merchant, uid=uid, reason="no", actor=CLERK)
        with pytest.raises(UnknownTransfer):
            transfers.proof_file(merchant_id=other_merchant, uid=uid)

        assert bank.proof(placed).state is ProofState.WAITING
        assert transfers.waiting_count(merchant_id=other_merchant) == 0

    def test_I3_the_log_says_who_confirmed_what(self, bank):
        placed = bank.order()
        bank.confirm(placed)

        with acting_as(bank.merchant), connection.cursor() as cursor:
            cursor.execute(
                "select actor_label, object_uid, after::text from audit_entry"
                " where merchant_id = %s and action = 'payments.confirm_transfer'",
                [bank.merchant],
            )
            ((label, uid, after),) = cursor.fetchall()
        assert (label, uid) == (CLERK.label, placed.payment.payment_id)
        assert '"bank_number": "B1"' in after
