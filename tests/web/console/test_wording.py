"""The words of messages at the desk (N1): shown, changed, previewed, tried, put back."""

import html

import pytest

from kacang.merchants.tenancy import acting_as
from kacang.messages.events import Event
from kacang.messages.models import Message
from kacang.messages.wording.queries import is_on, own_words
from tests.web.console.conftest import work_as

PAGE = "/console/messages/templates/order.delivered/email/?language=zh-Hans"
OWN = {"subject": "{{ order }} 到啦", "body": "<b>看</b>这里：\n\n{{ link }}"}


def test_every_event_is_in_the_matrix_with_its_channels(owner):
    page = owner.get("/console/messages/templates/").content.decode()

    for event in Event:
        assert f"/console/messages/templates/{event}/email/" in page


@pytest.mark.parametrize("event", list(Event))
def test_every_message_has_a_page_without_gaps(owner, event):
    for channel in ("email", "in_app", "sms"):
        answer = owner.get(f"/console/messages/templates/{event}/{channel}/")
        assert answer.status_code in (200, 404)
    assert owner.get(f"/console/messages/templates/{event}/email/").status_code == 200


def test_words_are_previewed_without_being_kept_then_saved_and_put_back(merchant, owner):
    shown = owner.post(PAGE, {**OWN, "step": "preview"}).content.decode()
    assert "202611260K7QW2M9XB 到啦" in shown
    assert "<b>看</b>" not in shown
    assert own_words(merchant_id=merchant, channel="email") == {}

    assert owner.post(PAGE, {**OWN, "step": "save"}).status_code == 302
    assert "Own words" in owner.get(PAGE).content.decode()
    assert len(own_words(merchant_id=merchant, channel="email")) == 1

    owner.post(PAGE, {"step": "reset"})
    assert own_words(merchant_id=merchant, channel="email") == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ card }} {{ link }}", "There is no name card here"),
        ("nothing", "needs the name link"),
        ("{% if x %}{{ link }}", "write a name as {{ name }}"),
        ("", "required"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(merchant, owner, body, said):
    answer = owner.post(PAGE, {**OWN, "body": body, "step": "save"})

    assert answer.status_code == 422
    assert said in html.unescape(answer.content.decode())
    assert own_words(merchant_id=merchant, channel="email") == {}


def test_a_test_goes_to_who_asks_and_nobody_else(merchant, owner):
    owner.post(PAGE, {**OWN, "step": "try", "recipient": "victim@example.com"})

    with acting_as(merchant):
        (row,) = Message.objects.filter(merchant_id=merchant)
    assert row.recipient.startswith("owner-")


def test_a_channel_is_switched(merchant, owner):
    owner.post(
        "/console/messages/templates/switch/",
        {"event": "order.replaced", "channel": "email", "on": "0"},
    )
    assert not is_on(merchant_id=merchant, event=Event.ORDER_REPLACED, channel="email")
    refused = owner.post(
        "/console/messages/templates/switch/",
        {"event": "order.code", "channel": "email", "on": "0"},
        follow=True,
    )
    assert "cannot be switched off" in refused.content.decode()


def test_I1_who_only_looks_changes_nothing(merchant):
    looker = work_as(merchant, "customer_service")

    assert "Save" not in looker.get(PAGE).content.decode()
    assert looker.post(PAGE, {**OWN, "step": "save"}).status_code == 403
    assert own_words(merchant_id=merchant, channel="email") == {}


def test_the_log_is_narrowed_to_a_channel(merchant, owner):
    owner.post(PAGE, {**OWN, "step": "try"})

    assert "No message fits" in owner.get("/console/messages/?channel=sms").content.decode()
    found = owner.get("/console/messages/?channel=email").content.decode()
    assert "No message fits" not in found
    assert '<option value="email" selected>' in found
