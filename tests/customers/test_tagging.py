"""H1: tags of many customers as a job: safe to repeat, exactly undone, two tags made one."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from kacang.customers import operations, queries, tagging, tags
from kacang.customers.finding.filters import CustomerFilter
from kacang.customers.tagging import (
    Act,
    NobodyFits,
    TooLateToUndo,
    TooManyCustomers,
    Wish,
)
from kacang.customers.tags import UnknownTag
from kacang.outbox import queries as works
from kacang.outbox import work
from kacang.outbox.queries import UnknownWork
from kacang.outbox.work import WorkState
from kacang.shared.clock import utc_now
from tests.customers.people import STAFF, a_customer, found


@pytest.fixture
def people(merchant):
    return {name: a_customer(merchant, name) for name in ("an", "bo", "chen", "ding", "e")}


@pytest.fixture
def tag(merchant):
    return make(merchant, "企业福利")


def make(merchant, name):
    return tags.make_tag(merchant_id=merchant, name=name, colour="blue", actor=STAFF)


def start(merchant, tag, act=Act.PUT, where=None, token=""):
    wish = Wish(act, where or CustomerFilter(), tag, token)
    return tagging.start_tagging(merchant_id=merchant, actor=STAFF, wish=wish, now=utc_now())


def done(merchant, uid):
    tagging.run_tagging(merchant_id=merchant, work_uid=uid)
    return works.work(merchant_id=merchant, uid=uid)


def undo(merchant, uid, now=None):
    return tagging.undo_tagging(merchant_id=merchant, actor=STAFF, uid=uid, now=now or utc_now())


def tagged(merchant, tag):
    return sorted(found(merchant, CustomerFilter(tag=tag)))


def put(merchant, uid, tag):
    tags.tag_customer(merchant_id=merchant, uid=uid, tag=tag, takes=False, actor=STAFF)


class TestJobs:
    def test_do_all_that_fit_and_say_how_many_changed(self, merchant, people, tag):
        put(merchant, people["bo"], tag)

        item = done(merchant, start(merchant, tag))

        assert tagged(merchant, tag) == sorted(people)
        assert dict(item.result) == {"rows": 5, "changed": 4, "unchanged": 1, "full": 0}

    def test_do_those_selected_alone(self, merchant, people, tag):
        where = CustomerFilter(uids=(people["an"], people["e"], "cus_none"))

        done(merchant, start(merchant, tag, where=where))

        assert tagged(merchant, tag) == ["an", "e"]

    def test_take_a_tag_off_all_who_have_it_by_which_they_were_found(self, merchant, people, tag):
        done(merchant, start(merchant, tag))

        item = done(merchant, start(merchant, tag, Act.TAKE, CustomerFilter(tag=tag)))

        assert tagged(merchant, tag) == []
        assert item.result["changed"] == 5

    @pytest.mark.parametrize("at_once", [1, 2, 1000])
    def test_are_undone_exactly_and_redone(self, merchant, people, tag, at_once, monkeypatch):
        monkeypatch.setattr(tagging, "AT_ONCE", at_once)
        put(merchant, people["bo"], tag)
        first = start(merchant, tag)
        done(merchant, first)

        back = undo(merchant, first)
        done(merchant, back)

        assert tagged(merchant, tag) == ["bo"]
        assert undo(merchant, first) == back
        done(merchant, undo(merchant, back))
        assert tagged(merchant, tag) == sorted(people)

    def test_go_on_after_a_crash_and_do_nobody_twice(self, merchant, people, tag, monkeypatch):
        monkeypatch.setattr(tagging, "AT_ONCE", 2)
        uid = start(merchant, tag)
        real, calls = work.progress, []

        def crash(**words):
            calls.append(words)
            if len(calls) == 5:
                raise OperationalError("the server went away")
            return real(**words)

        monkeypatch.setattr(work, "progress", crash)
        with pytest.raises(OperationalError):
            tagging.run_tagging(merchant_id=merchant, work_uid=uid)
        assert len(tagged(merchant, tag)) == 2

        item = done(merchant, uid)

        assert tagged(merchant, tag) == sorted(people)
        assert (item.state, item.result["changed"]) == (WorkState.DONE, 5)

    def test_that_are_stopped_keep_what_they_did(self, merchant, people, tag, monkeypatch):
        monkeypatch.setattr(tagging, "AT_ONCE", 2)
        uid = start(merchant, tag)
        real = tags.put_on

        def stop(*words, **more):
            work.ask_to_cancel(merchant_id=merchant, uid=uid)
            return real(*words, **more)

        monkeypatch.setattr(tagging, "put_on", stop)
        item = done(merchant, uid)

        assert item.state is WorkState.CANCELLED
        assert item.result["changed"] == 2
        monkeypatch.setattr(tagging, "put_on", real)
        done(merchant, undo(merchant, uid))
        assert tagged(merchant, tag) == []

    def test_leave_whoever_has_as_many_tags_as_there_is_room_for(
        self, merchant, people, tag, monkeypatch
    ):
        monkeypatch.setattr(tags, "OF_CUSTOMER_MAX", 1)
        put(merchant, people["an"], make(merchant, "满"))

        item = done(merchant, start(merchant, tag))

        assert (item.result["full"], item.result["changed"]) == (1, 4)
        assert "an" not in tagged(merchant, tag)

    def test_leave_whoever_is_gone_meanwhile(self, merchant, people, tag):
        uid = start(merchant, tag)
        operations.empty(
            merchant_id=merchant, uid=people["bo"], way=operations.ConsentWay.STAFF, actor=STAFF
        )

        item = done(merchant, uid)

        assert item.result["changed"] == 4
        assert tags.count_of(merchant_id=merchant, uid=tag) == 4

    def test_sent_twice_are_one(self, merchant, people, tag):
        assert start(merchant, tag, token="t") == start(merchant, tag, token="t")
        assert start(merchant, tag) != start(merchant, tag)

    def test_end_when_the_tag_is_deleted_meanwhile(self, merchant, people, tag):
        uid = start(merchant, tag)
        tags.delete_tag(merchant_id=merchant, uid=tag, actor=STAFF)

        item = done(merchant, uid)

        assert (item.state, item.error) == (WorkState.FAILED, UnknownTag.code)


class TestRefusals:
    def test_of_nobody_and_of_too_many_start_nothing(self, merchant, people, tag, monkeypatch):
        with pytest.raises(NobodyFits):
            start(merchant, tag, where=CustomerFilter(level="lvl_none"))
        monkeypatch.setattr(tagging, "CUSTOMERS_MAX", 4)
        with pytest.raises(TooManyCustomers):
            start(merchant, tag)
        with pytest.raises(UnknownTag):
            start(merchant, "tag_none")
        assert works.works(merchant_id=merchant) == []

    def test_nothing_is_undone_too_late_or_that_changed_nothing(self, merchant, people, tag):
        uid = start(merchant, tag)
        with pytest.raises(TooLateToUndo):
            undo(merchant, uid)
        done(merchant, uid)
        again = start(merchant, tag)
        done(merchant, again)

        with pytest.raises(TooLateToUndo):
            undo(merchant, again)
        with pytest.raises(TooLateToUndo):
            undo(merchant, uid, utc_now() + timedelta(days=1, seconds=1))
        assert tagged(merchant, tag) == sorted(people)

    def test_nothing_of_another_merchant_is_touched(self, merchant, other_merchant, people, tag):
        uid = start(merchant, tag)
        done(merchant, uid)
        a_customer(other_merchant, "theirs")
        theirs = make(other_merchant, "别家")

        with pytest.raises(UnknownWork):
            undo(other_merchant, uid)
        with pytest.raises(UnknownTag):
            start(other_merchant, tag)
        with pytest.raises(NobodyFits):
            start(other_merchant, theirs, where=CustomerFilter(uids=tuple(people.values())))
        assert tagged(merchant, tag) == sorted(people)


class TestMerging:
    def test_gives_all_the_other_tag_and_deletes_the_first(self, merchant, people, tag):
        old = make(merchant, "福利")
        for name in ("an", "bo"):
            put(merchant, people[name], old)
        put(merchant, people["bo"], tag)

        uid = tagging.start_merge(merchant_id=merchant, actor=STAFF, source=old, target=tag)
        item = done(merchant, uid)

        assert tagged(merchant, tag) == ["an", "bo"]
        assert [one.name for one in tags.tags(merchant_id=merchant)] == ["企业福利"]
        assert item.state is WorkState.DONE
        with pytest.raises(TooLateToUndo):
            undo(merchant, uid)

    def test_takes_along_who_got_it_meanwhile_and_needs_no_room(
        self, merchant, people, tag, monkeypatch
    ):
        monkeypatch.setattr(tags, "OF_CUSTOMER_MAX", 1)
        old = make(merchant, "福利")
        put(merchant, people["an"], old)
        uid = tagging.start_merge(merchant_id=merchant, actor=STAFF, source=old, target=tag)
        real = tagging._do_some

        def late(*words):
            came = real(*words)
            put(merchant, people["e"], old)
            return came

        monkeypatch.setattr(tagging, "_do_some", late)
        done(merchant, uid)

        assert tagged(merchant, tag) == ["an", "e"]
        assert len(tags.tags(merchant_id=merchant)) == 1

    def test_of_nobody_deletes_the_tag(self, merchant, tag):
        old = make(merchant, "福利")

        done(
            merchant,
            tagging.start_merge(merchant_id=merchant, actor=STAFF, source=old, target=tag),
        )

        assert [one.uid for one in tags.tags(merchant_id=merchant)] == [tag]

    def test_with_itself_or_with_none_starts_nothing(self, merchant, other_merchant, tag):
        theirs = make(other_merchant, "别家")

        for source, target in ((tag, tag), (tag, "tag_none"), (tag, theirs), (theirs, tag)):
            with pytest.raises(UnknownTag):
                tagging.start_merge(merchant_id=merchant, actor=STAFF, source=source, target=target)
        assert queries.find_customers(merchant_id=merchant, where=CustomerFilter()).rows == ()
        assert works.works(merchant_id=merchant) == []
