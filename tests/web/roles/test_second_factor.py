"""A role can demand a second factor: some days' grace, then only the page for it opens (I1)."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator

from kacang.merchants import operations
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import Membership, User
from kacang.merchants.operations import RoleDraft
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.web.console.account.signing_in import MFAAdapter
from tests.web.console.conftest import work_as

SET_UP = "/console/account/second-factor/on/"


def demand(merchant, **values):
    operations.change_settings(merchant_id=merchant, actor=SYSTEM, values=values)


def overdue(merchant):
    with acting_as(merchant):
        Membership.objects.filter(merchant_id=merchant).update(
            second_factor_by=utc_now() - timedelta(seconds=1)
        )


class TestDemandedOfARole:
    def test_others_are_left_alone(self, merchant, work):
        demand(merchant, second_factor_finance=True, second_factor_grace_days=0)
        assert work("sales").get("/console/orders/").status_code == 200

    def test_there_is_time_first_and_the_page_says_until_when(self, merchant, work):
        demand(merchant, second_factor_sales=True)
        client = work("sales")

        page = client.get("/console/orders/")

        assert page.status_code == 200
        assert SET_UP.encode() in page.content
        with acting_as(merchant):
            (by,) = Membership.objects.filter(merchant_id=merchant).values_list(
                "second_factor_by", flat=True
            )
        assert by is not None
        assert timedelta(days=6) < by - utc_now() <= timedelta(days=7)

    def test_then_nothing_but_that_page_opens(self, merchant, work):
        demand(merchant, second_factor_sales=True)
        client = work("sales")
        client.get("/console/orders/")
        overdue(merchant)

        for address in ("/console/orders/", "/console/", "/console/account/", "/console/search/"):
            assert client.get(address)["Location"] == SET_UP, address
        assert client.post("/console/notices/read/")["Location"] == SET_UP
        assert client.get("/console/orders/", headers={"HX-Request": "true"}).status_code == 403
        assert client.get(SET_UP)["Location"].startswith("/console/again/") or (
            client.get(SET_UP).status_code == 200
        )

    def test_and_with_an_app_everything_does(self, merchant, work):
        demand(merchant, second_factor_sales=True, second_factor_grace_days=0)
        client = work("sales")
        assert client.get("/console/orders/")["Location"] == SET_UP

        Authenticator.objects.create(
            user_id=int(client.session["_auth_user_id"]),
            type="totp",
            data={"secret": MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")},
        )

        assert client.get("/console/orders/").status_code == 200

    def test_a_role_of_the_merchants_own_demands_by_itself(self, merchant):
        demand(merchant, second_factor_grace_days=0)
        uid = operations.create_role(
            merchant_id=merchant, actor=SYSTEM,
            draft=RoleDraft("代班", frozenset({"orders.view"}), needs_second_factor=True),
        )  # fmt: skip
        assert work_as(merchant, uid).get("/console/orders/")["Location"] == SET_UP

    def test_taking_the_app_away_gives_no_new_time(self, merchant, work):
        demand(merchant, second_factor_sales=True)
        client = work("sales")
        client.get("/console/orders/")
        overdue(merchant)
        user = User.objects.get(id=client.session["_auth_user_id"])
        made = Authenticator.objects.create(
            user=user, type="totp", data={"secret": MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")}
        )
        assert client.get("/console/orders/").status_code == 200

        made.delete()

        assert client.get("/console/orders/")["Location"] == SET_UP


@pytest.mark.parametrize("hidden", [True, False])
def test_the_list_of_first_steps_can_be_put_away_and_brought_back(owner, work, hidden):
    client = owner
    assert b"steps-h" in client.get("/console/").content

    client.post("/console/first-steps/")
    assert b"steps-h" not in client.get("/console/").content
    assert b"steps-h" in work().get("/console/").content
    if not hidden:
        client.post("/console/first-steps/", {"show": "1"})
        assert b"steps-h" in client.get("/console/").content
