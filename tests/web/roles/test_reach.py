"""A role that reaches to some orders finds no others, whatever address it is asked at (I1)."""

import contextvars

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import RoleDraft
from kacang.merchants.permissions import WITHIN_REACH
from kacang.merchants.tenancy import acting_as, reaching
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import Order
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.orders.types import OrderFilter
from kacang.outbox import work as works
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from tests import make
from tests.orders.looking import settle
from tests.web.console.conftest import work_as
from tests.web.test_addresses import concrete, demanded, marks

THEIRS = Contact(email="theirs@example.com", phone="+8613800001111")
MINE = Contact(email="mine@example.com", phone="+8613800002222")


def a_role(merchant, **more):
    fields = {"name": "外包客服", "permissions": WITHIN_REACH, "reach": "own", **more}
    return merchants.create_role(merchant_id=merchant, draft=RoleDraft(**fields), actor=SYSTEM)


def member_of(client, merchant):
    (found,) = queries.memberships_of(user_id=int(client.session["_auth_user_id"]))
    assert found.merchant_id == merchant
    return found


@pytest.fixture
def desk(merchant):
    """Somebody who sees own orders, one order of theirs and one of somebody else."""
    client = work_as(merchant, a_role(merchant))
    made = make.sku(merchant, cards=4)
    account = make.account(merchant)
    mine, other = make.order(made, contact=MINE), make.order(made, contact=THEIRS)
    for placed in (mine, other):
        settle(account, make.notice(placed))
        orders.request_refund(
            merchant_id=merchant, number=placed.number, actor=SYSTEM, role="api",
            wish=RefundWish(Money(100), "why", way=RefundWay.BY_HAND),
        )  # fmt: skip
    orders.assign_order(
        merchant_id=merchant, number=mine.number, actor=SYSTEM,
        member_uid=member_of(client, merchant).uid,
    )  # fmt: skip
    return client, mine.number, other.number


def row_of(merchant, number):
    with acting_as(merchant):
        return Order.objects.filter(merchant_id=merchant, number=number).values().get()


def test_lists_the_search_and_the_refunds_show_own_orders_only(desk):
    client, mine, other = desk
    for address in (
        "/console/orders/", f"/console/orders/?q={other}", "/console/orders/?by=phone&q=1111",
        "/console/refunds/", f"/console/search/?q={other}", f"/console/search/?q={mine}",
        "/console/search/?q=theirs@example.com", f"/console/refunds/?q={other}",
    ):  # fmt: skip
        assert f"orders/{other}/" not in client.get(address).content.decode(), address
    for address in ("/console/orders/", "/console/refunds/", f"/console/search/?q={mine}"):
        assert f"orders/{mine}/" in client.get(address).content.decode(), address


def test_no_address_opens_or_changes_an_order_out_of_reach(merchant, desk):
    client, mine, other = desk
    before = row_of(merchant, other)
    asked = 0
    for path, mark in marks("console/orders/<str:number>/").items():
        if not demanded(mark) <= WITHIN_REACH:
            continue
        address = concrete(path.replace("<str:number>", other))
        for method in (client.get, client.post):
            more = {"reason": "why", "text": "x", "price": "1", "step": "do", "amount": "1"}
            assert method(address, more).status_code in (404, 405), address
        asked += 1

    assert asked >= 8
    assert row_of(merchant, other) == before
    assert client.get(f"/console/orders/{mine}/").status_code == 200
    assert client.post(f"/console/orders/{mine}/note/", {"text": "x"}).status_code == 302


def test_a_role_of_channels_reaches_to_them(merchant, desk):
    _, mine, other = desk
    shop = work_as(merchant, a_role(merchant, name="店", reach="channels", channels={"shop"}))
    moved = work_as(merchant, a_role(merchant, name="旧", reach="channels", channels={"moved"}))

    for number in (mine, other):
        assert shop.get(f"/console/orders/{number}/").status_code == 200
        assert moved.get(f"/console/orders/{number}/").status_code == 404


def test_counts_on_tabs_are_of_own_orders(merchant, desk):
    client, *_ = desk
    with reaching(member_of(client, merchant).reach):
        assert sum(order_queries.counts_by_state(merchant_id=merchant).values()) == 1
    assert sum(order_queries.counts_by_state(merchant_id=merchant).values()) == 2


def test_the_database_holds_it_where_a_statement_forgets(merchant, desk):
    """The policy is what keeps a page that somebody writes tomorrow."""
    client, mine, other = desk
    with reaching(member_of(client, merchant).reach), acting_as(merchant):
        seen = list(Order.objects.filter(merchant_id=merchant).values_list("number", flat=True))
        changed = Order.objects.filter(merchant_id=merchant).update(language="en")
    assert (seen, changed) == ([mine], 1)
    assert row_of(merchant, other)["language"] != "en"


def test_a_job_reaches_as_far_as_who_started_it(merchant, desk):
    client, mine, _ = desk
    with reaching(member_of(client, merchant).reach):
        uid = works.start(merchant_id=merchant, kind="test", arguments={}, actor=SYSTEM)

    def run():
        task = works.begin(merchant_id=merchant, uid=uid)
        page = order_queries.orders_page(merchant_id=merchant, where=OrderFilter())
        return task and dict(task.arguments), [row.number for row in page.rows]

    assert contextvars.copy_context().run(run) == ({}, [mine])
    assert len(order_queries.orders_page(merchant_id=merchant, where=OrderFilter()).rows) == 2


def test_nobodys_orders_are_nobodys_reach(merchant, desk):
    with reaching(frozenset()), acting_as(merchant):
        assert not Order.objects.filter(merchant_id=merchant).exists()


class TestMasks:
    def test_a_contact_is_shown_with_a_reason_that_is_logged(self, merchant, desk):
        client, mine, _ = desk
        page = client.get(f"/console/orders/{mine}/").content.decode()
        assert MINE.phone not in page
        silent = client.post(f"/console/orders/{mine}/contact/", {"reason": " "})
        assert MINE.phone not in silent.content.decode()

        shown = client.post(f"/console/orders/{mine}/contact/", {"reason": "回电"})

        assert MINE.phone in shown.content.decode()
        (row, *_) = queries.audit_page(
            merchant_id=merchant, where=queries.AuditFilter(action="orders.show_contact")
        ).rows
        assert (row.object_uid, row.reason, row.address) == (mine, "回电", "127.0.0.1")

    def test_what_a_role_hides_stays_masked_even_then(self, merchant, desk):
        _, mine, _ = desk
        role = a_role(merchant, name="只看邮箱", reach="all", hidden=frozenset({"phone"}))
        client = work_as(merchant, role)

        shown = client.post(f"/console/orders/{mine}/contact/", {"reason": "x"}).content.decode()

        assert MINE.email in shown
        assert MINE.phone not in shown

    def test_who_may_not_look_is_refused(self, desk, merchant):
        _, mine, _ = desk
        sales = work_as(merchant, "sales")
        assert sales.post(f"/console/orders/{mine}/contact/", {"reason": "x"}).status_code == 403

    def test_looks_are_counted_over_all_that_is_masked(self, desk, merchant):
        merchants.change_settings(
            merchant_id=merchant, actor=SYSTEM, values={"reveals_per_hour": 2}
        )
        client, mine, _ = desk
        looks = [
            client.post(f"/console/orders/{mine}/{what}/", {"reason": "x"}).status_code
            for what in ("contact", "codes", "contact", "codes")
        ]
        assert looks == [200, 200, 429, 429]


# What else opens for a role that reaches to some orders. Looked at one by one: none of it shows
# an order out of reach. Orders and refunds are behind policies, jobs are one's own, the rest is
# of no order. A new address here must be looked at before it gets its line.
OF_NO_ORDER = (
    "console/account/", "console/products/", "console/visits/", "console/roles/", "console/help/",
    "console/notices/", "console/first-steps/",
)  # fmt: skip
BEHIND_POLICIES = ("console/orders/", "console/batches/")
LOOKED_AT = {
    "console/", "console/refunds/", "console/exceptions/", "console/search/",
    "console/deadlines/",
    "console/works/",
    "console/works/<str:uid>/", "console/works/<str:uid>/cancel/",
    "console/works/<str:uid>/file/", "console/works/<str:uid>/retry/",
    # These ask for a permission themselves that no such role can have.
    "console/stock/exports/<str:uid>/", "console/stock/exports/new/",
}  # fmt: skip


def test_every_other_address_that_opens_was_looked_at():
    opens = {
        path
        for path, mark in marks("console/").items()
        if mark.startswith("needs:")
        and demanded(mark) <= WITHIN_REACH
        and not path.startswith((*OF_NO_ORDER, *BEHIND_POLICIES))
    }
    assert opens == LOOKED_AT
