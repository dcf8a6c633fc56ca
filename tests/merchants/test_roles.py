"""Roles that merchants make, powers for a while, and who may give what (I1)."""

import secrets
import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.models import Membership, RoleGrant
from kacang.merchants.operations import GrantDraft, RoleDraft
from kacang.merchants.operations.staff import BadRole
from kacang.merchants.permissions import AREAS, PERMISSIONS, WITHIN_REACH, Role
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now

KEEPER = RoleDraft("夜班客服", frozenset({"orders.view", "orders.note", "stock.view"}))


def person(merchant, role=Role.OWNER):
    """Somebody new in this role, and themselves as who acts."""
    invited = operations.add_staff(
        merchant_id=merchant, email=f"u{secrets.token_hex(6)}@example.com", name="陆明",
        role=role, actor=SYSTEM,
    )  # fmt: skip
    return invited, Actor(kind="user", id=invited.user_id, label=invited.email)


def make_role(merchant, actor=SYSTEM, **more):
    fields = {name: getattr(KEEPER, name) for name in ("name", "permissions")} | more
    return operations.create_role(merchant_id=merchant, draft=RoleDraft(**fields), actor=actor)


def powers_of(invited):
    (membership,) = queries.memberships_of(user_id=invited.user_id)
    return membership


def in_an_hour():
    return utc_now() + timedelta(hours=1)


class TestCustomRoles:
    def test_give_what_they_say_and_change_at_the_next_look(self, merchant):
        uid = make_role(merchant)
        somebody, _ = person(merchant, uid)

        assert powers_of(somebody).permissions == KEEPER.permissions
        assert powers_of(somebody).role_label == "夜班客服"

        smaller = RoleDraft("夜班客服", frozenset({"orders.view"}))
        operations.edit_role(merchant_id=merchant, uid=uid, draft=smaller, actor=SYSTEM)

        assert powers_of(somebody).permissions == {"orders.view"}

    def test_log_what_was_and_what_is(self, merchant):
        uid = make_role(merchant)
        operations.edit_role(
            merchant_id=merchant, uid=uid, actor=SYSTEM,
            draft=RoleDraft("夜班客服", KEEPER.permissions, hidden=frozenset({"phone"})),
        )  # fmt: skip

        rows = queries.audit_page(
            merchant_id=merchant, where=queries.AuditFilter(object_uid=uid)
        ).rows
        assert [row.action for row in rows] == ["roles.edit", "roles.create"]
        assert (rows[0].before, rows[0].after) == ({"hidden": []}, {"hidden": ["phone"]})

    def test_of_one_reach_hold_only_what_looks_at_single_orders(self, merchant):
        wide = frozenset({"orders.view", "dashboard.view", "payments.view"})
        uid = make_role(merchant, permissions=wide, reach="own")
        somebody, _ = person(merchant, uid)

        found = powers_of(somebody)
        assert found.permissions == {"orders.view"}
        assert found.reach == {f"m{found.member_id}"}

    @pytest.mark.parametrize(
        "more",
        [
            {"name": " "},
            {"name": "x" * 41},
            {"permissions": frozenset({"orders.fly"})},
            {"reach": "moon"},
            {"reach": "channels"},
            {"reach": "channels", "channels": frozenset({"shop,m1"})},
            {"hidden": frozenset({"soul"})},
        ],
    )
    def test_refuse_what_they_cannot_be(self, merchant, more):
        with pytest.raises(operations.BadRoleDraft):
            make_role(merchant, **more)
        assert queries.custom_roles(merchant_id=merchant) == []

    def test_have_one_name_each(self, merchant):
        make_role(merchant)
        with pytest.raises(operations.RoleNameTaken):
            make_role(merchant)

    def test_are_put_away_only_when_nobody_has_them(self, merchant):
        uid = make_role(merchant)
        person(merchant)
        somebody, _ = person(merchant, uid)

        with pytest.raises(operations.RoleInUse):
            operations.archive_role(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())
        operations.change_role(merchant_id=merchant, uid=somebody.uid, role="sales", actor=SYSTEM)
        operations.archive_role(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        assert queries.custom_roles(merchant_id=merchant) == []
        with pytest.raises(BadRole):
            person(merchant, uid)

    def test_of_another_merchant_are_nobodys_here(self, merchant, other_merchant):
        theirs = make_role(other_merchant)
        with pytest.raises(BadRole):
            person(merchant, theirs)
        with pytest.raises(operations.UnknownRole):
            operations.edit_role(merchant_id=merchant, uid=theirs, draft=KEEPER, actor=SYSTEM)

    def test_cannot_be_taken_from_another_merchant_past_the_code(
        self, database, merchant, other_merchant
    ):
        """L27: the database refuses a membership that names another merchant's role."""
        make_role(other_merchant)
        somebody, _ = person(merchant)
        with (
            psycopg.connect(database.dsn("superuser")) as superuser,
            pytest.raises(psycopg.errors.ForeignKeyViolation),
        ):
            superuser.execute(
                "update membership set role = 'custom', custom_role_id ="
                " (select id from custom_role where merchant_id = %s) where uid = %s",
                [other_merchant, somebody.uid],
            )

    def test_what_fits_a_reach_are_permissions_and_areas_are_of_some(self):
        assert set(PERMISSIONS) >= WITHIN_REACH
        assert set(AREAS) <= {name.split(".")[0] for name in PERMISSIONS}


class TestNobodyGivesWhatTheyLack:
    @pytest.fixture
    def manager(self, merchant):
        """Somebody who may change staff but not, say, approve refunds."""
        person(merchant)
        uid = make_role(
            merchant, name="店长",
            permissions=frozenset({"staff.view", "staff.edit", "orders.view", "orders.note"}),
        )  # fmt: skip
        return person(merchant, uid)

    def test_not_by_inviting_or_changing_a_role(self, merchant, manager):
        _, actor = manager
        clerk, _ = person(merchant, Role.CLERK)

        with pytest.raises(operations.BeyondOwn):
            operations.add_staff(
                merchant_id=merchant, email="x@example.com", name="x", role="finance", actor=actor
            )
        with pytest.raises(operations.BeyondOwn):
            operations.change_role(merchant_id=merchant, uid=clerk.uid, role="finance", actor=actor)
        assert powers_of(clerk).role == "clerk"
        assert len(queries.staff(merchant_id=merchant)) == 3

    def test_not_to_themselves(self, merchant, manager):
        me, actor = manager
        with pytest.raises(operations.BeyondOwn):
            operations.change_role(merchant_id=merchant, uid=me.uid, role="owner", actor=actor)
        assert powers_of(me).custom_name == "店长"

    def test_not_by_a_role_of_their_making(self, merchant, manager):
        _, actor = manager
        uid = make_role(merchant, actor, name="小", permissions=frozenset({"orders.view"}))
        with pytest.raises(operations.BeyondOwn):
            make_role(merchant, actor, name="大", permissions=frozenset({"refunds.approve"}))
        with pytest.raises(operations.BeyondOwn):
            operations.edit_role(
                merchant_id=merchant, uid=uid, actor=actor,
                draft=RoleDraft("小", frozenset({"refunds.approve"})),
            )  # fmt: skip

    def test_not_for_a_while(self, merchant, manager):
        me, actor = manager
        for draft in (
            GrantDraft("why", in_an_hour(), permission="refunds.approve"),
            GrantDraft("why", in_an_hour(), role="owner"),
        ):
            with pytest.raises(operations.BeyondOwn):
                operations.grant(
                    merchant_id=merchant, member_uid=me.uid, draft=draft, actor=actor,
                    now=utc_now(),
                )  # fmt: skip
        assert "refunds.approve" not in powers_of(me).permissions

    def test_nor_what_they_have_for_a_while_only(self, merchant, manager):
        me, actor = manager
        draft = GrantDraft("why", in_an_hour(), role="owner")
        operations.grant(
            merchant_id=merchant, member_uid=me.uid, draft=draft, actor=SYSTEM, now=utc_now()
        )
        assert "refunds.approve" in powers_of(me).permissions

        with pytest.raises(operations.BeyondOwn):
            operations.change_role(merchant_id=merchant, uid=me.uid, role="owner", actor=actor)

    def test_nor_take_from_or_become_somebody_who_has_more(self, merchant, manager):
        """A new password for an owner would be the owner's account."""
        _, actor = manager
        person(merchant)
        owner, _ = person(merchant)

        for act in (
            lambda: operations.renew_sign_in(merchant_id=merchant, uid=owner.uid, actor=actor),
            lambda: operations.disable_staff(merchant_id=merchant, uid=owner.uid, actor=actor),
            lambda: operations.change_role(
                merchant_id=merchant, uid=owner.uid, role="clerk", actor=actor
            ),
        ):
            with pytest.raises(operations.BeyondOwn):
                act()
        assert powers_of(owner).role == "owner"

    def test_and_somebody_of_elsewhere_gives_nothing(self, merchant, other_merchant):
        person(merchant)
        _, stranger = person(other_merchant)
        with pytest.raises(operations.BeyondOwn):
            operations.add_staff(
                merchant_id=merchant, email="x@example.com", name="x", role="clerk",
                actor=stranger,
            )  # fmt: skip


class TestForAWhile:
    def give(self, merchant, member, **draft):
        return operations.grant(
            merchant_id=merchant, member_uid=member.uid, actor=SYSTEM, now=utc_now(),
            draft=GrantDraft("顶班", draft.pop("until", None) or in_an_hour(), **draft),
        )  # fmt: skip

    def test_a_permission_ends_by_the_clock_and_not_by_a_job(self, merchant):
        clerk, _ = person(merchant, Role.CLERK)
        uid = self.give(merchant, clerk, permission="orders.cancel")
        assert powers_of(clerk).permissions == {"orders.view", "orders.cancel"}

        with acting_as(merchant):
            RoleGrant.objects.filter(merchant_id=merchant, uid=uid).update(
                until=utc_now() - timedelta(seconds=1)
            )

        assert powers_of(clerk).permissions == {"orders.view"}

    def test_a_role_is_added_whole_and_can_be_ended(self, merchant):
        clerk, _ = person(merchant, Role.CLERK)
        uid = self.give(merchant, clerk, role="warehouse")
        assert "orders.hand_over" in powers_of(clerk).permissions
        (shown,) = queries.grants_of(merchant_id=merchant, member_uid=clerk.uid, now=utc_now())
        assert (shown.what, shown.reason) == (Role.WAREHOUSE.label, "顶班")

        operations.end_grant(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        assert powers_of(clerk).permissions == {"orders.view"}
        with pytest.raises(operations.UnknownGrant):
            operations.end_grant(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

    def test_a_wider_role_widens_the_reach_for_that_while(self, merchant):
        uid = make_role(merchant, permissions=frozenset({"orders.view"}), reach="own")
        member, _ = person(merchant, uid)
        assert powers_of(member).reach is not None

        grant = self.give(merchant, member, role="sales")
        assert powers_of(member).reach is None

        operations.end_grant(merchant_id=merchant, uid=grant, actor=SYSTEM, now=utc_now())
        assert powers_of(member).reach is not None

    def test_refuses_what_cannot_be(self, merchant):
        uid = make_role(merchant, permissions=frozenset({"orders.view"}), reach="own")
        member, _ = person(merchant, uid)
        now = utc_now()
        for draft in (
            GrantDraft("", in_an_hour(), permission="orders.view"),
            GrantDraft("x", now, permission="orders.view"),
            GrantDraft("x", now + timedelta(days=91), permission="orders.view"),
            GrantDraft("x", in_an_hour()),
            GrantDraft("x", in_an_hour(), permission="orders.view", role="sales"),
            # Figures over all orders do not fit a role that reaches to its own.
            GrantDraft("x", in_an_hour(), permission="dashboard.view"),
        ):
            with pytest.raises(operations.BadGrant):
                operations.grant(
                    merchant_id=merchant, member_uid=member.uid, draft=draft, actor=SYSTEM,
                    now=now,
                )  # fmt: skip


class TestLastOwner:
    def test_two_owners_who_demote_each_other_at_once_leave_one(self, merchant):
        (first, one), (second, two) = person(merchant), person(merchant)
        done: list[str] = []

        def demote(actor, uid):
            try:
                operations.change_role(merchant_id=merchant, uid=uid, role="clerk", actor=actor)
                done.append(uid)
            except (operations.LastOwner, operations.BeyondOwn) as error:
                done.append(error.code)
            finally:
                connection.close()

        threads = [
            threading.Thread(target=demote, args=pair)
            for pair in ((one, second.uid), (two, first.uid))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        with acting_as(merchant):
            left = Membership.objects.filter(merchant_id=merchant, role="owner").count()
        assert left == 1
        assert len([word for word in done if word.startswith("mem_")]) == 1
