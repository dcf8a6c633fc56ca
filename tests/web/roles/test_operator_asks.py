"""Where a merchant wants it, the operator asks first: one consent, one visit, an end (I1)."""

import secrets
from datetime import timedelta
from functools import partial

import pytest

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import User, VisitRequest
from kacang.merchants.operations import deciding, operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.queries import operator as asked
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from tests.threads import at_once
from tests.web.console.conftest import work_as
from tests.web.roles.operating import TERMINAL, Operator, another_shop, log_of, visits_of

HOME = "/console/operator/"


class TestAskFirst:
    @pytest.fixture
    def asking(self, merchant, shop, owner):
        owner.post("/console/operator-visits/setting/", {"operator_visits": "ask"})
        return shop

    def ask(self, operator, shop, **more):
        said = {"reason": "对账差错", "minutes": "60", **more}
        operator.client.post(f"{HOME}shops/{shop}/ask/", said)
        ((row, *_),) = [asked.requests_of(operator_id=operator.user.pk)]
        return row.uid

    def begin(self, operator, shop, uid, client=None, code=""):
        page = f"{HOME}shops/{shop}/requests/{uid}/begin/"
        return (client or operator.client).post(page, {"code": code or operator.code()})

    def test_nothing_begins_until_an_owner_agrees_and_then_once(
        self, operator, merchant, asking, owner
    ):
        assert operator.visit(asking).status_code in {200, 422}
        assert visits_of(merchant) == []
        uid = self.ask(operator, asking)
        self.begin(operator, asking, uid)
        assert visits_of(merchant) == []

        answer = {"answer": "allow", "hours": "4"}
        assert owner.post(f"/console/operator-visits/{uid}/answer/", answer).status_code == 302
        assert self.begin(operator, asking, uid, code=operator.code(1))["Location"] == "/console/"

        (visit,) = visits_of(merchant)
        assert (visit.reason, visit.may_change) == ("对账差错", False)
        assert visit.until - visit.started_at > timedelta(minutes=59)
        operator.client.post("/console/visits/end/")
        assert self.begin(operator, asking, uid)["Location"] == "/console/"
        assert operator.client.get("/console/orders/").status_code == 302
        actions = [action for action, _, _ in log_of(merchant)]
        assert actions == ["visits.end", "visits.start", "visits.allow", "visits.ask",
                           "settings.change", *actions[5:]]  # fmt: skip

    def test_a_refusal_and_the_end_of_a_consent_hold(self, operator, merchant, asking, owner):
        uid = self.ask(operator, asking)
        owner.post(f"/console/operator-visits/{uid}/answer/", {"answer": "refuse", "hours": "4"})
        said = owner.post(
            f"/console/operator-visits/{uid}/answer/", {"answer": "allow", "hours": "4"},
            follow=True,
        )  # fmt: skip
        assert "answered or taken back" in said.content.decode()
        self.begin(operator, asking, uid)
        uid = self.ask(operator, asking)
        owner.post(f"/console/operator-visits/{uid}/answer/", {"answer": "allow", "hours": "4"})
        with acting_as(merchant):
            VisitRequest.objects.filter(merchant_id=merchant).update(allowed_until=utc_now())

        self.begin(operator, asking, uid, code=operator.code(1))

        assert visits_of(merchant) == []

    @pytest.mark.parametrize("hours", ["5", "-1", "", "999999999999999999999", "4.0"])
    def test_only_the_offered_ends_are_taken(self, operator, merchant, asking, owner, hours):
        uid = self.ask(operator, asking)
        owner.post(f"/console/operator-visits/{uid}/answer/", {"answer": "allow", "hours": hours})

        (row,) = asked.operators_requests(merchant_id=merchant)
        assert row.state == "waiting"

    def test_the_operator_does_not_let_themselves_in(self, operator, merchant, shop, owner):
        operator.visit(shop, may_change="on")
        owner.post("/console/operator-visits/setting/", {"operator_visits": "ask"})
        uid = self.ask(operator, shop)

        operator.client.post(
            f"/console/operator-visits/{uid}/answer/", {"answer": "allow", "hours": "72"}
        )
        operator.client.post("/console/operator-visits/setting/", {"operator_visits": "allow"})
        operator.client.post("/console/settings/safety/", {"operator_visits": "allow"})

        (row,) = asked.operators_requests(merchant_id=merchant)
        assert row.state == "waiting"
        assert queries.setting(merchant_id=merchant, name="operator_visits") == "ask"

    def test_a_consent_is_of_one_operator_and_one_shop(self, operator, merchant, asking, owner):
        uid = self.ask(operator, asking)
        owner.post(f"/console/operator-visits/{uid}/answer/", {"answer": "allow", "hours": "4"})
        other = Operator()
        elsewhere = queries.merchant(merchant_id=another_shop()).uid

        self.begin(other, asking, uid)
        self.begin(operator, elsewhere, uid)

        assert visits_of(merchant) == []
        theirs = work_as(another_shop())
        answer = {"answer": "refuse"}
        page = f"/console/operator-visits/{uid}/answer/"
        assert theirs.post(page, answer).status_code == 404

    def test_two_owners_at_once_give_one_answer_and_two_clicks_one_request(
        self, operator, merchant, asking, owner, work
    ):
        ask = partial(
            operator_visits.ask_for_visit, merchant_id=merchant, user_id=operator.user.pk,
            draft=OperatorDraft("why"), actor=TERMINAL, now=utc_now(),
        )  # fmt: skip
        (uid,) = set(at_once([ask] * 4))
        boss = operations.add_staff(
            merchant_id=merchant, email=f"b{secrets.token_hex(6)}@example.com", name="王",
            role="owner", actor=SYSTEM,
        )  # fmt: skip
        actor = queries.staff(merchant_id=merchant)
        who = next(one for one in actor if one.uid == boss.uid)

        def answer(hours: int) -> bool:
            try:
                operator_visits.answer_request(
                    merchant_id=merchant, uid=str(uid), allowed_hours=hours, now=utc_now(),
                    actor=type(SYSTEM)("user", who.user_id, who.email),
                )  # fmt: skip
            except operator_visits.RequestOver:
                return False
            return True

        answers = at_once([partial(answer, hours) for hours in (4, 0, 24, 0)])

        assert [one for one in answers if one] == [True]
        assert len(asked.operators_requests(merchant_id=merchant)) == 1

    def test_taken_back_it_is_over(self, operator, merchant, asking, owner):
        uid = self.ask(operator, asking)
        other = Operator()
        page = f"{HOME}shops/{asking}/requests/{uid}/withdraw/"
        assert other.client.post(page).status_code == 404

        assert operator.client.post(page).status_code == 302

        owner.post(f"/console/operator-visits/{uid}/answer/", {"answer": "allow", "hours": "4"})
        (row,) = asked.operators_requests(merchant_id=merchant)
        assert row.state == "withdrawn"

    def test_a_role_with_the_settings_alone_does_not_decide(self, merchant, shop, owner):
        uid = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=operations.RoleDraft("设置员", frozenset({"settings.view", "settings.edit"})),
        )  # fmt: skip
        clerk = work_as(merchant, uid)
        actor = User.objects.get(pk=clerk.session["_auth_user_id"])
        with pytest.raises(deciding.NotTheirsToDecide):
            operations.change_settings(
                merchant_id=merchant, values={"operator_visits": "ask"},
                actor=type(SYSTEM)("user", actor.pk, actor.email),
            )  # fmt: skip
        assert queries.setting(merchant_id=merchant, name="operator_visits") == "allow"
