"""V5, L21: codes that cannot be redeemed, in the same words for all, and how often one may try."""

from functools import partial
from typing import Any

import pytest

from kacang.merchants.queries import AuditFilter, audit_page
from kacang.orders import operations as orders
from kacang.orders.cards import redeeming
from kacang.orders.errors import BadRedeemCode, ExternalNumberTaken, RedeemSoldOut
from kacang.orders.models import Channel, OrderState
from kacang.orders.types import Origin
from kacang.risk.operations import TooManyAttempts
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.models import CardState
from tests import make
from tests.orders.test_redeeming import BUYER, CONTACT, PLACE, picture, redeem, sold
from tests.orders.test_replacing import CLERK, ask
from tests.threads import at_once


def attempt(made: make.Stocked, code: str, origin: Origin = PLACE) -> orders.Redeemed:
    wish = orders.RedeemRequest(code=code, contact=CONTACT, origin=origin)
    with orders.trying(merchant_id=made.merchant_id, origin=origin, actor=BUYER) as one:
        return one.redeem(wish)


def spoilt(made: make.Stocked, cause: str) -> str:
    """A code that cannot be redeemed for this cause."""
    merchant = made.merchant_id
    code = made.codes[0] if cause in {"unsold", "frozen"} else sold(made)
    (card,) = cards.find_cards(merchant_id=merchant, code=code)
    who: dict[str, Any] = {"merchant_id": merchant, "actor": CLERK, "reason": "x"}
    if cause == "redeemed":
        redeem(made, code)
    elif cause == "expired":
        ask(
            merchant,
            "update card set expires_at = now() - interval '1 second' where state = 2 returning id",
        )
    elif cause != "unsold":
        act = {"void": vault.void_cards, "faulty": vault.mark_faulty, "frozen": vault.freeze_cards}
        assert act[cause](card_uids=[card.uid], **who)[0].changed
    return code


@pytest.fixture
def target(merchant):
    return make.sku(merchant, cards=2, price=5000, cost=700)


@pytest.fixture
def codes(target):
    return make.redeem_codes(target, cards=3, price=4000, cost=100)


class TestRefused:
    @pytest.mark.parametrize("cause", ["unsold", "void", "faulty", "frozen", "expired", "redeemed"])
    def test_for_every_cause_in_the_same_words_and_nothing_is_changed(self, target, codes, cause):
        merchant = codes.merchant_id
        code = spoilt(codes, cause)
        before = picture(merchant)

        with pytest.raises(BadRedeemCode) as caught:
            attempt(codes, code)

        assert (caught.value.code, caught.value.detail) == ("orders.bad_redeem_code", {})
        assert picture(merchant) == before
        (card,) = cards.find_cards(merchant_id=merchant, code=code)
        told = audit_page(
            merchant_id=merchant, where=AuditFilter(action="cards.redeem_refused")
        ).rows
        (entry,) = told
        expected = {"unsold": "available"}.get(cause, cause)
        assert (entry.object_uid, entry.after) == (card.uid, {"cause": expected})
        assert code not in str(entry)

    def test_card_of_no_redeem_sku_is_none(self, target, codes):
        merchant = codes.merchant_id
        code = sold(target)

        with pytest.raises(BadRedeemCode) as caught:
            attempt(codes, code)

        assert caught.value.cause == "not_a_redeem_code"
        assert make.card_states(target)[CardState.SOLD] == 1
        assert len(audit_page(merchant_id=merchant, where=AuditFilter()).rows) > 0

    def test_of_another_merchant_is_unknown(self, other_merchant, target, codes):
        code = sold(codes)
        theirs = make.redeem_codes(make.sku(other_merchant))

        with pytest.raises(BadRedeemCode) as caught:
            attempt(theirs, code)

        assert (caught.value.cause, caught.value.card_uid) == ("unknown", "")
        assert make.card_states(codes)[CardState.SOLD] == 1

    @pytest.mark.parametrize("code", ["", "  ", "no such code", "%", "x" * 3000])
    def test_what_is_none_leaves_no_trace(self, target, codes, code):
        before = picture(codes.merchant_id)

        with pytest.raises(BadRedeemCode):
            redeem(codes, code)

        assert picture(codes.merchant_id) == before

    def test_without_stock_the_code_stays_good(self, merchant):
        empty = make.sku(merchant, cards=0)
        made = make.redeem_codes(empty)
        code = sold(made)
        before = picture(merchant)

        with pytest.raises(RedeemSoldOut):
            redeem(made, code)

        assert picture(merchant) == before
        make.stock(empty, 1)
        assert redeem(made, code).order.state == OrderState.DELIVERED

    def test_the_last_piece_goes_to_one_of_many_codes(self, merchant):
        last = make.sku(merchant, cards=1)
        made = make.redeem_codes(last, cards=8)
        bought = [sold(made) for _ in range(8)]

        outcomes = at_once([partial(redeem, made, code) for code in bought])

        assert sum(isinstance(one, orders.Redeemed) for one in outcomes) == 1
        assert sum(isinstance(one, RedeemSoldOut) for one in outcomes) == 7
        assert make.card_states(made) == {CardState.SOLD: 7, CardState.REDEEMED: 1}

    def test_a_second_order_of_one_external_number_leaves_the_code(self, target, codes):
        first, second = sold(codes), sold(codes)
        redeem(codes, first, external_number="shop-1")

        with pytest.raises(ExternalNumberTaken):
            redeem(codes, second, external_number="shop-1")

        assert make.card_states(codes)[CardState.SOLD] == 1


class TestLimits:
    def test_so_many_codes_that_are_none_and_then_no_more(self, target, codes, monkeypatch):
        monkeypatch.setattr(redeeming, "MISSES", 3)
        code = sold(codes)
        for _ in range(3):
            with pytest.raises(BadRedeemCode):
                attempt(codes, "guess")

        with pytest.raises(TooManyAttempts):
            attempt(codes, code)

        assert make.card_states(codes)[CardState.SOLD] == 1
        elsewhere = Origin(address="198.51.100.5", device="device-2")
        assert attempt(codes, code, elsewhere).order.state == OrderState.DELIVERED

    def test_a_device_cannot_change_its_address_to_guess_on(self, target, codes, monkeypatch):
        monkeypatch.setattr(redeeming, "MISSES", 2)
        for at in range(2):
            with pytest.raises(BadRedeemCode):
                attempt(codes, "guess", Origin(address=f"198.51.100.{at}", device="one"))

        with pytest.raises(TooManyAttempts):
            attempt(codes, "guess", Origin(address="198.51.100.9", device="one"))

    def test_good_codes_are_no_misses_but_are_tries(self, target, codes, monkeypatch):
        monkeypatch.setattr(redeeming, "MISSES", 1)
        monkeypatch.setattr(redeeming, "TRIES", 2)
        first, second, third = (sold(codes) for _ in range(3))

        attempt(codes, first)
        attempt(codes, second)

        with pytest.raises(TooManyAttempts):
            attempt(codes, third)

    def test_what_is_out_of_stock_is_no_miss(self, merchant, monkeypatch):
        monkeypatch.setattr(redeeming, "MISSES", 1)
        made = make.redeem_codes(make.sku(merchant, cards=0))
        code = sold(made)

        for _ in range(3):
            with pytest.raises(RedeemSoldOut):
                attempt(made, code)

    def test_a_key_is_counted_for_itself(self, target, codes, monkeypatch):
        monkeypatch.setattr(redeeming, "KEY_MISSES", 1)
        key, other = (Origin(channel=Channel.API, api_key_id=at) for at in (5, 6))
        with pytest.raises(BadRedeemCode):
            attempt(codes, "guess", key)

        with pytest.raises(TooManyAttempts):
            attempt(codes, "guess", key)
        with pytest.raises(BadRedeemCode):
            attempt(codes, "guess", other)

    def test_a_check_changes_nothing_and_says_what_for(self, target, codes):
        code = sold(codes)
        before = picture(codes.merchant_id)

        with orders.trying(merchant_id=codes.merchant_id, origin=PLACE, actor=BUYER) as one:
            assert one.check(code).uid == target.sku.uid

        assert picture(codes.merchant_id) == before
