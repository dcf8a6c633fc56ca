"""Stores, who works in them, and whose orders a role of stores reaches to (R1, I1)."""

import secrets
from datetime import timedelta

import pytest
from django.db import IntegrityError

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.models import StoreClerk
from kacang.merchants.operations import GrantDraft, RoleDraft, StoreDraft
from kacang.merchants.operations.stores import STORES_MAX
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from tests.threads import at_once


def open_one(merchant, code="nanjing-1", name="南京路店", actor=SYSTEM):
    draft = StoreDraft(name, code, "上海市黄浦区南京东路 1 号")
    return operations.open_store(merchant_id=merchant, draft=draft, actor=actor)


def person(merchant, role=Role.CLERK):
    invited = operations.add_staff(
        merchant_id=merchant, email=f"u{secrets.token_hex(6)}@example.com", name="陆明",
        role=role, actor=SYSTEM,
    )  # fmt: skip
    return invited, Actor(kind="user", id=invited.user_id, label=invited.email)


def put(merchant, uid, *people, actor=SYSTEM):
    members = {one.uid for one in people}
    operations.set_clerks(merchant_id=merchant, uid=uid, members=members, actor=actor)


def now_of(invited):
    (membership,) = queries.memberships_of(user_id=invited.user_id)
    return membership


def word_of(merchant, uid):
    return f"s{queries.store(merchant_id=merchant, uid=uid).id}"


def logged(merchant, action):
    where = queries.AuditFilter(action=action)
    return queries.audit_page(merchant_id=merchant, where=where).rows


class TestStores:
    def test_are_opened_changed_closed_and_opened_again_each_with_its_entry(self, merchant):
        uid = open_one(merchant)
        draft = StoreDraft(" 南京路  旗舰店 ", "NANJING-2")
        operations.edit_store(merchant_id=merchant, uid=uid, draft=draft, actor=SYSTEM)
        operations.close_store(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        found = queries.store(merchant_id=merchant, uid=uid)
        assert (found.name, found.code, found.address) == ("南京路 旗舰店", "nanjing-2", "")
        assert not found.is_open
        with pytest.raises(queries.UnknownStore):
            queries.open_store_of(merchant_id=merchant, uid=uid)

        operations.reopen_store(merchant_id=merchant, uid=uid, actor=SYSTEM)
        assert queries.open_store_of(merchant_id=merchant, code="nanjing-2").uid == uid
        (changed,) = logged(merchant, "stores.edit")
        assert changed.before["code"] == "nanjing-1"
        assert changed.after["code"] == "nanjing-2"
        for action in ("stores.open", "stores.close", "stores.reopen"):
            assert [row.object_uid for row in logged(merchant, action)] == [uid]

    def test_what_changes_nothing_is_not_logged(self, merchant):
        uid = open_one(merchant)
        same = StoreDraft("南京路店", "nanjing-1", "上海市黄浦区南京东路 1 号")
        operations.edit_store(merchant_id=merchant, uid=uid, draft=same, actor=SYSTEM)
        operations.reopen_store(merchant_id=merchant, uid=uid, actor=SYSTEM)
        put(merchant, uid)

        for action in ("stores.edit", "stores.reopen", "stores.clerks"):
            assert logged(merchant, action) == []

    @pytest.mark.parametrize(
        "draft",
        [
            StoreDraft("", "a"),
            StoreDraft("x" * 61, "a"),
            StoreDraft("店\u202e", "a"),
            StoreDraft("店", ""),
            StoreDraft("店", "-a"),
            StoreDraft("店", "a" * 21),
            StoreDraft("店", "a b"),
            StoreDraft("店", "a/b"),
            StoreDraft("店", "a", "x" * 201),
        ],
    )
    def test_of_no_name_or_code_are_refused(self, merchant, draft):
        with pytest.raises(operations.BadStore):
            operations.open_store(merchant_id=merchant, draft=draft, actor=SYSTEM)
        assert queries.stores(merchant_id=merchant) == []

    def test_keep_their_codes_to_themselves_also_when_closed(self, merchant, other_merchant):
        uid, other = open_one(merchant), open_one(merchant, "b")
        operations.close_store(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        with pytest.raises(operations.StoreCodeTaken):
            open_one(merchant)
        with pytest.raises(operations.StoreCodeTaken):
            operations.edit_store(
                merchant_id=merchant, uid=other, draft=StoreDraft("店", "nanjing-1"), actor=SYSTEM
            )
        assert open_one(other_merchant)
        assert [one.code for one in queries.stores(merchant_id=merchant)] == ["b", "nanjing-1"]

    def test_of_one_code_at_once_one_is_opened(self, merchant):
        outcomes = at_once([lambda: open_one(merchant)] * 6)

        refused = [one for one in outcomes if isinstance(one, operations.StoreCodeTaken)]
        assert len(refused) == 5
        assert len(queries.stores(merchant_id=merchant)) == 1

    def test_end_at_a_number(self, merchant, monkeypatch):
        monkeypatch.setattr("kacang.merchants.operations.stores.STORES_MAX", 1)
        open_one(merchant)
        with pytest.raises(operations.TooManyStores):
            open_one(merchant, "b")
        assert STORES_MAX == 500

    def test_of_another_merchant_are_not_there(self, merchant, other_merchant):
        theirs = open_one(other_merchant)
        somebody, _ = person(merchant)
        asked = {"merchant_id": merchant, "uid": theirs, "actor": SYSTEM}
        for act in (
            lambda: operations.edit_store(draft=StoreDraft("店", "x"), **asked),
            lambda: operations.close_store(now=utc_now(), **asked),
            lambda: operations.reopen_store(**asked),
            lambda: operations.set_clerks(members={somebody.uid}, **asked),
            lambda: queries.store(merchant_id=merchant, uid=theirs),
        ):
            with pytest.raises(queries.UnknownStore):
                act()
        assert queries.open_store_ids(merchant_id=merchant, uids=[theirs]) == {}


class TestClerks:
    def test_see_the_orders_of_their_stores_from_the_next_click(self, merchant):
        one, two = open_one(merchant, "a"), open_one(merchant, "b")
        clerk, _ = person(merchant)
        assert now_of(clerk).reach == frozenset()

        put(merchant, one, clerk)
        put(merchant, two, clerk)
        assert now_of(clerk).reach == {word_of(merchant, one), word_of(merchant, two)}

        put(merchant, one)
        assert now_of(clerk).reach == {word_of(merchant, two)}
        (out, came) = logged(merchant, "stores.clerks")[0], logged(merchant, "stores.clerks")[-1]
        assert (out.before["members"], out.after["members"]) == ([clerk.email], [])
        assert came.after["members"] == [clerk.email]

    def test_a_closed_store_goes_on_being_seen(self, merchant):
        uid = open_one(merchant)
        clerk, _ = person(merchant)
        put(merchant, uid, clerk)
        operations.close_store(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        assert now_of(clerk).reach == {word_of(merchant, uid)}

    def test_a_role_that_a_merchant_makes_reaches_to_stores_too(self, merchant):
        role = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=RoleDraft(
                "店长", frozenset({"orders.view", "orders.cancel", "staff.edit"}), "stores"
            ),
        )  # fmt: skip
        manager, _ = person(merchant, role)
        put(merchant, uid := open_one(merchant), manager)

        found = now_of(manager)
        assert found.permissions == {"orders.view", "orders.cancel"}
        assert found.reach == {word_of(merchant, uid)}

    def test_a_store_says_nothing_to_a_role_that_sees_all_or_its_own(self, merchant):
        own = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=RoleDraft("外包", frozenset({"orders.view"}), "own"),
        )  # fmt: skip
        sales, _ = person(merchant, Role.SALES)
        outside, _ = person(merchant, own)
        put(merchant, open_one(merchant), sales, outside)

        assert now_of(sales).reach is None
        assert now_of(outside).reach == {f"m{now_of(outside).member_id}"}

    def test_a_role_for_a_while_reaches_to_the_stores_beside_what_is_ones_own(self, merchant):
        own = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=RoleDraft("外包", frozenset({"orders.view"}), "own"),
        )  # fmt: skip
        outside, _ = person(merchant, own)
        put(merchant, uid := open_one(merchant), outside)
        operations.grant(
            merchant_id=merchant, member_uid=outside.uid, actor=SYSTEM, now=utc_now(),
            draft=GrantDraft("顶班", utc_now() + timedelta(hours=1), role="clerk"),
        )  # fmt: skip

        found = now_of(outside)
        assert found.reach == {f"m{found.member_id}", word_of(merchant, uid)}

    def test_who_is_disabled_keeps_their_stores_should_they_come_back(self, merchant):
        uid = open_one(merchant)
        gone, _ = person(merchant)
        stays, _ = person(merchant)
        put(merchant, uid, gone, stays)
        operations.disable_staff(merchant_id=merchant, uid=gone.uid, actor=SYSTEM)

        assert queries.stores(merchant_id=merchant)[0].clerks == {stays.uid}
        put(merchant, uid)
        with pytest.raises(operations.UnknownStaff):
            put(merchant, uid, gone)
        operations.enable_staff(merchant_id=merchant, uid=gone.uid, actor=SYSTEM)

        assert queries.stores(merchant_id=merchant)[0].clerks == {gone.uid}

    def test_nobody_puts_somebody_who_may_more_than_they_do(self, merchant):
        role = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=RoleDraft("店务", frozenset({"stores.edit", "orders.view"})),
        )  # fmt: skip
        _, actor = person(merchant, role)
        clerk, _ = person(merchant)
        finance, _ = person(merchant, Role.FINANCE)
        uid = open_one(merchant, actor=actor)

        put(merchant, uid, clerk, actor=actor)
        with pytest.raises(operations.BeyondOwn):
            put(merchant, uid, clerk, finance, actor=actor)
        assert queries.stores(merchant_id=merchant)[0].clerks == {clerk.uid}

    def test_people_of_another_merchant_are_refused_by_the_database_as_well(
        self, merchant, other_merchant
    ):
        uid = open_one(merchant)
        stranger, _ = person(other_merchant)
        with pytest.raises(operations.UnknownStaff):
            put(merchant, uid, stranger)
        with pytest.raises(IntegrityError), acting_as(merchant):
            StoreClerk.objects.create(
                merchant_id=merchant,
                store_id=queries.store(merchant_id=merchant, uid=uid).id,
                membership_id=now_of(stranger).member_id,
            )
