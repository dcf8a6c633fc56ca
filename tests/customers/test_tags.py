"""H1: words of the merchant's own on customers: made, renamed, put on, taken off, deleted."""

from functools import partial

import pytest

from kacang.customers import operations, queries, tags
from kacang.customers.operations import UnknownCustomer
from kacang.customers.tags import BadTag, TagTaken, TooManyTags, UnknownTag
from tests.customers.people import STAFF, a_customer
from tests.threads import at_once
from tests.web.api.conftest import audit_actions


def make(merchant, name="企业福利", colour="blue"):
    return tags.make_tag(merchant_id=merchant, name=name, colour=colour, actor=STAFF)


def put(merchant, uid, tag, *, takes=False):
    return tags.tag_customer(merchant_id=merchant, uid=uid, tag=tag, takes=takes, actor=STAFF)


def names(merchant, uid):
    return [tag.name for tag in queries.customer(merchant_id=merchant, uid=uid).tags]


class TestTheList:
    def test_has_names_that_are_told_apart(self, merchant):
        make(merchant, " 企业  福利 ")

        with pytest.raises(TagTaken):
            make(merchant, "企业 福利")
        assert [tag.name for tag in tags.tags(merchant_id=merchant)] == ["企业 福利"]

    @pytest.mark.parametrize(
        ("name", "colour"),
        [("", "blue"), ("  ", "blue"), ("x" * 21, "blue"), ("x", "pink"), ("a\0b", "blue"),
         ("a\u202eb", "blue")],
    )  # fmt: skip
    def test_refuses_what_is_no_name_or_colour(self, merchant, name, colour):
        with pytest.raises(BadTag):
            make(merchant, name, colour)
        assert tags.tags(merchant_id=merchant) == []

    def test_is_never_longer_than_it_may_be(self, merchant, monkeypatch):
        monkeypatch.setattr(tags, "TAGS_MAX", 2)
        make(merchant, "a")
        make(merchant, "b")

        with pytest.raises(TooManyTags):
            make(merchant, "c")

    def test_a_tag_that_is_renamed_stays_on(self, merchant):
        uid, tag = a_customer(merchant, "an"), make(merchant)
        put(merchant, uid, tag)

        tags.change_tag(merchant_id=merchant, uid=tag, name="团购", colour="red", actor=STAFF)

        (view,) = queries.customer(merchant_id=merchant, uid=uid).tags
        assert (view.name, view.colour) == ("团购", "red")
        done = [action for action, _who in audit_actions(merchant, tag)]
        assert done == ["customers.make_tag", "customers.change_tag"]

    def test_a_tag_that_is_deleted_is_off_everybody(self, merchant):
        uid, tag = a_customer(merchant, "an"), make(merchant)
        put(merchant, uid, tag)

        tags.delete_tag(merchant_id=merchant, uid=tag, actor=STAFF)

        assert names(merchant, uid) == []
        with pytest.raises(UnknownTag):
            tags.delete_tag(merchant_id=merchant, uid=tag, actor=STAFF)

    def test_counts_who_has_it(self, merchant):
        tag = make(merchant)
        for name in ("an", "bo"):
            put(merchant, a_customer(merchant, name), tag)

        assert tags.count_of(merchant_id=merchant, uid=tag) == 2


class TestPutting:
    def test_twice_is_once_and_is_written_down_once(self, merchant):
        uid, tag = a_customer(merchant, "an"), make(merchant)

        assert [put(merchant, uid, tag), put(merchant, uid, tag)] == [True, False]
        assert [put(merchant, uid, tag, takes=True) for _ in range(2)] == [True, False]

        assert names(merchant, uid) == []
        done = [action for action, _who in audit_actions(merchant, uid) if "tag" in action]
        assert done == ["customers.tag", "customers.untag"]

    def test_many_at_once_stay_within_what_a_customer_may_have(self, merchant, monkeypatch):
        monkeypatch.setattr(tags, "OF_CUSTOMER_MAX", 3)
        uid = a_customer(merchant, "an")
        made = [make(merchant, f"t{number}") for number in range(12)]

        came = at_once([partial(put, merchant, uid, tag) for tag in made])

        assert len(names(merchant, uid)) == 3
        assert sum(one is True for one in came) == 3
        assert sum(isinstance(one, TooManyTags) for one in came) == 9

    def test_nothing_crosses_from_merchant_to_merchant(self, merchant, other_merchant):
        mine, theirs = a_customer(merchant, "an"), a_customer(other_merchant, "bo")
        tag, their_tag = make(merchant), make(other_merchant, "别家")

        with pytest.raises(UnknownTag):
            put(merchant, mine, their_tag)
        with pytest.raises(UnknownCustomer):
            put(merchant, theirs, tag)
        with pytest.raises(UnknownTag):
            tags.change_tag(
                merchant_id=merchant, uid=their_tag, name="x", colour="red", actor=STAFF
            )
        with pytest.raises(UnknownTag):
            tags.delete_tag(merchant_id=merchant, uid=their_tag, actor=STAFF)
        assert names(other_merchant, theirs) == []
        assert [one.name for one in tags.tags(merchant_id=other_merchant)] == ["别家"]

    def test_go_over_when_two_customers_become_one_and_go_when_one_is_forgotten(self, merchant):
        an, bo = a_customer(merchant, "an"), a_customer(merchant, "bo")
        one, two = make(merchant, "one"), make(merchant, "two")
        put(merchant, an, one)
        put(merchant, an, two)
        put(merchant, bo, two)

        moved = operations.move_into(merchant_id=merchant, source=an, target=bo)

        assert names(merchant, bo) == ["one", "two"]
        assert moved.counts == {"contacts": 1, "notes": 0, "consents": 1, "tags": 1}
        operations.empty(merchant_id=merchant, uid=bo, way=operations.ConsentWay.STAFF, actor=STAFF)
        assert tags.count_of(merchant_id=merchant, uid=one) == 0
        assert tags.count_of(merchant_id=merchant, uid=two) == 0
