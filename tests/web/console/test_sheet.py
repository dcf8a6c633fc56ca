"""Prices as a sheet at the desk: shown before it is saved, and nothing typed is lost."""

import re

import pytest

from kacang.catalog import operations, queries
from kacang.merchants.audit import SYSTEM
from tests import make

SHEET = "/console/products/sheet/"


def text(answer):
    return answer.content.decode()


def sent(page, **changes):
    """The fields of a sheet as a browser sends them, with some changed: `price_0="15"`."""
    found = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', page))
    fields = {
        name: value.replace("&quot;", '"')
        for name, value in found.items()
        if name.startswith("form-") or name == "seen"
    }
    for box in re.findall(r'name="(form-\d+-on_sale)"[^>]*checked', page):
        fields[box] = "on"
    for name, value in changes.items():
        field, _, number = name.rpartition("_")
        key = f"form-{number}-{field}"
        if value is None:
            fields.pop(key, None)
        else:
            fields[key] = value
    return fields


def price(merchant, made):
    return queries.sku(merchant_id=merchant, uid=made.sku.uid).price.minor


@pytest.fixture
def two(merchant):
    return [make.sku(merchant, cards=0) for _ in range(2)]


def test_shows_what_would_change_and_saves_it_then(merchant, owner, two):
    page = text(owner.get(SHEET))
    uids = re.findall(r'name="form-\d-uid" value="([^"]+)"', page)
    at = uids.index(two[0].sku.uid)

    shown = owner.post(SHEET, sent(page, **{f"price_{at}": "15", f"on_sale_{1 - at}": None}))

    assert "2 variants would change" in text(shown)
    assert "<del>¥19.99</del>" in text(shown)
    assert "¥15.00" in text(shown)
    assert price(merchant, two[0]) == 1999
    saved = owner.post(SHEET, {**sent(text(shown)), "step": "save"}, follow=True)
    assert "2 variants are changed." in text(saved)
    assert price(merchant, two[0]) == 1500
    assert not queries.sku(merchant_id=merchant, uid=two[1].sku.uid).on_sale


def test_what_was_not_shown_is_not_saved(merchant, owner, two):
    page = text(owner.get(SHEET))
    shown = text(owner.post(SHEET, sent(page, price_0="15")))

    again = owner.post(SHEET, {**sent(shown, price_1="16"), "step": "save"})

    assert "2 variants would change" in text(again)
    assert [price(merchant, one) for one in two] == [1999, 1999]


def test_nothing_changed_says_so(owner, two):
    page = text(owner.get(SHEET))
    assert "Nothing was changed" in text(owner.post(SHEET, sent(page), follow=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"price_0": "x"}, "This is not an amount."),
        ({"price_0": ""}, "required"),
        ({"list_price_0": "19.98"}, "not below the price"),
        ({"low_stock_at_0": "-1"}, "greater than or equal to 0"),
        ({"was_0": "{}"}, "open the sheet again"),
        ({"was_0": "x"}, "open the sheet again"),
    ],
)
def test_mistakes_stand_at_their_cell_and_what_was_typed_stays(owner, two, changes, said):
    page = text(owner.get(SHEET))
    answer = owner.post(SHEET, sent(page, **{"price_1": "16", **changes}))
    assert answer.status_code == 422
    assert said in text(answer)
    assert 'value="16"' in text(answer)


def test_what_a_colleague_changed_meanwhile_is_shown_beside_what_was_typed(merchant, owner, two):
    page = text(owner.get(SHEET))
    uids = re.findall(r'name="form-\d-uid" value="([^"]+)"', page)
    shown = text(owner.post(SHEET, sent(page, price_0="15")))
    operations.set_sku_on_sale(merchant_id=merchant, actor=SYSTEM, uid=uids[0], on_sale=False)

    refused = owner.post(SHEET, {**sent(shown), "step": "save"})

    assert refused.status_code == 409
    assert "Somebody else changed" in text(refused)
    assert "<del>Off sale</del>" in text(refused)
    saved = owner.post(SHEET, {**sent(text(refused)), "step": "save"}, follow=True)
    assert "1 variant is changed." in text(saved)


def test_a_sku_of_another_merchant_changes_nothing(merchant, other_merchant, owner, two):
    theirs = make.sku(other_merchant, cards=0)
    page = text(owner.get(SHEET))
    fields = sent(page, price_0="15", uid_0=theirs.sku.uid)
    shown = owner.post(SHEET, fields)
    refused = owner.post(SHEET, {**sent(text(shown)), "step": "save"})

    assert "no such SKU" in text(refused)
    assert price(other_merchant, theirs) == 1999


def test_is_for_who_may_change_products(work, two):
    assert work("sales").get(SHEET).status_code == 403
    assert work("sales").post(SHEET, {}).status_code == 403


def test_a_form_that_is_none_is_an_error_and_no_fault(owner, two):
    assert owner.post(SHEET, {"form-TOTAL_FORMS": "x"}).status_code == 422
    assert owner.post(SHEET, {}).status_code == 422
