"""Buying in a store: by its address, unless the buyer says that they are not there (R1)."""

import time

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import StoreDraft
from kacang.shared.clock import utc_now
from kacang.web.shop import cookies
from tests import make
from tests.web.shop.conftest import number_in, text


def a_store(merchant, code="nj-1", name="南京路店"):
    draft = StoreDraft(name, code)
    return merchants.open_store(merchant_id=merchant, draft=draft, actor=SYSTEM)


@pytest.fixture
def made(shop):
    return make.sku(shop.id, cards=3)


def store_of(shop, number):
    found = shop.order(number).store
    return found.uid if found else None


def test_the_address_leads_to_the_shop_and_the_order_is_of_the_store(shop, buyer, made):
    uid = a_store(shop.id)

    entered = buyer.get("at/nj-1/")

    assert entered["Location"] == buyer.at("")
    assert "no-store" in entered["Cache-Control"]
    page = text(buyer.get(f"checkout/?sku={made.sku.uid}"))
    assert "南京路店" in page
    assert 'name="in_store" checked' in page
    assert store_of(shop, number_in(buyer.checkout(made, in_store="on"))) == uid


def test_who_says_that_they_are_not_there_buys_in_no_store(shop, buyer, made):
    a_store(shop.id)
    buyer.get("at/nj-1/")

    assert store_of(shop, number_in(buyer.checkout(made))) is None


def test_what_was_said_stays_when_the_form_comes_back(shop, buyer, made):
    a_store(shop.id)
    buyer.get("at/nj-1/")

    back = buyer.checkout(made, email="no address")

    assert back.status_code == 422
    assert 'name="in_store">' in text(back)


def test_nobody_is_asked_who_came_by_another_way(shop, buyer, made):
    a_store(shop.id)
    assert "in_store" not in text(buyer.get(f"checkout/?sku={made.sku.uid}"))
    assert store_of(shop, number_in(buyer.checkout(made, in_store="on"))) is None


def test_the_last_store_counts(shop, buyer, made):
    a_store(shop.id)
    second = a_store(shop.id, "nj-2", "二店")
    buyer.get("at/nj-1/")
    buyer.get("at/nj-2/")

    assert store_of(shop, number_in(buyer.checkout(made, in_store="on"))) == second


@pytest.mark.parametrize("code", ["nj-1", "nowhere", "x" * 300, "a%00b"])
def test_a_store_that_is_closed_or_was_never_there_leads_to_the_shop_alone(shop, buyer, made, code):
    uid = a_store(shop.id)
    merchants.close_store(merchant_id=shop.id, uid=uid, actor=SYSTEM, now=utc_now())

    answer = buyer.get(f"at/{code}/")

    assert answer.status_code in (302, 400, 404)
    assert cookies.STORE not in answer.cookies
    assert store_of(shop, number_in(buyer.checkout(made, in_store="on"))) is None


def test_one_that_closes_meanwhile_takes_no_order(shop, buyer, made):
    uid = a_store(shop.id)
    buyer.get("at/nj-1/")
    merchants.close_store(merchant_id=shop.id, uid=uid, actor=SYSTEM, now=utc_now())

    assert store_of(shop, number_in(buyer.checkout(made, in_store="on"))) is None


def test_it_is_forgotten_after_twelve_hours(shop, buyer, made, monkeypatch):
    a_store(shop.id)
    entered = buyer.get("at/nj-1/")
    assert entered.cookies[cookies.STORE]["max-age"] == cookies.HOURS_12

    late = time.time() + cookies.HOURS_12 + 5
    monkeypatch.setattr("django.core.signing.time.time", lambda: late)

    assert "in_store" not in text(buyer.get(f"checkout/?sku={made.sku.uid}"))


def test_a_code_of_another_merchant_is_nobodys(shop, buyer, made, other_merchant):
    a_store(other_merchant)
    buyer.get("at/nj-1/")
    assert store_of(shop, number_in(buyer.checkout(made, in_store="on"))) is None
