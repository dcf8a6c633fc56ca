"""A morning's 200 orders, looked through and tagged by keys alone (O2)."""

import pytest
from playwright.sync_api import Page, expect

from kacang.catalog.models import Sku
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.list_models import OrderTag
from kacang.orders.tagging.tags import make_tag
from kacang.orders.types import Item, PlacedOrder, PlaceRequest
from kacang.shared.contacts import Contact
from tests import make
from tests.browser.console.conftest import sign_in
from tests.browser.console.shop import Shop, an_empty_shop
from tests.browser.harness import shot

pytestmark = pytest.mark.browser
ORDERS, PAGE = 200, 50
# Of each page so many are opened one after the other; the others are only passed.
OPENED = 8


@pytest.fixture(scope="module")
def morning(database) -> Shop:
    """A shop to which 200 orders came over night, and a tag for those that were seen."""
    shop = an_empty_shop()
    made = make.sku(shop.merchant_id, cards=ORDERS, price=1_000)
    make.account(shop.merchant_id)
    with acting_as(shop.merchant_id):
        uid = Sku.objects.get(pk=made.sku.pk).uid
    for start in range(0, ORDERS, 50):
        wishes = [
            PlaceRequest(items=(Item(uid, 1),), contact=Contact(f"b{start + at}@example.com"))
            for at in range(50)
        ]
        placed = orders.place_orders(merchant_id=shop.merchant_id, requests=wishes)
        shop.numbers += [one.number for one in placed if isinstance(one, PlacedOrder)]
    assert len(shop.numbers) == ORDERS
    make_tag(merchant_id=shop.merchant_id, name="已复核", colour="green", actor=SYSTEM)
    return shop


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def review(page: Page, seen: set[str]) -> None:
    """Look through one page of the list: some rows opened and stepped through, all selected."""
    drawer = page.locator("#drawer")
    press(page, "j", "Enter")
    expect(drawer).to_be_visible()
    for step in range(OPENED):
        if step:
            press(page, "ArrowDown")
        number = page.locator("tr.at a.no").inner_text()
        expect(drawer).to_contain_text(number)
        seen.add(number)
    press(page, "Escape")
    expect(drawer).to_be_hidden()
    # Back on the row that was shown last; from the first one on, each is selected.
    press(page, *["k"] * OPENED, "x", *["j", "x"] * (PAGE - 1))


def test_O2_200_orders_are_looked_through_and_tagged_by_keys_alone(page, morning):
    desk = sign_in(page, morning)
    press(desk, "g", "o")
    desk.wait_for_url("**/console/orders/")
    seen: set[str] = set()
    for at in range(ORDERS // PAGE):
        if at:
            address = desk.url
            press(desk, "n")
            expect(desk).not_to_have_url(address)
            desk.wait_for_load_state("load")
        review(desk, seen)
        expect(desk.locator("[data-picked-count]")).to_have_text(str((at + 1) * PAGE))
    assert len(seen) == OPENED * ORDERS // PAGE
    shot(desk, "morning-selected")

    press(desk, "a")
    expect(desk.locator("[data-picked-everything]")).to_be_focused()
    for _ in range(12):
        press(desk, "Tab")
        if desk.evaluate("document.activeElement.dataset.open") == "tag-many":
            break
    press(desk, "Enter")
    expect(desk.locator("#tag-many")).to_be_visible()
    for _ in range(6):
        if desk.evaluate("document.activeElement.type") == "submit":
            break
        press(desk, "Tab")
    press(desk, "Enter")
    expect(desk.locator(".toast2", has_text="已给 200 单打上标签")).to_be_visible()
    expect(desk.locator("table.orders .tag", has_text="已复核")).to_have_count(PAGE)
    with acting_as(morning.merchant_id):
        tagged = OrderTag.objects.filter(merchant_id=morning.merchant_id)
        assert set(tagged.values_list("order__number", flat=True)) == set(morning.numbers)
    desk.get_by_role("button", name="撤销").click()
    expect(desk.locator("table.orders .tag")).to_have_count(0)
