"""Money that does not fit, and settling that fails (rule 11)."""

from dataclasses import replace

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.fulfilling import delivering
from kacang.orders.models import OrderState
from kacang.orders.money import settling
from kacang.payments.models import NoticeOutcome
from kacang.shared.money import Money
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import outcomes, receipts, settle, sum_of


class TestMoneyThatDoesNotFit:
    """Rule 11: never a delivery, always seen."""

    @pytest.mark.parametrize(
        ("change", "fit"),
        [
            ({"amount": Money(1998)}, 1),
            ({"amount": Money(2000)}, 2),
            ({"amount": Money(1999, "USD")}, 4),
            ({"payment_number": "nobodyknowsthisone"}, 7),
        ],
    )
    def test_is_kept_in_suspense(self, merchant, change, fit):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)

        orders.settle_notices(account=account, notices=[make.notice(placed, **change)])

        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.PENDING
        assert make.card_states(made)[CardState.RESERVED] == 1
        assert [mark for _, mark in receipts(merchant)] == [fit]
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select debit, credit from transfer")
            assert cursor.fetchall() == [(1100, 2900)]

    def test_parts_make_a_whole(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)

        for minor in (1000, 999):
            orders.settle_notices(
                account=account, notices=[make.notice(placed, amount=Money(minor))]
            )

        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.DELIVERED
        assert [mark for _, mark in receipts(merchant)] == [0, 0]
        assert sum_of(merchant, 1100) == 1999
        assert sum_of(merchant, 2900) == 1000  # what had waited came off the suspense account
        assert sum_of(merchant, 2200) == 1999

    def test_the_whole_sum_after_a_part_pays_and_the_part_stays_seen(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)

        became = [
            orders.settle_notices(
                account=account, notices=[make.notice(placed, amount=Money(minor))]
            )
            for minor in (1, 1999, 5)
        ]

        assert became == [
            [NoticeOutcome.SUSPENSE],
            [NoticeOutcome.SETTLED],
            [NoticeOutcome.SUSPENSE],
        ]
        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.DELIVERED
        assert make.card_states(made)[CardState.SOLD] == 1
        assert [mark for _, mark in receipts(merchant)] == [1, 0, 3]
        assert sum_of(merchant, 1100) == 2005
        assert sum_of(merchant, 2900) == 0  # nothing was taken off the suspense account
        assert sum_of(merchant, 2200) == 1999

    def test_second_payment_of_a_paid_order(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)
        orders.settle_notices(account=account, notices=[make.notice(placed)])

        outcome = orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert outcome == [NoticeOutcome.SUSPENSE]
        assert make.card_states(made)[CardState.SOLD] == 1
        assert [mark for _, mark in receipts(merchant)] == [0, 3]

    def test_number_that_was_used_for_another_payment(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        first, second = make.order(made), make.order(made)
        used = make.notice(first)
        orders.settle_notices(account=account, notices=[used])

        outcome = orders.settle_notices(
            account=account, notices=[make.notice(second, provider_number=used.provider_number)]
        )

        assert outcome == [NoticeOutcome.SUSPENSE]
        view = queries.order(merchant_id=merchant, number=second.number)
        assert view.state == OrderState.PENDING
        assert len(receipts(merchant)) == 1

    def test_payment_made_for_an_old_price(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)
        orders.change_price(
            merchant_id=merchant,
            number=placed.number,
            payable_minor=1500,
            reason="",
            actor=SYSTEM,
            role="owner",
        )

        orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert queries.order(merchant_id=merchant, number=placed.number).state == OrderState.PENDING
        assert [mark for _, mark in receipts(merchant)] == [6]
        fresh = orders.start_payment(merchant_id=merchant, number=placed.number, provider="sandbox")
        assert fresh.amount == Money(1500)
        assert placed.payment is not None
        assert fresh.payment_id != placed.payment.payment_id
        orders.settle_notices(
            account=account, notices=[make.notice(replace(placed, payment=fresh))]
        )
        assert (
            queries.order(merchant_id=merchant, number=placed.number).state == OrderState.DELIVERED
        )

    def test_account_of_somebody_else(self, merchant, other_merchant):
        made = make.sku(merchant)
        make.account(merchant)
        theirs = make.account(other_merchant)
        placed = make.order(made)

        orders.settle_notices(account=theirs, notices=[make.notice(placed)])

        assert queries.order(merchant_id=merchant, number=placed.number).state == OrderState.PENDING
        assert receipts(merchant) == []
        assert outcomes(other_merchant) == {NoticeOutcome.UNMATCHED: 1}

    def test_not_final_changes_nothing(self, merchant):
        made = make.sku(merchant)
        account = make.account(merchant)
        placed = make.order(made)

        outcome = orders.settle_notices(
            account=account, notices=[make.notice(placed, is_final=False)]
        )

        assert outcome == [NoticeOutcome.NOT_FINAL]
        assert receipts(merchant) == []
        assert queries.order(merchant_id=merchant, number=placed.number).state == OrderState.PENDING

    def test_many_at_once_one_of_them_wrong(self, merchant):
        made = make.sku(merchant, cards=10)
        account = make.account(merchant)
        placed = [make.order(made) for _ in range(4)]
        notices = [make.notice(order) for order in placed]
        notices[2] = replace(notices[2], amount=Money(1))

        found = orders.settle_notices(account=account, notices=notices)

        assert found == [
            NoticeOutcome.SETTLED,
            NoticeOutcome.SETTLED,
            NoticeOutcome.SUSPENSE,
            NoticeOutcome.SETTLED,
        ]
        assert make.card_states(made)[CardState.SOLD] == 3


class TestWhenActingFails:
    """Rule 11: money in is recorded whatever happens next."""

    def test_the_notice_is_stored_and_a_job_takes_over(self, merchant, monkeypatch):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        placed = make.order(made)
        notice = make.notice(placed)
        with monkeypatch.context() as broken:
            broken.setattr(settling, "deliver", lambda *_: 1 / 0)
            assert settle(account, notice) == NoticeOutcome.WAITING

        assert receipts(merchant) == [(1999, None)]
        assert queries.order(merchant_id=merchant, number=placed.number).state == OrderState.PENDING
        assert settle(account, notice) == NoticeOutcome.SETTLED
        assert receipts(merchant) == [(1999, 0)]
        assert sum_of(merchant, 1100) == sum_of(merchant, 2200) == 1999

    def test_one_bad_notice_takes_no_other_down(self, merchant, monkeypatch):
        made = make.sku(merchant, cards=3)
        account = make.account(merchant)
        placed = [make.order(made) for _ in range(3)]
        notices = [make.notice(order) for order in placed]
        bad = queries.order(merchant_id=merchant, number=placed[1].number).id
        real = delivering.deliver

        def fails_for_one(merchant_id, due, *rest):
            assert bad not in [order.order_id for order in due]
            return real(merchant_id, due, *rest)

        monkeypatch.setattr(settling, "deliver", fails_for_one)

        found = orders.settle_notices(account=account, notices=notices)

        assert found == [NoticeOutcome.SETTLED, NoticeOutcome.WAITING, NoticeOutcome.SETTLED]
