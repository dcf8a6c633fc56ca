"""Looking at the console as somebody else: read only, with a reason, for a while (I1)."""

import secrets
from datetime import timedelta

import pytest
from django.test import Client

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import Visit
from kacang.merchants.operations import RoleDraft
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from tests import make
from tests.web.console.conftest import work_as


def begin(client: Client, **as_whom: str):
    more = {
        "reason": "客户说看不到订单",
        **({"may_change": "on"} if as_whom.pop("change", "") else {}),
    }
    query = "&".join(f"{name}={value}" for name, value in as_whom.items())
    return client.post(f"/console/visits/new/?{query}", more)


def a_member(merchant, role):
    return operations.add_staff(
        merchant_id=merchant, email=f"x{secrets.token_hex(6)}@example.com", name="王芳", role=role,
        actor=SYSTEM,
    )  # fmt: skip


def log_of(merchant):
    rows = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter()).rows
    return [(row.action, row.actor_label, row.reason) for row in rows]


class TestAsARole:
    def test_shows_what_the_role_sees_and_changes_nothing(self, merchant, owner):
        make.account(merchant)
        order = make.order(make.sku(merchant, cards=1))
        assert owner.get("/console/settings/").status_code == 200

        assert begin(owner, role="sales").status_code == 302

        page = owner.get("/console/orders/")
        assert b"visit-bar" in page.content
        assert owner.get("/console/settings/").status_code == 403
        answer = owner.post(f"/console/orders/{order.number}/note/", {"text": "hello"})
        assert answer.status_code == 403
        assert b"hello" not in owner.get(f"/console/orders/{order.number}/").content

    def test_ends_with_one_click_and_both_ends_are_logged(self, merchant, owner):
        begin(owner, role="sales")

        assert owner.post("/console/visits/end/").status_code == 302

        assert owner.get("/console/settings/").status_code == 200
        assert b"visit-bar" not in owner.get("/console/orders/").content
        actions = [action for action, _, _ in log_of(merchant)]
        assert actions[:2] == ["visits.end", "visits.start"]

    def test_ends_by_the_clock(self, merchant, owner):
        begin(owner, role="sales")
        with acting_as(merchant):
            Visit.objects.filter(merchant_id=merchant).update(
                until=utc_now() - timedelta(seconds=1)
            )

        assert owner.get("/console/settings/").status_code == 200

    def test_is_for_who_may_visit_and_never_beyond_oneself(self, merchant, work):
        assert work("sales").get("/console/visits/new/?role=clerk").status_code == 403
        uid = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=RoleDraft("主管", frozenset({"staff.visit", "orders.view"})),
        )  # fmt: skip
        leader = work_as(merchant, uid)
        assert begin(leader, role="clerk").status_code == 302
        leader.post("/console/visits/end/")

        assert begin(leader, role="finance").status_code == 422

        assert leader.get("/console/payments/").status_code == 403

    def test_wants_a_reason(self, owner):
        assert owner.post("/console/visits/new/?role=sales", {"reason": " "}).status_code == 422


class TestAsAMember:
    def test_acts_only_when_that_was_asked_for_and_under_ones_own_name(self, merchant, owner):
        make.account(merchant)
        order = make.order(make.sku(merchant, cards=1))
        clerk = a_member(merchant, "sales")
        note = f"/console/orders/{order.number}/note/"

        begin(owner, member=clerk.uid)
        assert owner.post(note, {"text": "first"}).status_code == 403
        owner.post("/console/visits/end/")
        begin(owner, member=clerk.uid, change="yes")
        assert owner.post(note, {"text": "second"}).status_code == 302

        page = owner.get(f"/console/orders/{order.number}/").content.decode()
        assert "second" in page
        assert "first" not in page
        label = next(label for action, label, _ in log_of(merchant) if action == "orders.note")
        assert label.startswith("owner-")
        assert "→" in label

    def test_is_over_when_the_member_leaves(self, merchant, owner):
        clerk = a_member(merchant, "sales")
        begin(owner, member=clerk.uid)
        assert owner.get("/console/settings/").status_code == 403

        operations.disable_staff(merchant_id=merchant, uid=clerk.uid, actor=SYSTEM)

        assert owner.get("/console/settings/").status_code == 200

    @pytest.mark.parametrize("by", ["member", "role"])
    @pytest.mark.parametrize(
        ("who", "now_holds"),
        [
            # The visitor may no longer visit; whom they look as may do what they may not.
            ("leader", {"orders.view", "orders.note"}),
            ("seen", {"orders.view", "orders.note", "settings.view"}),
        ],
    )
    def test_is_over_when_roles_change_so_that_it_could_not_begin(
        self, merchant, by, who, now_holds
    ):
        drafts = {
            "leader": RoleDraft("主管", frozenset({"staff.visit", "orders.view", "orders.note"})),
            "seen": RoleDraft("客服甲", frozenset({"orders.view"})),
        }
        roles = {
            name: operations.create_role(merchant_id=merchant, actor=SYSTEM, draft=draft)
            for name, draft in drafts.items()
        }
        leader = work_as(merchant, roles["leader"])
        member = a_member(merchant, roles["seen"])
        begin(leader, **({"member": member.uid} if by == "member" else {"role": roles["seen"]}))
        assert b"visit-bar" in leader.get("/console/orders/").content

        changed = RoleDraft(drafts[who].name, frozenset(now_holds))
        operations.edit_role(merchant_id=merchant, uid=roles[who], draft=changed, actor=SYSTEM)

        assert b"visit-bar" not in leader.get("/console/orders/").content
        assert leader.get("/console/settings/").status_code == 403

    def test_never_reaches_another_merchants_staff(self, other_merchant, owner):
        theirs = a_member(other_merchant, "sales")
        assert begin(owner, member=theirs.uid).status_code == 404

    def test_somebody_elses_visit_opens_nothing(self, merchant, work):
        first, second = work(), work()
        begin(first, role="sales")
        session = second.session
        session["visit"] = first.session["visit"]
        session.save()

        assert b"visit-bar" not in second.get("/console/orders/").content
