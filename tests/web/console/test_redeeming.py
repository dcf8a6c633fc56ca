"""Redeem codes at the desk: set on the SKU, seen in stock, orders and the card's history (L21)."""

import pytest
from django.urls import reverse

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter
from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.errors import BadRedeemCode
from kacang.shared.contacts import Contact
from kacang.vault import queries as vault
from tests import make
from tests.orders.looking import settle
from tests.web.console.conftest import work_as
from tests.web.console.goods import a_sku, restock
from tests.web.console.test_catalogue import product, sku


def body_of(answer) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def redeemed(merchant):
    """A code that was sold and redeemed: the SKU of the codes, the card, both orders."""
    codes = make.redeem_codes(make.sku(merchant, cards=2), cards=0)
    restock(merchant, codes.sku.uid, ["RC-1111-AAAA", "RC-2222-BBBB"])
    account = make.account(merchant)
    placed = make.order(codes)
    settle(account, make.notice(placed))
    (unit,) = orders.deliveries(merchant_id=merchant, number=placed.number, actor=SYSTEM)
    wish = orders.RedeemRequest(unit.secret, Contact(email="holder@example.com"))
    done = orders.redeem(merchant_id=merchant, request=wish)
    (card,) = vault.find_cards(merchant_id=merchant, code=unit.secret)
    return codes, card, placed.number, done.order.number


class TestSkuForm:
    def test_makes_a_sku_of_redeem_codes_and_keeps_what_it_is_for(self, owner, merchant):
        target = a_sku(merchant, title="目标")

        answer = owner.post("/console/products/new/", product(sku(0, redeems=target)))

        assert answer.status_code == 302
        shown = body_of(owner.get(answer["Location"]))
        assert f'<option value="{target}" selected>' in shown
        (uid,) = {
            one.skus[0].redeems_uid
            for one in catalog.products_page(merchant_id=merchant, where=ProductFilter()).items
        } - {""}
        assert uid == target

    def test_offers_no_redeem_codes_goods_itself_or_others_as_target(
        self, owner, merchant, other_merchant
    ):
        target, theirs = a_sku(merchant, title="目标"), a_sku(other_merchant)
        codes = a_sku(merchant, title="兑换码", redeems=target)
        of = catalog.sku(merchant_id=merchant, uid=target).product_uid

        offered = body_of(owner.get("/console/products/new/"))
        own = body_of(owner.get(f"/console/products/{of}/"))

        assert f'value="{target}"' in offered
        assert f'value="{codes}"' not in offered
        assert f'value="{theirs}"' not in offered
        assert f'<option value="{target}"' not in own.partition("sku-empty")[0]

    def test_refuses_another_merchants_and_chains_in_words(self, owner, merchant, other_merchant):
        target = a_sku(merchant, title="目标")
        codes = a_sku(merchant, title="兑换码", redeems=target)

        for wrong in (a_sku(other_merchant), codes, "sku_none"):
            answer = owner.post("/console/products/new/", product(sku(0, redeems=wrong)))
            assert answer.status_code == 422
            assert "Select a valid choice" in answer.content.decode()

    def test_says_why_a_target_cannot_have_codes_of_its_own(self, owner, merchant):
        target = a_sku(merchant, title="目标")
        a_sku(merchant, title="兑换码", redeems=target)
        other = a_sku(merchant, title="别的")
        of = catalog.sku(merchant_id=merchant, uid=target).product_uid
        posted = product(sku(0, uid=target, redeems=other), **{"sku-INITIAL_FORMS": "1"})

        answer = owner.post(f"/console/products/{of}/", posted)

        assert answer.status_code == 422
        assert "has no redeem codes itself" in answer.content.decode()


class TestWhatIsSeen:
    def test_stock_says_what_they_are_for_and_leads_to_the_redeemed(self, owner, redeemed):
        codes, card, _, number = redeemed
        page = body_of(owner.get(reverse("console_stock_sku", args=[codes.sku.uid])))

        assert "These cards are redeem codes" in page
        link = f"{reverse('console_cards')}?sku={codes.sku.uid}&amp;state=redeemed"
        assert link in page
        listed = body_of(owner.get(link.replace("&amp;", "&")))
        assert reverse("console_card", args=[card.uid]) in listed
        assert "Redeem codes" in body_of(owner.get(reverse("console_stock")))
        chosen = body_of(owner.get(f"{reverse('console_orders')}?channel=redeem"))
        assert number in chosen
        assert chosen.count(reverse("console_order", args=[number])) > 0

    def test_order_and_card_lead_to_each_other(self, owner, work, redeemed):
        _, card, sale, number = redeemed

        order = body_of(owner.get(reverse("console_order", args=[number])))
        history = body_of(owner.get(reverse("console_card", args=[card.uid])))

        assert "A redeem code was given for it" in order
        assert reverse("console_card", args=[card.uid]) in order
        assert "Redeemed for an order" in history
        assert reverse("console_order", args=[number]) in history
        assert reverse("console_order", args=[sale]) in history
        clerk = body_of(work("customer_service").get(reverse("console_order", args=[number])))
        assert "A redeem code was given for it" in clerk

    def test_redeemed_card_offers_nothing_to_do_with_it(self, owner, redeemed):
        _, card, _, _ = redeemed
        history = body_of(owner.get(reverse("console_card", args=[card.uid])))

        assert 'data-card-act="void"' not in history
        assert 'data-card-act="replace"' not in history

    def test_a_refusal_is_told_with_its_cause(self, owner, merchant, redeemed):
        both = ("RC-1111-AAAA", "RC-2222-BBBB")
        free = next(code for code in both if vault_state(merchant, code) == "AVAILABLE")
        origin = orders.RedeemRequest("").origin
        with (
            pytest.raises(BadRedeemCode),
            orders.trying(merchant_id=merchant, origin=origin, actor=SYSTEM) as one,
        ):
            one.redeem(orders.RedeemRequest(free))
        (card,) = vault.find_cards(merchant_id=merchant, code=free)

        history = body_of(owner.get(reverse("console_card", args=[card.uid])))

        assert "Refused a redeem code" in history
        assert "it was not sold yet" in history
        assert free not in history

    def test_nobody_elses(self, other_merchant, redeemed):
        _, card, _, number = redeemed
        stranger = work_as(other_merchant)

        assert stranger.get(reverse("console_card", args=[card.uid])).status_code == 404
        assert number not in body_of(stranger.get(f"{reverse('console_orders')}?channel=redeem"))


def vault_state(merchant: int, code: str) -> str:
    (card,) = vault.find_cards(merchant_id=merchant, code=code)
    return card.state.name
