"""O6: the queue at the desk: found, looked after, handed on, and gone when the order goes on."""

import pytest

from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.exceptions.queries import ExceptionFilter
from tests import make
from tests.orders.exceptions.conftest import Shop
from tests.web.console.conftest import work_as

PAGE = "/console/exceptions/"


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


def only(shop):
    (row,) = shop.queue()
    return row


def test_an_order_short_of_stock_is_claimed_and_leaves_when_stock_comes(shop):
    placed = shop.short()
    shop.sync()
    client = work_as(shop.merchant, "order_operator")
    text = client.get(PAGE).content.decode()
    assert placed.number in text
    assert "Put stock in" in text
    assert "Paid, and nothing is in stock" in text

    answer = client.post(f"{PAGE}{only(shop).uid}/claim/", {"next": f"{PAGE}?show=stock"})

    assert answer["Location"] == f"{PAGE}?show=stock"
    mine = client.get(f"{PAGE}?show=mine").content.decode()
    assert placed.number in mine
    make.stock(shop.sku, 1)
    orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.sku.sku.pk)
    assert placed.number not in client.get(PAGE).content.decode()
    closed = client.get(f"{PAGE}?show=closed").content.decode()
    assert placed.number in closed
    assert "Delivered" in closed


def test_it_is_handed_on_and_given_back(shop):
    shop.short()
    shop.sync()
    client = work_as(shop.merchant, "customer_service")
    shop.person("warehouse")
    (other,) = [
        one for one in merchants.staff(merchant_id=shop.merchant) if one.role == "warehouse"
    ]
    uid = only(shop).uid

    client.post(f"{PAGE}{uid}/assign/", {"member": other.uid, "text": "请补货"})
    assert only(shop).owner_id == other.user_id
    refused = client.post(f"{PAGE}{uid}/give_back/", follow=True).content.decode()
    assert "Somebody else looks after it." in refused
    client.post(f"{PAGE}{uid}/assign/", {"member": "mem_of_nobody"})
    assert only(shop).owner_id == other.user_id


def test_late_ones_are_marked_and_counted(shop):
    placed = shop.short()
    shop.sync()
    shop.run("update order_exception set due_at = now() - interval '90 minutes', level = 1")
    client = work_as(shop.merchant)

    late = client.get(f"{PAGE}?show=late").content.decode()

    assert placed.number in late
    assert "1 h 30 min" in late
    assert "Level 1" in late
    home = client.get("/console/").content.decode()
    assert "1 is late" in home
    order = client.get(f"/console/orders/{placed.number}/").content.decode()
    assert "1 h 30 min" in order


def test_a_change_is_asked_for_and_approved_by_somebody_else(shop):
    placed = shop.short()
    asker, approver = work_as(shop.merchant, "customer_service"), work_as(shop.merchant)
    address = f"/console/orders/{placed.number}/change/"
    assert asker.get(address).status_code == 200
    bad = asker.post(address, {"email": "no address"})
    assert bad.status_code == 422

    asker.post(address, {"email": "right@example.com", "reason": "打错了"})

    (change,) = queries.changes_of_order(merchant_id=shop.merchant, number=placed.number)
    seen = asker.get(f"{PAGE}?show=address").content.decode()
    assert "right@example.com" not in seen
    assert "right@example.com" in approver.get(f"{PAGE}?show=address").content.decode()
    assert asker.post(f"/console/changes/{change.uid}/approve/").status_code == 403
    approver.post(f"/console/changes/{change.uid}/approve/")
    assert "is changed" in approver.get(PAGE).content.decode()


def test_a_change_is_refused_with_a_reason(shop):
    placed = shop.short()
    uid = operations.ask_change(
        merchant_id=shop.merchant,
        number=placed.number,
        wish=ChangeWish(email="other@example.com"),
        actor=SYSTEM,
    )
    client = work_as(shop.merchant)

    client.post(f"/console/changes/{uid}/refuse/")
    assert queries.change(merchant_id=shop.merchant, uid=uid).decided_at is None
    client.post(f"/console/changes/{uid}/refuse/", {"text": "无法核实"})

    assert queries.change(merchant_id=shop.merchant, uid=uid).decision == "无法核实"


def test_a_failed_delivery_is_reported_and_resolved(shop):
    placed = shop.short()
    client = work_as(shop.merchant)

    client.post(f"/console/orders/{placed.number}/report/", {"text": "供货商未发"})

    where = ExceptionFilter(kind=queries.Kind.SUPPLIER)
    (row,) = queries.exceptions_page(merchant_id=shop.merchant, where=where).rows
    page = client.get(f"{PAGE}?show=supplier").content.decode()
    assert "Reported by staff" in page
    assert "供货商未发" in page
    client.post(f"{PAGE}{row.uid}/resolve/", {"text": "已补发"})
    assert queries.exceptions_page(merchant_id=shop.merchant, where=where).rows == ()


def test_who_only_sees_orders_sees_the_queue_and_changes_nothing(shop):
    shop.short()
    shop.sync()
    client = work_as(shop.merchant, "clerk")

    assert client.get(PAGE).status_code == 200
    assert client.post(f"{PAGE}{only(shop).uid}/claim/").status_code == 403
    assert only(shop).owner_id is None


@pytest.mark.parametrize("query", ["?show=nothing", "?q=x", "?show=closed&cursor=x"])
def test_nonsense_in_the_address_shows_the_queue(shop, query):
    assert work_as(shop.merchant).get(PAGE + query).status_code == 200
