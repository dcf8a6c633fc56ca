"""Owners are told of each visit of the operator as it begins, and nobody switches that off (N1)."""

import html

import pytest
from django.db import connection

from kacang.jobs import merchants as jobs
from kacang.merchants import queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import User
from kacang.merchants.operations import add_staff, operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.tenancy import acting_as
from kacang.messages.events import Event
from kacang.messages.models import Message
from kacang.messages.operations import Sending
from kacang.messages.restraint.rules import rules
from kacang.messages.wording import operations as wording
from kacang.shared.clock import utc_now
from kacang.web.mails import links
from tests.web.console.conftest import work_as
from tests.web.roles.operating import TERMINAL

BELL, CHOICES = "/console/notices/", "/console/account/notices/"


JOBS = {"visits.tell_begun": jobs.tell_visit_begun, "visits.tell_asked": jobs.tell_visit_asked}


def queued(merchant, name):
    """The uids that wait for the merchant under this name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select args->>'uid' from procrastinate_jobs where task_name = %s::text"
            " and (args->>'merchant_id')::bigint = %s::bigint",
            [name, merchant],
        )
        return [row[0] for row in cursor.fetchall()]


def run(merchant, name):
    """Do what waits."""
    for uid in queued(merchant, name):
        JOBS[name](merchant_id=merchant, uid=uid)


def told(merchant, event=Event.STAFF_VISIT):
    with acting_as(merchant):
        rows = Message.objects.filter(merchant_id=merchant, event=event)
        return sorted((row.channel, row.recipient) for row in rows)


def email_of(client):
    return User.objects.get(pk=client.session["_auth_user_id"]).email


def bell(client):
    return html.unescape(client.get(BELL).content.decode())


class TestBegun:
    def test_every_owner_is_mailed_and_shown_it_and_nobody_else(self, merchant, operator, shop):
        owner, clerk = work_as(merchant), work_as(merchant, "finance")
        gone = add_staff(
            merchant_id=merchant, email=f"gone-{merchant}@example.com", name="走了", role="owner",
            actor=SYSTEM,
        )  # fmt: skip
        User.objects.filter(pk=gone.user_id).update(is_active=False)
        operator.visit(shop, may_change="on")

        run(merchant, "visits.tell_begun")
        run(merchant, "visits.tell_begun")

        owners = [one.email for one in queries.staff(merchant_id=merchant)
                  if one.role == "owner" and one.is_active]  # fmt: skip
        assert told(merchant) == sorted([("in_app", ""), *(("email", one) for one in owners)])
        page = bell(owner)
        assert f"周运维 · {operator.email}" in page
        assert "May change things" in page
        assert "工单 4711" in page
        assert "/console/operator-visits/" in page
        assert "周运维" not in bell(clerk)

    def test_of_the_commands_visits_as_well(self, merchant, operator, shop):
        operator_visits.start_operator_visit(
            merchant_id=merchant, user_id=operator.user.pk, draft=OperatorDraft("电话"),
            actor=TERMINAL, now=utc_now(),
        )  # fmt: skip
        run(merchant, "visits.tell_begun")
        assert len(told(merchant)) == 2

    def test_nobody_switches_it_off(self, merchant, operator, shop):
        owner = work_as(merchant)
        for channel in ("email", "in_app"):
            with pytest.raises(wording.AlwaysSent):
                wording.switch(
                    merchant_id=merchant, event=Event.STAFF_VISIT, channel=channel, on=False,
                    actor=SYSTEM,
                )  # fmt: skip
        assert "staff.visit" not in owner.get(CHOICES).content.decode()
        owner.post(CHOICES, {"on": []})
        operator.visit(shop)

        run(merchant, "visits.tell_begun")

        assert ("in_app", "") in told(merchant)
        assert "周运维" in bell(owner)
        assert rules(merchant_id=merchant)[Event.STAFF_VISIT].is_urgent

    def test_a_mail_leads_to_the_page_and_says_why(self, merchant, operator, shop):
        operator.visit(shop)
        run(merchant, "visits.tell_begun")
        with acting_as(merchant):
            row = Message.objects.get(merchant_id=merchant, event="staff.visit", channel="email")
        filling = links._LINKS[Event.STAFF_VISIT](
            Sending(merchant, row.uid, Event.STAFF_VISIT, row.context, row.recipient)
        )
        assert filling is not None
        assert filling["link"].endswith("/console/operator-visits/")


class TestAsked:
    def test_owners_are_asked(self, merchant, operator, shop, owner):
        owner.post("/console/operator-visits/setting/", {"operator_visits": "ask"})
        said = {"reason": "对账差错", "minutes": "60"}
        operator.client.post(f"/console/operator/shops/{shop}/ask/", said)

        run(merchant, "visits.tell_asked")

        assert ("email", email_of(owner)) in told(merchant, Event.STAFF_VISIT_ASKED)
        assert "对账差错" in bell(owner)
        assert "对账差错" in owner.get("/console/operator-visits/").content.decode()

    def test_I2_another_merchants_visit_is_told_to_nobody_here(
        self, merchant, other_merchant, operator, shop
    ):
        operator.visit(shop)
        (uid,) = queued(merchant, "visits.tell_begun")

        jobs.tell_visit_begun(merchant_id=other_merchant, uid=uid)

        assert told(other_merchant) == []
