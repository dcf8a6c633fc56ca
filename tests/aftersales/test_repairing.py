"""X1: a wrong code is corrected by a card of its own, once, and the books do not move."""

import functools

import pytest
from django.db import connection

from kacang.aftersales import errors, operations
from kacang.aftersales.models import CaseState, Decision
from kacang.aftersales.types import Correction, Verdict
from kacang.catalog.models import Sku, Strategy
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.cards.card_history import Step, card_history
from kacang.orders.models import Event
from kacang.shared.errors import DomainError
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.operations import BadCode, CannotCorrect, CodeKnown
from kacang.vault.queries import CardState
from tests import make
from tests.aftersales.cases import BUYER, CLERK, Sold
from tests.aftersales.test_deciding import jobs, logged
from tests.stock.conftest import Make
from tests.threads import at_once

RIGHT = "RIGHT-0001-7788"


def ask(merchant, text):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


def books(merchant):
    return ask(merchant, "select * from transfer order by id")


def picture(merchant):
    """All that a correction writes to."""
    return [
        ask(merchant, f"select * from {table} order by 1, 2, 3")
        for table in (
            "card", "allocation", "card_movement", "transfer", "timeline", "audit_entry", "batch",
            "after_sales_case", "case_entry",
        )
    ]  # fmt: skip


def codes(sold):
    found = orders.deliveries(merchant_id=sold.merchant, number=sold.number, actor=BUYER)
    return [one.secret for one in found]


def repair(sold, uid, *corrections):
    return operations.decide(
        merchant_id=sold.merchant,
        uid=uid,
        verdict=Verdict(Decision.REPAIR, "供货商已更正", corrections=corrections),
        actor=CLERK,
        role="owner",
        owner_uid="mem_1",
    )


@pytest.fixture
def sold(merchant):
    made = make.sku(merchant, cards=4, cost=120, strategy=Strategy.FIRST_IN)
    with acting_as(merchant):
        Sku.objects.filter(merchant_id=merchant, pk=made.sku.pk).update(cost_minor=120)
    return Sold(merchant, 2, made=made)


@pytest.fixture
def uid(sold):
    return sold.open()


@pytest.fixture
def wrong(sold, uid):
    (one,) = cards_of(sold, uid)
    return one.card_uid


def cards_of(sold, uid):
    from_unit = cards.cards_of_units(
        merchant_id=sold.merchant, line_ids=[line.id for line in sold.order.lines]
    )
    places = set(sold.view(uid).places)
    return [card for card in from_unit if (card.line_id, card.unit_no) in places]


class TestRepair:
    def test_the_buyer_has_the_right_code_and_is_told(self, sold, uid, wrong):
        before = codes(sold)

        assert repair(sold, uid, Correction(wrong, RIGHT)) is CaseState.DECIDED

        assert codes(sold) == [RIGHT, before[1]]
        row = sold.view(uid).row
        assert (row.decision, row.outcome["before"]) == (Decision.REPAIR, [wrong])
        assert {"orders.correct_card", "cases.decided"} <= {
            row[0] for row in ask(sold.merchant, "select action from audit_entry")
        }
        assert logged(sold.merchant) == ["cases.decided"]
        assert jobs(sold.merchant) == ["aftersales.tell_opened", "aftersales.tell_decided"]
        entry = order_queries.timeline(merchant_id=sold.merchant, number=sold.number)[-2:]
        assert Event.CORRECTED in [one.event for one in entry]

    def test_stock_and_books_stay_as_they_were(self, sold, uid, wrong):
        money = books(sold.merchant)

        repair(sold, uid, Correction(wrong, RIGHT))

        assert books(sold.merchant) == money
        assert make.card_states(sold.made) == {
            CardState.AVAILABLE: 2,
            CardState.SOLD: 2,
            CardState.FAULTY: 1,
        }
        assert vault.check_references(merchant_id=sold.merchant) == []
        assert orders.check_references(merchant_id=sold.merchant) == []

    def test_the_right_card_is_linked_to_the_wrong_one_and_its_batch(self, sold, uid, wrong):
        repair(sold, uid, Correction(wrong, RIGHT))

        (right,) = sold.view(uid).row.outcome["cards"]
        old = card_history(merchant_id=sold.merchant, card_uid=wrong)
        new = card_history(merchant_id=sold.merchant, card_uid=right)
        assert next(one for one in old.events if one.step is Step.TAKEN_BACK).other == right
        assert next(one for one in new.events if one.step is Step.DELIVERED).other == wrong
        assert new.source.batch.source == "correction"
        assert new.source.batch.note == old.source.batch.number
        assert old.source.card.state is CardState.FAULTY

    def test_given_back_unseen_it_takes_the_cost_of_the_wrong_one_along(self, sold, uid, wrong):
        repair(sold, uid, Correction(wrong, RIGHT))
        again = sold.open()

        operations.decide(
            merchant_id=sold.merchant,
            uid=again,
            verdict=Verdict(Decision.REFUND, "退款", by_hand=True),
            actor=CLERK,
            role="owner",
            owner_uid="mem_1",
        )

        back = ask(
            sold.merchant,
            "select amount_minor from transfer where debit = 1400 and credit = 5100",
        )
        assert back == [(120,)]
        assert make.card_states(sold.made)[CardState.AVAILABLE] == 3
        assert vault.check_references(merchant_id=sold.merchant) == []

    def test_an_open_number_stays_unless_it_is_corrected_too(self, sold, uid, wrong):
        with acting_as(sold.merchant), connection.cursor() as cursor:
            cursor.execute("update card set number = 'NO-77', number_mask = 'N****'")

        repair(sold, uid, Correction(wrong, RIGHT))

        found = orders.deliveries(merchant_id=sold.merchant, number=sold.number, actor=BUYER)
        assert (found[0].serial, found[0].secret) == ("NO-77", RIGHT)


class TestRefused:
    @pytest.mark.parametrize("secret", ["", "  ", "a\0b", "x" * 70_000])
    def test_what_is_no_code(self, sold, uid, wrong, secret):
        before = picture(sold.merchant)

        with pytest.raises(BadCode):
            repair(sold, uid, Correction(wrong, secret))

        assert picture(sold.merchant) == before

    def test_a_code_that_any_card_has_or_had(self, sold, uid, wrong):
        before = picture(sold.merchant)

        for known in sold.made.codes:
            with pytest.raises(CodeKnown):
                repair(sold, uid, Correction(wrong, known))

        assert picture(sold.merchant) == before

    def test_the_wrong_code_never_comes_in_again(self, sold, uid, wrong):
        (old, _) = codes(sold)
        repair(sold, uid, Correction(wrong, RIGHT))
        again = sold.open()
        (now,) = cards_of(sold, again)

        with pytest.raises(CodeKnown):
            repair(sold, again, Correction(now.card_uid, old))

        assert codes(sold)[0] == RIGHT

    def test_a_card_that_the_case_is_not_about(self, sold, uid, wrong):
        other = sold.open(places=sold.places[1:])
        before = picture(sold.merchant)

        for named in ([Correction(wrong, RIGHT)], []):
            with pytest.raises(errors.NothingToDecide):
                repair(sold, other, *named)

        assert picture(sold.merchant) == before

    def test_a_code_that_the_shop_itself_redeems(self, merchant):
        codes_for = make.redeem_codes(make.sku(merchant, cards=1), cards=2)
        sold = Sold(merchant, 1, made=codes_for)
        uid = sold.open()
        (card,) = cards_of(sold, uid)

        with pytest.raises(CannotCorrect):
            repair(sold, uid, Correction(card.card_uid, RIGHT))

        assert sold.view(uid).row.state is CaseState.NEW

    def test_a_file(self, merchant):
        made = make.sku(merchant, cards=0)
        make.files(made, ("a.txt", b"one"))
        sold = Sold(merchant, 1, made=made)
        uid = sold.open()
        (card,) = cards_of(sold, uid)

        with pytest.raises(CannotCorrect):
            repair(sold, uid, Correction(card.card_uid, RIGHT))

    def test_goods(self, merchant):
        goods = Make(merchant)
        sku = goods.goods()
        goods.received(sku, 1, cost=700)
        sold = Sold(merchant, 1, made=type("Made", (), {"merchant_id": merchant,
                    "sku": type("Sku", (), {"uid": sku})})())  # fmt: skip
        uid = sold.open()

        with pytest.raises(errors.NothingToDecide):
            repair(sold, uid, Correction("crd_" + "0" * 32, RIGHT))


class TestAtOnce:
    def test_one_correction_is_made_of_many(self, sold, uid, wrong):
        money = books(sold.merchant)

        found = at_once(
            [
                functools.partial(repair, sold, uid, Correction(wrong, f"RIGHT-{n}"))
                for n in range(6)
            ]
        )

        assert sum(one is CaseState.DECIDED for one in found) == 1
        assert sum(isinstance(one, errors.DecidedAlready) for one in found) == 5
        assert make.card_states(sold.made)[CardState.FAULTY] == 1
        assert books(sold.merchant) == money
        assert vault.check_references(merchant_id=sold.merchant) == []

    def test_a_correction_and_a_replacement_of_the_same_card(self, sold, uid, wrong):
        replace = functools.partial(
            orders.replace_card, merchant_id=sold.merchant, card_uid=wrong, actor=CLERK, reason="坏"
        )
        found = at_once(
            [functools.partial(repair, sold, uid, Correction(wrong, RIGHT)), replace, replace]
        )

        assert sum(isinstance(one, DomainError) for one in found) == 2
        assert make.card_states(sold.made)[CardState.FAULTY] == 1
        assert ask(
            sold.merchant,
            "select count(*) from allocation where released_at is null and unit_no = 1",
        ) == [(1,)]
        assert vault.check_references(merchant_id=sold.merchant) == []

    def test_two_cards_are_not_corrected_to_the_same_code(self, sold, uid, wrong):
        other = sold.open(places=sold.places[1:])
        (second,) = cards_of(sold, other)

        found = at_once(
            [
                functools.partial(repair, sold, uid, Correction(wrong, RIGHT)),
                functools.partial(repair, sold, other, Correction(second.card_uid, RIGHT)),
            ]
        )

        assert sorted(isinstance(one, CodeKnown) for one in found) == [False, True]
        assert codes(sold).count(RIGHT) == 1
        assert vault.check_references(merchant_id=sold.merchant) == []
