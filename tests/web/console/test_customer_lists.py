"""H1: customers at the desk: narrowed, sorted, tagged, exported; figures lead to their orders."""

import re
from datetime import timedelta

import pytest

from kacang.customers import operations, queries, tagging, tags
from kacang.customers.exporting import run_export
from kacang.customers.finding.filters import CustomerFilter
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import RoleDraft
from kacang.merchants.permissions import PERMISSIONS
from kacang.orders.customers import figures, linking
from kacang.shared.contacts import Contact
from kacang.web.design.formats import mask_contact
from tests import make
from tests.customers.people import STAFF, a_customer, found
from tests.web.console.conftest import work_as

LIST = "/console/customers/"
DAY = timedelta(days=1)


@pytest.fixture
def people(merchant):
    return {
        "an": a_customer(merchant, "an", orders=3, spent=90_000, days=5 * DAY),
        "bo": a_customer(merchant, "bo", orders=1, spent=500_000, days=40 * DAY),
        "chen": a_customer(merchant, "chen"),
    }


@pytest.fixture
def tag(merchant):
    return tags.make_tag(merchant_id=merchant, name="企业福利", colour="blue", actor=STAFF)


def page(desk, **query):
    return desk.get(LIST, query).content.decode()


def names(text):
    rows = re.findall(r'<td class="lead">.*?<b class="text-wrap">(.*?)</b>', text)
    return [name for name in rows if name]


class TestTheList:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["chen", "bo", "an"]),
            ({"sort": "spent"}, ["bo", "an", "chen"]),
            ({"sort": "orders"}, ["an", "bo", "chen"]),
            ({"sort": "last"}, ["an", "bo", "chen"]),
            ({"least": "1000"}, ["bo"]),
            ({"orders": "1", "upto": "2"}, ["bo"]),
            ({"period": "7d"}, ["an"]),
            ({"way": "checkout", "most": "900", "sort": "spent"}, ["an", "chen"]),
            ({"way": "api"}, []),
            ({"sort": "x"}, ["chen", "bo", "an"]),
        ],
    )
    def test_is_narrowed_and_sorted_by_its_address(self, owner, people, query, expected):
        assert names(page(owner, **query)) == expected

    def test_shows_what_narrows_it_as_chips_and_counts(self, owner, people, merchant, tag):
        done_for(merchant, people["bo"], tag)

        text = page(owner, tag=tag, least="100", since="2026-01-01", sort="spent", q="")

        assert names(text) == ["bo"]
        for words in ("企业福利", "¥100.00 – …", "2026-01-01 – …", "1 customer fits."):
            assert words in text
        # Each chip takes its own part away, and keeps the others with the order.
        assert "?since=2026-01-01&amp;least=100.00&amp;sort=spent" in text
        assert f"?tag={tag}&amp;since=2026-01-01&amp;sort=spent" in text

    @pytest.mark.parametrize(
        "query",
        [{"least": "x"}, {"orders": "-1"}, {"since": "x"}, {"way": "x"}, {"period": "x"}],
    )
    def test_says_what_it_did_not_understand(self, owner, people, query):
        assert "Not understood and left out" in page(owner, **query)

    def test_leads_from_a_figure_to_its_orders(self, owner, people):
        assert f"/console/orders/?customer={people['an']}" in page(owner)

    def test_is_not_for_who_sees_some_orders_only(self, merchant, people):
        draft = RoleDraft(
            name="渠道", permissions=frozenset(PERMISSIONS), reach="channels",
            channels=frozenset({"api"}),
        )  # fmt: skip
        role = merchants.create_role(merchant_id=merchant, draft=draft, actor=SYSTEM)
        desk = work_as(merchant, role)

        assert desk.get(LIST).status_code == 403


def done_for(merchant, uid, tag):
    tags.tag_customer(merchant_id=merchant, uid=uid, tag=tag, takes=False, actor=STAFF)


class TestTags:
    def test_are_kept_in_a_list_of_their_own(self, merchant, owner):
        owner.post(LIST + "tags/new/", {"name": "老客户", "colour": "green"})
        again = owner.post(LIST + "tags/new/", {"name": "老客户", "colour": "green"}, follow=True)
        (made,) = tags.tags(merchant_id=merchant)
        owner.post(f"{LIST}tags/{made.uid}/", {"name": "熟客", "colour": "red"})

        assert "the two can be merged" in again.content.decode()
        text = owner.get(LIST + "tags/").content.decode()
        assert "熟客" in text
        owner.post(f"{LIST}tags/{made.uid}/delete/")
        assert tags.tags(merchant_id=merchant) == []

    def test_are_put_on_one_customer_and_taken_off(self, merchant, owner, people, tag):
        address = f"{LIST}{people['an']}/tag/"

        shown = owner.post(address, {"mark": tag, "how": "put"}, follow=True).content.decode()
        assert "Take 企业福利 off" in shown
        shown = owner.post(address, {"mark": tag, "how": "take"}, follow=True).content.decode()
        assert "Take 企业福利 off" not in shown

    def test_are_put_on_all_that_fit_and_taken_back(self, merchant, owner, people, tag):
        started = owner.post(
            LIST + "tagging/", {"all": "1", "query": "orders=1", "mark": tag, "how": "put"}
        )
        job = started["Location"].rstrip("/").rpartition("/")[2]
        tagging.run_tagging(merchant_id=merchant, work_uid=job)

        text = owner.get(started["Location"]).content.decode()
        assert sorted(found(merchant, CustomerFilter(tag=tag))) == ["an", "bo"]
        assert "Take back" in text
        back = owner.post(started["Location"] + "undo/")
        tagging.run_tagging(
            merchant_id=merchant, work_uid=back["Location"].rstrip("/").rpartition("/")[2]
        )
        assert found(merchant, CustomerFilter(tag=tag)) == []
        assert "Take back" not in owner.get(started["Location"]).content.decode()

    @pytest.mark.parametrize(
        "posted",
        [{}, {"all": "1", "query": "least=x"}, {"pick": ["cus_none"]}, {"pick": ["a\0b"]},
         {"pick": [f"cus_{number}" for number in range(501)]}],
    )  # fmt: skip
    def test_a_choice_that_makes_no_sense_starts_nothing(
        self, merchant, owner, people, tag, posted
    ):
        answer = owner.post(LIST + "tagging/", {"mark": tag, "how": "put", **posted})

        assert answer["Location"] == LIST
        assert found(merchant, CustomerFilter(tag=tag)) == []

    def test_two_are_made_one(self, merchant, owner, people, tag):
        old = tags.make_tag(merchant_id=merchant, name="福利", colour="grey", actor=STAFF)
        done_for(merchant, people["an"], old)

        started = owner.post(f"{LIST}tags/{old}/merge/", {"into": tag})
        job = started["Location"].rstrip("/").rpartition("/")[2]
        tagging.run_tagging(merchant_id=merchant, work_uid=job)

        assert found(merchant, CustomerFilter(tag=tag)) == ["an"]
        assert owner.get(started["Location"]).status_code == 200

    def test_of_another_merchant_are_not_there(self, merchant, other_merchant, people, tag):
        theirs = work_as(other_merchant)

        answers = [
            theirs.post(f"{LIST}tags/{tag}/", {"name": "x", "colour": "red"}),
            theirs.post(f"{LIST}tags/{tag}/delete/"),
            theirs.post(f"{LIST}tags/{tag}/merge/", {"into": tag}),
            theirs.post(f"{LIST}{people['an']}/tag/", {"mark": tag, "how": "put"}),
            theirs.get(f"{LIST}tagging/job_none/"),
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert [one.name for one in tags.tags(merchant_id=merchant)] == ["企业福利"]


class TestNotes:
    def test_are_changed_by_their_author_and_deleted(self, merchant, work, people):
        mine, other = work("owner"), work("customer_service")
        uid = people["an"]
        mine.post(f"{LIST}{uid}/note/", {"text": "喜欢年卡"})
        (note,) = queries.customer(merchant_id=merchant, uid=uid).notes
        address = f"{LIST}{uid}/note/{note.id}/"

        refused = other.post(address, {"text": "x"}, follow=True).content.decode()
        assert "only they change it" in refused
        assert f'data-open="note-{note.id}"' not in refused
        assert mine.post(address, {"text": " "}).status_code == 422
        shown = mine.post(address, {"text": "喜欢季卡"}, follow=True).content.decode()
        assert "喜欢季卡" in shown
        assert "changed" in shown
        assert other.post(f"{address}delete/").status_code == 302
        assert mine.post(f"{address}delete/").status_code == 404
        assert mine.post(f"{LIST}{uid}/note/{10**30}/delete/").status_code == 404


class TestExports:
    @pytest.fixture(autouse=True)
    def phone(self, merchant, people):
        operations.add_contact(
            merchant_id=merchant, uid=people["an"], contact=Contact(phone="+8613826042716"),
            actor=STAFF,
        )  # fmt: skip

    def _file(self, merchant, desk, **posted):
        started = desk.post(LIST + "export/", {"kind": "csv", **posted})
        uid = started["Location"].rstrip("/").rpartition("/")[2]
        run_export(merchant_id=merchant, work_uid=uid, mask=mask_contact)
        assert desk.get(started["Location"]).status_code == 200
        return desk.post(started["Location"] + "file/").getvalue().decode()

    def test_have_what_is_selected_or_fits(self, merchant, owner, people):
        text = self._file(merchant, owner, all="1", query="orders=1&sort=spent")
        assert "13826042716" in text
        assert "chen" not in text
        assert "chen" in self._file(merchant, owner, pick=[people["chen"]])

    @pytest.mark.parametrize(
        ("missing", "hidden"),
        [({"orders.export_contacts"}, set()), (set(), {"phone", "email"})],
    )
    def test_are_masked_for_who_may_not_see(self, merchant, people, missing, hidden):
        draft = RoleDraft(
            name="外包", permissions=frozenset(PERMISSIONS) - missing, reach="all",
            hidden=frozenset(hidden),
        )  # fmt: skip
        role = merchants.create_role(merchant_id=merchant, draft=draft, actor=SYSTEM)

        text = self._file(merchant, work_as(merchant, role), all="1")

        assert "13826042716" not in text
        assert "an@example.com" not in text

    def test_are_fetched_by_who_asked_alone(self, merchant, people):
        mine, other = work_as(merchant), work_as(merchant)
        started = mine.post(LIST + "export/", {"kind": "csv", "all": "1"})

        assert other.get(started["Location"]).status_code == 404
        assert other.post(started["Location"] + "file/").status_code == 404

    def test_of_no_such_kind_start_nothing(self, owner, people):
        answer = owner.post(LIST + "export/", {"kind": "exe", "all": "1"})

        assert answer["Location"] == LIST


class TestOne:
    def test_figures_are_counted_from_the_orders_and_the_list_follows(self, merchant, owner):
        stocked = make.sku(merchant)
        make.account(merchant)
        placed = make.order(stocked, contact=Contact(email="lin@example.com"))
        linking.remember_buyer(
            merchant_id=merchant, number=placed.number, way=operations.ConsentWay.CHECKOUT
        )
        uid = queries.customers_page(merchant_id=merchant).rows[0].uid

        behind = owner.get(f"{LIST}{uid}/").content.decode()
        assert "the list still has other figures" in behind
        owner.post(f"{LIST}{uid}/count/")
        figures.keep_figures(merchant_id=merchant)
        assert "the list still has other figures" not in owner.get(f"{LIST}{uid}/").content.decode()

    def test_wallets_of_their_addresses_are_shown_to_who_may_see_wallets(self, merchant, work):
        uid = a_customer(merchant, "an")
        make.wallet(merchant, 5000, contact="an@example.com")

        text = work("owner").get(f"{LIST}{uid}/").content.decode()
        assert 'aria-labelledby="wallets-h"' in text
        assert "¥</small>50" in text
        hidden = work("customer_service").get(f"{LIST}{uid}/").content.decode()
        assert 'aria-labelledby="wallets-h"' not in hidden
