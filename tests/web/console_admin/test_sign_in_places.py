"""A sign-in from a new device or place is mailed, and can be undone from the mail (I1)."""

import re
import secrets

import pytest
from django.test import Client

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages.events import Event
from kacang.messages.models import Message
from kacang.messages.operations import Sending
from kacang.web.console.account.places import network_of
from kacang.web.mails import links as mail_links
from kacang.web.sign_in_tokens import Place, not_me_token, read_not_me

CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/150 Safari/537"
PHONE = "Mozilla/5.0 (iPhone) Safari/605"


@pytest.fixture
def person(merchant):
    """Somebody with a password."""
    email = f"p{secrets.token_hex(6)}@example.com"
    return operations.add_staff(
        merchant_id=merchant, email=email, name="王芳", role="sales", actor=SYSTEM
    )


def sign_in(person, agent=CHROME, address="192.0.2.7"):
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    answer = client.post("/console/login/", {"login": person.email, "password": person.password})
    assert answer.status_code == 302, answer.content
    return client


def told(merchant):
    with acting_as(merchant):
        return list(
            Message.objects.filter(merchant_id=merchant, event="sign_in.new").order_by("id")
        )


class TestNewPlaces:
    def test_the_first_is_no_news_and_neither_is_the_same_network(self, merchant, person):
        sign_in(person)
        sign_in(person, address="192.0.2.99")

        assert told(merchant) == []

    def test_another_device_or_network_is_mailed_to_the_person_once(self, merchant, person):
        sign_in(person)
        sign_in(person, agent=PHONE)
        sign_in(person, address="198.51.100.7")
        sign_in(person, address="198.51.100.8")

        rows = told(merchant)
        assert [row.recipient for row in rows] == [person.email, person.email]
        assert rows[0].context["device"] == "Safari · iPhone"
        assert rows[1].context["address"] == "198.51.100.7"
        actions = [
            row.action
            for row in queries.audit_page(
                merchant_id=merchant, where=queries.AuditFilter(action="account.new_place")
            ).rows
        ]
        assert len(actions) == 2

    def test_the_mail_has_a_link_that_is_kept_nowhere(self, merchant, person):
        sign_in(person)
        sign_in(person, agent=PHONE)
        (row,) = told(merchant)

        assert "not-me" not in str(row.context)
        filling = mail_links._fill(Sending(merchant, row.uid, Event(row.event), row.context))
        assert filling is not None
        assert re.search(r"/console/not-me/[\w:-]+/", str(filling.values["link"]))

    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2::5", "2001:db8:1::/48"),
            ("", ""),
        ],
    )
    def test_networks(self, address, network):
        assert network_of(address) == network


class TestItWasNotMe:
    def token(self, person):
        return not_me_token(Place(person.user_id, "Safari · iPhone", "192.0.2.0/24"))

    def test_the_link_alone_ends_nothing(self, person):
        client = sign_in(person)

        answer = Client().get(f"/console/not-me/{self.token(person)}/")

        assert answer.status_code == 200
        assert client.get("/console/account/").status_code == 200

    def test_the_button_ends_every_session_and_is_logged(self, merchant, person):
        one, two = sign_in(person), sign_in(person, agent=PHONE)

        Client().post(f"/console/not-me/{self.token(person)}/")

        for client in (one, two):
            assert client.get("/console/account/")["Location"].startswith("/console/login/")
        (row,) = queries.audit_page(
            merchant_id=merchant, where=queries.AuditFilter(action="account.not_me")
        ).rows
        assert row.actor_label == person.email
        # The place is news again.
        before = len(told(merchant))
        sign_in(person, agent=PHONE)
        assert len(told(merchant)) == before + 1

    def test_a_token_that_was_changed_or_is_old_opens_nothing(self, person, monkeypatch):
        token = self.token(person)
        assert read_not_me(token) is not None
        assert read_not_me(token[:-2] + "xx") is None
        assert Client().post("/console/not-me/nothing/").status_code == 404
        monkeypatch.setattr("kacang.web.sign_in_tokens.GOOD_SECONDS", -1)
        assert read_not_me(token) is None


class TestLook:
    def test_is_kept_with_the_person_on_every_device(self, person):
        client = sign_in(person)
        client.post("/console/account/theme/", {"theme": "dark"})

        page = sign_in(person, agent=PHONE).get("/console/account/").content.decode()

        assert 'data-theme="dark" data-bs-theme="dark"' in page

    def test_refuses_another_word(self, person):
        client = sign_in(person)
        assert client.post("/console/account/theme/", {"theme": "pink"}).status_code == 422
