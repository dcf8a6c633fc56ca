"""The list at the desk: views, columns, tags, news, sums, and what may be taken back (O2, O3)."""

import json
import re

import pytest

from kacang.customers import operations as customers
from kacang.customers.operations import ConsentWay
from kacang.customers.queries import customers_page
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.customers import linking
from kacang.orders.list_models import SavedView
from kacang.orders.tagging.tags import make_tag
from kacang.shared.contacts import Contact
from tests import make
from tests.orders.looking import settle
from tests.web.console.conftest import work_as

LIST = "/console/orders/?view=all"


@pytest.fixture
def placed(merchant):
    made = make.sku(merchant, cards=20, price=10_000)
    make.account(merchant)
    return [make.order(made).number for _ in range(3)]


def over_list(client, address, data):
    return client.post(address, data, headers={"HX-Request": "true"})


def shown(client, address=LIST):
    page = client.get(address).content.decode()
    return re.findall(r'class="no" href="/console/orders/(\w+)/"', page)


class TestViews:
    def save(self, client, name="Morning", query="channel=api", **more):
        client.post("/console/orders/views/save/", {"name": name, "query": query, **more})
        page = client.get("/console/orders/views/").content.decode()
        return re.findall(r"view=(view_\w+)", page)[-1]

    def test_a_view_shows_what_was_saved_and_the_list_starts_with_it(self, owner, placed):
        uid = self.save(owner, query="channel=api", start="1")

        assert shown(owner, f"/console/orders/?view={uid}") == []
        assert owner.get("/console/orders/").headers["Location"] == f"/console/orders/?view={uid}"
        assert shown(owner, LIST) == placed[::-1]
        owner.post("/console/orders/views/all/start/")
        assert owner.get("/console/orders/").status_code == 200

    def test_only_what_the_list_understands_is_kept(self, owner, merchant, placed):
        self.save(owner, query="channel=api&state=nonsense&sort=none&x=" + "y" * 900)

        with acting_as(merchant):
            assert SavedView.objects.get(merchant_id=merchant).query == "channel=api"

    def test_private_views_are_nobody_elses_and_shared_ones_are_seen(self, owner, merchant, placed):
        private = self.save(owner, name="Mine")
        other = work_as(merchant, "sales")

        assert "Mine" not in other.get(LIST).content.decode()
        assert shown(other, f"/console/orders/?view={private}") == placed[::-1]
        owner.post(f"/console/orders/views/{private}/share/", {"shared": "1", "roles": ["sales"]})
        assert "Mine" in other.get(LIST).content.decode()
        assert private in other.get("/console/orders/").headers["Location"]

    def test_what_all_see_is_changed_only_by_who_may_share(self, owner, merchant, placed):
        uid = self.save(owner, name="Ours")
        owner.post(f"/console/orders/views/{uid}/share/", {"shared": "1"})
        other = work_as(merchant, "sales")

        other.post(f"/console/orders/views/{uid}/rename/", {"name": "Theirs"})
        other.post(f"/console/orders/views/{uid}/delete/")
        assert other.post(f"/console/orders/views/{uid}/share/").status_code == 403
        assert "Ours" in owner.get(LIST).content.decode()
        other.post(f"/console/orders/views/{uid}/duplicate/")
        assert "Copy of Ours" in other.get(LIST).content.decode()
        assert "Copy of Ours" not in owner.get(LIST).content.decode()

    def test_names_are_changed_and_views_deleted(self, owner, placed):
        uid = self.save(owner)
        owner.post(f"/console/orders/views/{uid}/rename/", {"name": "Evening"})
        assert "Evening" in owner.get(LIST).content.decode()
        owner.post(f"/console/orders/views/{uid}/delete/")
        assert "Evening" not in owner.get(LIST).content.decode()

    def test_columns_stay_with_the_person(self, owner, merchant, placed):
        owner.post(
            "/console/orders/columns/",
            {"columns": ["paid", "amount", "nonsense"], "density": "compact"},
        )

        page = owner.get(LIST).content.decode()
        heads = re.findall(r'<th scope="col"[^>]*>([^</]+)', page)
        assert [head.strip() for head in heads][:3] == ["Order number", "Paid at", "Amount"]
        assert "orders compact" in page
        assert "orders compact" not in work_as(merchant, "sales").get(LIST).content.decode()


class TestTags:
    def test_many_at_once_and_back_again(self, owner, merchant, placed):
        tag = make_tag(merchant_id=merchant, name="Urgent", colour="red", actor=SYSTEM)
        answer = over_list(owner, "/console/orders/tag/", {"pick": placed[:2], "mark": tag})

        undo = json.loads(answer.headers["HX-Trigger"])["undo"]
        assert sorted(undo["values"]["pick"]) == sorted(placed[:2])
        assert shown(owner, f"/console/orders/?tag={tag}") == placed[1::-1]
        # Those that have it keep it, and taking back takes only what was put.
        again = over_list(owner, "/console/orders/tag/", {"pick": placed, "mark": tag})
        undo = json.loads(again.headers["HX-Trigger"])["undo"]
        over_list(owner, undo["url"], {**undo["values"], "undo": "1"})
        assert shown(owner, f"/console/orders/?tag={tag}") == placed[1::-1]
        entries = queries.timeline(merchant_id=merchant, number=placed[2])
        events = [entry.event.name for entry in entries]
        assert events == ["PLACED", "TAGGED", "UNTAGGED"]

    def test_all_that_match(self, owner, merchant, placed):
        tag = make_tag(merchant_id=merchant, name="All", colour="blue", actor=SYSTEM)

        over_list(owner, "/console/orders/tag/", {"all": "1", "state": "pending", "mark": tag})

        assert len(shown(owner, f"/console/orders/?tag={tag}")) == 3

    def test_the_list_of_tags(self, owner, merchant, placed):
        owner.post("/console/orders/tags/new/", {"name": "VIP", "colour": "green"})
        page = owner.get("/console/orders/tags/").content.decode()
        (uid,) = set(re.findall(r"tag=(tag_\w+)", page))
        owner.post("/console/orders/tags/new/", {"name": "VIP", "colour": "green"})
        owner.post(f"/console/orders/tags/{uid}/", {"name": "Gold", "colour": "pink"})
        over_list(owner, "/console/orders/tag/", {"pick": placed, "mark": uid})
        assert "t-green" in owner.get(LIST).content.decode()

        owner.post(f"/console/orders/tags/{uid}/delete/")

        assert "t-green" not in owner.get(LIST).content.decode()

    def test_nobody_else_s_orders_or_tags(self, owner, other_merchant, placed):
        tag = make_tag(merchant_id=other_merchant, name="T", colour="red", actor=SYSTEM)

        answer = over_list(owner, "/console/orders/tag/", {"pick": placed, "mark": tag})

        assert "no such tag" in answer.headers["HX-Trigger"]


class TestNews:
    def test_tells_what_came_since_and_fits_the_filter(self, owner, merchant, placed):
        page = owner.get(LIST).content.decode()
        (than,) = re.findall(r"than=([\w-]+)", page)
        assert b"data-renew" not in owner.get("/console/orders/news/", {"than": than}).content
        made = make.sku(merchant, cards=2)
        make.order(made)

        assert b"1 new order" in owner.get("/console/orders/news/", {"than": than}).content
        told = owner.get("/console/orders/news/", {"than": than, "channel": "api"}).content
        assert b"data-renew" not in told

    def test_O2_renews_the_counts_of_the_tabs_and_says_what_was_paid(self, owner, merchant):
        account, made = make.account(merchant), make.sku(merchant, cards=3)
        first = make.order(made)
        page = owner.get(LIST).content.decode()
        (at,) = re.findall(r"at=(\d+)", page)
        assert '<i id="count-pending">1</i>' in page

        quiet = owner.get("/console/orders/news/", {"at": str(int(at) + 5)}).content.decode()
        assert "data-paid" not in quiet
        make.order(made)
        settle(account, make.notice(first))
        told = owner.get("/console/orders/news/", {"at": str(int(at) - 5)}).content.decode()

        assert '<span hidden data-paid="1">' in told
        later = owner.get("/console/orders/news/", {"at": str(int(at) + 60)}).content.decode()
        assert "data-paid" not in later
        assert '<i id="count-pending" hx-swap-oob="true">1</i>' in told
        assert '<i id="count-delivered" hx-swap-oob="true">1</i>' in told
        assert '<i id="count-all" hx-swap-oob="true">2</i>' in told

    @pytest.mark.parametrize("at", ["", "x", "-1", "9" * 11, "９９", "0"])
    def test_a_moment_that_is_none_is_now_and_a_long_ago_one_a_day_ago(self, owner, placed, at):
        told = owner.get("/console/orders/news/", {"at": at})
        assert told.status_code == 200
        assert b"data-paid" not in told.content

    def test_sums_of_all_that_match(self, owner, placed):
        text = " ".join(owner.get("/console/orders/sums/?state=pending").content.decode().split())

        assert "3 orders" in text
        assert "¥300.00" in text
        assert "3 units" in text


class TestTakingBack:
    def test_a_note_is_withdrawn_by_who_wrote_it(self, owner, merchant, placed):
        answer = over_list(owner, f"/console/orders/{placed[0]}/note/", {"text": "call at 5"})
        undo = json.loads(answer.headers["HX-Trigger"])["undo"]
        assert shown(owner, "/console/orders/?note=yes") == [placed[0]]
        clerk = work_as(merchant, "sales")
        over_list(clerk, undo["url"], undo["values"])
        assert shown(owner, "/console/orders/?note=yes") == [placed[0]]

        page = over_list(owner, undo["url"], undo["values"]).content.decode()

        assert "call at 5" not in page
        assert "taken back" in page
        assert shown(owner, "/console/orders/?note=yes") == []


class TestPriceLimits:
    def test_a_role_lowers_prices_as_far_as_it_may(self, merchant, placed):
        operator = work_as(merchant, "order_operator")
        address = f"/console/orders/{placed[0]}/price/"

        page = over_list(operator, address, {"price": "69.99", "reason": "x"}).content.decode()
        assert "at least ¥70.00" in page
        over_list(operator, address, {"price": "70.00", "reason": "x"})
        order = queries.order(merchant_id=merchant, number=placed[0])
        assert order.payable.minor == 7_000

    def test_the_merchant_says_how_far(self, merchant, placed):
        change_settings(merchant_id=merchant, values={"price_cut_order_operator": 0}, actor=SYSTEM)
        operator = work_as(merchant, "order_operator")

        over_list(operator, f"/console/orders/{placed[0]}/price/", {"price": "99", "reason": "x"})

        assert queries.order(merchant_id=merchant, number=placed[0]).payable.minor == 10_000


class TestFilters:
    @pytest.fixture
    def zhao(self, merchant, placed):
        made = make.sku(merchant, cards=2)
        buyer = Contact(email="zhao@example.com")
        numbers = [make.order(made, contact=buyer).number for _ in range(2)]
        for number in numbers:
            linking.remember_buyer(merchant_id=merchant, number=number, way=ConsentWay.CHECKOUT)
        (row,) = customers_page(merchant_id=merchant).rows
        level = customers.save_level(merchant_id=merchant, name="金卡客户", rank=9, actor=SYSTEM)
        customers.change(
            merchant_id=merchant, uid=row.uid, name="赵女士", level=level, actor=SYSTEM
        )
        return row.uid, level, numbers[::-1]

    def test_a_customers_page_leads_to_all_their_orders(self, owner, zhao):
        uid, _, numbers = zhao
        assert (
            f"/console/orders/?customer={uid}"
            in owner.get(f"/console/customers/{uid}/").content.decode()
        )

        page = owner.get(f"/console/orders/?customer={uid}").content.decode()

        assert shown(owner, f"/console/orders/?customer={uid}") == numbers
        assert "赵女士" in page
        # The form has no field for it: what is filtered further stays within it.
        assert f'<input type="hidden" name="customer" value="{uid}">' in page

    def test_by_the_level_that_customers_have(self, owner, merchant, zhao):
        _, level, numbers = zhao
        page = owner.get(f"/console/orders/?level={level}").content.decode()

        assert f'<option value="{level}" selected>金卡客户</option>' in page
        assert shown(owner, f"/console/orders/?level={level}") == numbers
        keeper = work_as(merchant, "warehouse").get(f"/console/orders/?customer={zhao[0]}")
        assert "赵女士" not in keeper.content.decode()
        assert "金卡客户" not in keeper.content.decode()

    @pytest.mark.parametrize(
        "name", ["customer", "level", "account", "product", "sku", "key", "tag", "company"]
    )
    def test_a_name_that_nobody_has_finds_nothing(self, owner, placed, name):
        answer = owner.get(f"/console/orders/?{name}=made_up")

        assert answer.status_code == 200
        assert shown(owner, f"/console/orders/?{name}=made_up") == []
        assert "made_up" in answer.content.decode()

    def test_accounts_are_offered_where_a_company_has_several(self, owner, merchant, placed):
        assert 'name="account"' not in owner.get(LIST).content.decode()
        uid = make.account(merchant).uid

        page = owner.get(f"/console/orders/?account={uid}").content.decode()

        assert f'<option value="{uid}" selected>' in page
        assert shown(owner, f"/console/orders/?account={uid}") == []
