"""A role that reaches to some orders finds no others, whatever address it is asked at (I1)."""

import contextvars
import re
from datetime import timedelta
from typing import Any

import pytest
from django import urls as addresses
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import override_settings

from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import User
from kacang.merchants.operations import RoleDraft, StoreDraft
from kacang.merchants.permissions import WITHIN_REACH
from kacang.merchants.tenancy import acting_as, reaching
from kacang.messages.events import Event
from kacang.messages.models import Message
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.deadlines import queries as deadlines
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions import queries as exceptions_seen
from kacang.orders.models import Order
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.orders.types import OrderFilter
from kacang.outbox import work as works
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.web import urls
from kacang.web.console.access import needs
from kacang.web.mails import telling
from tests import make
from tests.orders.looking import settle
from tests.web.console.conftest import work_as
from tests.web.test_addresses import concrete, demanded, marks

THEIRS = Contact(email="theirs@example.com", phone="+8613800001111")
WAITS = ("staff.order_waiting", "staff.deadlines")
MINE = Contact(email="mine@example.com", phone="+8613800002222")


def a_role(merchant, **more):
    fields = {"name": "外包客服", "permissions": WITHIN_REACH, "reach": "own", **more}
    return merchants.create_role(merchant_id=merchant, draft=RoleDraft(**fields), actor=SYSTEM)


def member_of(client, merchant):
    (found,) = queries.memberships_of(user_id=int(client.session["_auth_user_id"]))
    assert found.merchant_id == merchant
    return found


@pytest.fixture(params=["own", "stores"])
def desk(merchant, request):
    """Somebody who sees some orders, one that is theirs and one that is not."""
    client = work_as(merchant, a_role(merchant, reach=request.param))
    made = make.sku(merchant, cards=4)
    account = make.account(merchant)
    mine, other = make.order(made, contact=MINE), make.order(made, contact=THEIRS)
    for placed in (mine, other):
        settle(account, make.notice(placed))
        orders.request_refund(
            merchant_id=merchant, number=placed.number, actor=SYSTEM, role="api",
            wish=RefundWish(Money(100), "why", way=RefundWay.BY_HAND),
        )  # fmt: skip
    make_theirs(merchant, client, mine.number)
    return client, mine.number, other.number


def make_theirs(merchant, client, number):
    """Let an order be one's own: by giving it to them, or as one of a store that they work in."""
    me = member_of(client, merchant)
    if f"m{me.member_id}" in me.reach:
        orders.assign_order(merchant_id=merchant, number=number, actor=SYSTEM, member_uid=me.uid)
        return
    known = [one.uid for one in queries.stores(merchant_id=merchant)]
    stores = known or [
        merchants.open_store(merchant_id=merchant, draft=StoreDraft("店", code), actor=SYSTEM)
        for code in ("a", "b")
    ]
    for store in stores:
        merchants.set_clerks(merchant_id=merchant, uid=store, members={me.uid}, actor=SYSTEM)
    orders.move_to_store(merchant_id=merchant, number=number, store_uid=stores[1], actor=SYSTEM)


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


def test_exceptions_and_deadlines_are_of_own_orders_with_their_counts(merchant, desk):
    client, mine, other = desk
    exceptions.sync_exceptions(merchant_id=merchant)
    made_late(merchant, mine, other)

    for address in ("/console/exceptions/", "/console/deadlines/?show=missed"):
        pages = [one.get(address).content.decode() for one in (client, work_as(merchant))]
        assert [other in page for page in pages] == [False, True], address
        assert all(mine in page for page in pages), address
    with reaching(member_of(client, merchant).reach):
        assert deadlines.count_marks(merchant_id=merchant, show="missed") == 2
        assert sum(exceptions_seen.counts_by_kind(merchant_id=merchant).values()) == 1
        days = deadlines.missed_days(
            merchant_id=merchant, since=utc_now() - timedelta(days=2), until=utc_now(),
            zone="UTC",
        )  # fmt: skip
        assert sum(day.missed for day in days) == 2
        # A page is full of what can be seen, however much cannot.
        page = deadlines.marks_page(
            merchant_id=merchant, where=deadlines.MarkFilter("missed"), limit=1
        )
        assert [row.number for row in page.rows] == [mine]


def made_late(merchant, *numbers):
    """Note of orders that they missed a deadline twice, the last one first."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "insert into deadline_mark (merchant_id, stage, order_id, subject, kind, started_at,"
            " due_at, breached_at) select merchant_id, 'delivery', id, subject, 'code',"
            " now() - interval '2 hours', at, at from sale_order"
            " cross join generate_series(0, 1) subject"
            " cross join lateral (select now() - interval '1 hour' + id * interval '1 ms') due(at)"
            " where number = any(%s::text[])",
            [list(numbers)],
        )


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


def counted(merchant):
    counts = order_queries.counts_by_state(merchant_id=merchant).values()
    assert not any(one.is_more for one in counts)
    return sum(one.count for one in counts)


def test_counts_on_tabs_are_of_own_orders(merchant, desk):
    client, *_ = desk
    with reaching(member_of(client, merchant).reach):
        assert counted(merchant) == 1
    assert counted(merchant) == 2


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


def test_what_is_sent_piece_by_piece_sees_no_more_than_the_view(merchant, desk):
    """The pieces are made after the view is left."""
    client, mine, _ = desk

    def pieces():
        page = order_queries.orders_page(merchant_id=merchant, where=OrderFilter())
        yield ",".join(row.number for row in page.rows)

    def view(_request) -> Any:
        return StreamingHttpResponse(pieces())

    class Addresses:
        urlpatterns = [
            addresses.path("console/pieces/", needs("orders.view")(view)),
            *urls.urlpatterns,
        ]

    with override_settings(ROOT_URLCONF=Addresses):
        assert client.get("/console/pieces/").getvalue().decode() == mine


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
    # Neither are these for any of them: who sees some orders only gets no list of all money.
    "console/exports/", "console/exports/<str:uid>/", "console/exports/<str:uid>/cancel/",
    "console/exports/<str:uid>/file/",
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


class TestNotices:
    """Behind the bell, and by mail: of orders within reach alone (N1)."""

    @pytest.fixture
    def told(self, merchant, desk):
        client, mine, other = desk
        on = [f"{event}/{way}" for event in WAITS for way in ("in_app", "email")]
        assert client.post("/console/account/notices/", {"on": on}).status_code == 302
        for number in (mine, other):
            telling.tell_staff(
                merchant, Event.STAFF_ORDER_WAITING, number,
                {"order": number, "title": "年卡", "amount": "¥7", "reason": "out_of_stock"},
            )  # fmt: skip
        telling.tell_staff(merchant, Event.STAFF_DEADLINES, "1", {"near": 41, "late": 88_888_888})
        return client, mine, other

    def test_the_bell_names_no_order_of_others_and_counts_none(self, told, owner):
        client, mine, other = told

        page = client.get("/console/notices/").content.decode()

        assert mine in page
        assert other not in page
        assert "88888888" not in re.sub("<[^>]*>|,", "", page)
        assert "Notifications, 1 unread" in page
        assert other in owner.get("/console/notices/").content.decode()

    def test_an_order_that_is_handed_on_takes_its_notice_along(self, merchant, told):
        client, mine, _other = told
        orders.assign_order(merchant_id=merchant, number=mine, actor=SYSTEM, member_uid="")
        orders.move_to_store(merchant_id=merchant, number=mine, actor=SYSTEM, store_uid="")

        assert mine not in client.get("/console/notices/").content.decode()

    def test_marking_all_leaves_what_is_out_of_reach_new(self, merchant, told):
        client, _mine, other = told

        client.post("/console/notices/read/", {})
        make_theirs(merchant, client, other)

        assert "Notifications, 1 unread" in client.get("/console/notices/").content.decode()

    def test_own_mails_are_of_orders_within_reach(self, merchant, told):
        client, mine, _other = told
        address = User.objects.get(pk=client.session["_auth_user_id"]).email
        with acting_as(merchant):
            mails = Message.objects.filter(merchant_id=merchant, recipient=address)
            assert [(one.event, one.context["order"]) for one in mails] == [(WAITS[0], mine)]

    def test_somebody_within_reach_still_tells_the_others(self, merchant, told, owner):
        client, _mine, other = told
        with reaching(member_of(client, merchant).reach):
            telling.tell_staff(
                merchant, Event.STAFF_CASE, "1",
                {"order": other, "case": "cas_1", "what": "坏码", "kind": "卡密问题"},
            )  # fmt: skip

        assert "坏码" in owner.get("/console/notices/").content.decode()
        assert "坏码" not in client.get("/console/notices/").content.decode()
