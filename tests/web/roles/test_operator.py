"""The operator looks into a merchant: by a page, with a second factor, seen and logged (I1, I3)."""

import re
import secrets
from functools import partial

import pytest
from django.db import connection

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import Merchant, User, Visit
from kacang.merchants.operations import operator as operators
from kacang.merchants.operations import operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.queries import operator as asked
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from tests import make
from tests.threads import at_once
from tests.web.console.conftest import work_as
from tests.web.roles.operating import TERMINAL, Operator, another_shop, log_of, visits_of

HOME = "/console/operator/"


def steps(operator):
    rows, _next = asked.operator_log(operator_id=operator.user.pk)
    return [(row.action, row.actor_label) for row in rows if operator.email in
            (row.actor_label, row.person)]  # fmt: skip


class TestWhoIsOne:
    def test_for_everybody_else_the_pages_are_not_there(self, shop, work):
        owner = work()
        for address in ("", "log/", "visits/", "visits/vis_1/", f"shops/{shop}/"):
            assert owner.get(HOME + address).status_code == 404, address
        for address in (f"shops/{shop}/", f"shops/{shop}/ask/",
                        f"shops/{shop}/requests/vrq_1/begin/",
                        f"shops/{shop}/requests/vrq_1/withdraw/"):  # fmt: skip
            assert owner.post(HOME + address, {"reason": "x"}).status_code == 404, address

    def test_without_a_second_factor_every_page_leads_to_it_and_nothing_begins(
        self, merchant, shop
    ):
        bare = Operator(second_factor=False)
        for address in ("", "log/", "visits/", f"shops/{shop}/"):
            answer = bare.client.get(HOME + address)
            assert answer["Location"] == "/console/account/second-factor/on/", address
        answer = bare.client.post(f"{HOME}shops/{shop}/", {"reason": "x", "minutes": "30"})
        assert answer["Location"] == "/console/account/second-factor/on/"
        # Who works nowhere can set it up all the same: they are asked for their password first.
        assert bare.client.get("/console/account/").status_code == 200
        assert "/again/" in bare.client.get("/console/account/second-factor/on/")["Location"]
        with pytest.raises(asked.NotAnOperator):
            operator_visits.start_operator_visit(
                merchant_id=merchant, user_id=bare.user.pk, draft=OperatorDraft("x"),
                actor=TERMINAL, now=utc_now(),
            )  # fmt: skip
        assert visits_of(merchant) == []

    def test_the_first_page_of_who_works_nowhere_is_theirs(self, operator):
        assert operator.client.get("/console/")["Location"] == HOME

    def test_who_works_somewhere_and_operates_has_both(self, merchant):
        owner = work_as(merchant)
        user = User.objects.get(pk=owner.session["_auth_user_id"])
        operators.add_operator(email=user.email, name="", actor=TERMINAL)

        assert HOME in owner.get("/console/orders/").content.decode()

    def test_an_account_is_made_once_and_kept(self):
        email = f"new-{secrets.token_hex(4)}@example.com"
        first = operators.add_operator(email=email, name="周", actor=TERMINAL)
        again = operators.add_operator(email=email, name="other", actor=TERMINAL)

        assert len(first.password) == 16
        assert (again.password, again.has_second_factor) == ("", False)
        operators.remove_operator(email=email, actor=TERMINAL)
        with pytest.raises(asked.NotAnOperator):
            operators.remove_operator(email=email, actor=TERMINAL)
        assert User.objects.get(email=email).is_active


class TestList:
    def test_shows_figures_of_shops_and_nothing_of_buyers(self, operator, merchant, shop):
        make.account(merchant)
        make.order(make.sku(merchant, cards=1))

        page = operator.client.get(f"{HOME}?q={shop}").content.decode()

        assert "小鹿数卡旗舰店" in page
        assert shop in page
        row = re.sub("<[^>]+>", " ", page)
        assert "example.com" not in row.replace(operator.email, "")
        ((found,), _next) = asked.shops(operator_id=operator.user.pk, uid=shop)
        assert (found.staff, found.asks) == (1, False)

    def test_is_found_by_a_part_of_the_name_and_paged(self, operator, merchant, other_merchant):
        with acting_as(other_merchant):
            Merchant.objects.filter(id=other_merchant).update(name=f"罕见{other_merchant}Shop")

        found, _next = asked.shops(operator_id=operator.user.pk, needle=f"见{other_merchant}sHO")
        first, cursor = asked.shops(operator_id=operator.user.pk, limit=1)
        second, _next = asked.shops(operator_id=operator.user.pk, cursor=cursor, limit=1)

        assert [one.id for one in found] == [other_merchant]
        assert first[0].id > second[0].id
        assert "Nothing found" in operator.client.get(f"{HOME}?q=%25_%27").content.decode()

    def test_the_functions_themselves_answer_operators_alone(self, operator, merchant, shop):
        make.account(merchant)
        make.order(make.sku(merchant, cards=1))
        operator.visit(shop)
        nobody = User.objects.get(pk=work_as(merchant).session["_auth_user_id"]).pk
        operator.lose_second_factor()
        for who in (nobody, operator.user.pk, 0):
            with connection.cursor() as cursor:
                for text in (
                    "operator_shops(%s::bigint, '', '', null, 9)",
                    "operator_visits_of(%s::bigint, '', null, 9)",
                    "operator_requests_of(%s::bigint, 9)",
                    f"last_orders_of(%s::bigint, array[{merchant}]::bigint[])",
                ):
                    cursor.execute(f"select * from {text}", [who])
                    assert cursor.fetchall() == [], text
            assert asked.operator_log(operator_id=who) == ([], "")

    def test_I2_the_policies_are_as_they_were(self, operator, merchant, other_merchant):
        """Whoever reads the list sees no row of a merchant by it."""
        asked.shops(operator_id=operator.user.pk)
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from sale_order")
            assert cursor.fetchone() == (0,)
        with acting_as(other_merchant):
            assert Merchant.objects.count() == 1


class TestVisit:
    def test_opens_the_shop_read_only_and_is_in_both_logs(self, operator, merchant, shop):
        make.account(merchant)
        order = make.order(make.sku(merchant, cards=1))

        assert operator.visit(shop)["Location"] == "/console/"

        page = operator.client.get(f"/console/orders/{order.number}/")
        assert b"visit-bar" in page.content
        answer = operator.client.post(f"/console/orders/{order.number}/note/", {"text": "x"})
        assert answer.status_code == 403
        assert operator.client.post("/console/visits/end/")["Location"] == f"{HOME}visits/"
        assert operator.client.get(f"/console/orders/{order.number}/").status_code == 302
        (visit,) = visits_of(merchant)
        assert log_of(merchant, visit.uid) == [
            ("visits.end", f"{operator.email} → Owner", "工单 4711"),
            ("visits.start", operator.email, "工单 4711"),
        ]
        assert steps(operator)[:2] == [
            ("visits.end", operator.email), ("visits.start", operator.email),
        ]  # fmt: skip

    def test_what_is_done_is_found_by_the_visit_by_owner_and_operator(
        self, operator, merchant, shop, work
    ):
        make.account(merchant)
        order = make.order(make.sku(merchant, cards=1))
        operator.visit(shop, may_change="on")
        note = f"/console/orders/{order.number}/note/"
        assert operator.client.post(note, {"text": "看过了"}).status_code == 302
        (visit,) = visits_of(merchant)
        owner = work()
        owner.post(note, {"text": "另一条"})

        assert [action for action, _, _ in log_of(merchant, visit.uid)] == [
            "orders.note", "visits.start",
        ]  # fmt: skip
        page = owner.get("/console/operator-visits/").content.decode()
        assert f"/console/audit/?visit={visit.uid}" in page
        assert operator.email in page
        assert "工单 4711" in page
        found = owner.get(f"/console/audit/?visit={visit.uid}").content.decode()
        assert found.count('<b class="fw-5">') == 2
        mine = operator.client.get(f"{HOME}visits/{visit.uid}/").content.decode()
        assert order.number in mine
        assert "看过了" not in mine

    @pytest.mark.parametrize(
        "wrong", [{"reason": " "}, {"minutes": "31"}, {"minutes": ""}, {"code": "000000"},
                  {"code": ""}, {"reason": "x" * 301}],
    )  # fmt: skip
    def test_wants_a_reason_a_length_and_a_code(self, operator, merchant, shop, wrong):
        assert operator.visit(shop, **wrong).status_code == 422
        assert visits_of(merchant) == []

    def test_a_code_opens_one_thing_wherever_it_was_used(
        self, operator, merchant, other_merchant, shop
    ):
        code = operator.code()
        assert operator.visit(shop, code=code).status_code == 302

        other = queries.merchant(merchant_id=other_merchant).uid
        assert operator.visit(other, code=code).status_code == 422

        assert visits_of(other_merchant) == []
        assert operator.visit(other, code=operator.code(1)).status_code == 302

    def test_codes_cannot_be_guessed(self, operator, merchant, shop):
        for guess in range(5):
            operator.visit(shop, code=f"00000{guess}")

        assert operator.visit(shop).status_code == 422
        assert visits_of(merchant) == []

    def test_two_clicks_are_one_visit(self, operator, merchant, shop):
        page = operator.client.get(f"{HOME}shops/{shop}/").content.decode()
        once = re.search('name="once" value="([^"]+)"', page)
        assert once
        browsers = [operator.browser() for _ in range(4)]
        for browser in browsers:
            browser.cookies = operator.client.cookies
        code = operator.code()

        answers = at_once(
            [partial(operator.visit, shop, client=one, once=once[1], code=code) for one in browsers]
        )

        assert [getattr(one, "status_code", one) for one in answers] == [302] * 4
        assert len(visits_of(merchant)) == 1

    def test_a_new_one_ends_the_earlier(self, operator, merchant, shop):
        operator.visit(shop)
        operator.visit(shop, code=operator.code(1), reason="又来")

        first, second = visits_of(merchant)
        assert first.ended_at is not None
        assert second.ended_at is None

    @pytest.mark.parametrize("loss", ["flag", "app", "account", "clock"])
    def test_ends_at_once_with_what_lets_them_in(self, operator, merchant, shop, loss):
        operator.visit(shop)
        assert operator.client.get("/console/orders/").status_code == 200
        if loss == "flag":
            operators.remove_operator(email=operator.email, actor=TERMINAL)
        elif loss == "app":
            operator.lose_second_factor()
        elif loss == "account":
            User.objects.filter(pk=operator.user.pk).update(is_active=False)
        else:
            with acting_as(merchant):
                Visit.objects.filter(merchant_id=merchant).update(until=utc_now())

        assert operator.client.get("/console/orders/").status_code in {302, 403}
        assert (
            "visit-bar" not in operator.client.get("/console/orders/", follow=True).content.decode()
        )

    def test_somebody_elses_visit_is_no_ones(self, operator, merchant, shop):
        operator.visit(shop)
        (visit,) = visits_of(merchant)
        other = Operator()
        session = other.client.session
        session["visit"] = visit.uid
        session.save()

        assert other.client.get("/console/orders/").status_code == 302
        assert other.client.get(f"{HOME}visits/{visit.uid}/").status_code == 404

    def test_gives_no_power_over_staff(self, operator, merchant, shop):
        clerk = operations.add_staff(
            merchant_id=merchant, email=f"c{secrets.token_hex(6)}@example.com", name="王芳",
            role="clerk", actor=SYSTEM,
        )  # fmt: skip
        operator.visit(shop, may_change="on")

        operator.client.post(f"/console/staff/{clerk.uid}/role/", {"role": "owner"})

        roles = {one.uid: one.role for one in queries.staff(merchant_id=merchant)}
        assert roles[clerk.uid] == "clerk"

    def test_by_the_command_too_it_takes_an_operator_and_a_code(self, operator, merchant, shop):
        uid = operator_visits.start_operator_visit(
            merchant_id=merchant, user_id=operator.user.pk, draft=OperatorDraft("电话里说的"),
            actor=TERMINAL, now=utc_now(),
        )  # fmt: skip
        page = f"/console/visits/{uid}/enter/"
        assert work_as(merchant).get(page).status_code == 404
        assert operator.client.post(page, {"code": "123456"}).status_code == 422
        assert operator.client.get("/console/orders/").status_code == 302

        assert operator.client.post(page, {"code": operator.code()}).status_code == 302

        assert operator.client.get("/console/orders/").status_code == 200

    def test_an_owner_ends_it_from_the_next_click(self, operator, merchant, shop, work):
        operator.visit(shop)
        (visit,) = visits_of(merchant)
        other = work_as(another_shop(), "owner")
        assert other.post(f"/console/operator-visits/{visit.uid}/end/").status_code == 404
        assert work("finance").post(f"/console/operator-visits/{visit.uid}/end/").status_code == 403

        work().post(f"/console/operator-visits/{visit.uid}/end/")

        assert operator.client.get("/console/orders/").status_code == 302
        assert visits_of(merchant)[0].ended_by.startswith("owner-")
