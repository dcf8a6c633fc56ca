"""N1, rule 27: own words for each message: names checked, history kept, nothing injected."""

import re

import pytest
from django.template.loader import get_template
from hypothesis import given
from hypothesis import strategies as st

from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages import rendering
from kacang.messages.events import Event
from kacang.messages.models import Message, MessageState
from kacang.messages.operations import Filling, Tell, TooManyExamples
from kacang.messages.wording import operations
from kacang.messages.wording.house import channels_of, file_of, house_words
from kacang.messages.wording.operations import AlwaysSent, NoSuchChannel, Place
from kacang.messages.wording.queries import cells, history, is_on, own_words
from kacang.messages.wording.texts import (
    BadBraces,
    BadWording,
    MissingVariable,
    UnknownVariable,
    Wording,
    checked,
    fill,
    names_in,
    parts_of,
)
from kacang.messages.wording.variables import EMAIL, IN_APP, SMS, examples, needed, variables
from kacang.shared.clock import utc_now
from tests.messages.belling import bell
from tests.messages.test_messages import LINK, a_tell, rows, send

OWNER = Actor("user", None, "owner@example.com")
DELIVERED = Place(Event.ORDER_DELIVERED, EMAIL, "zh-Hans")
OWN = Wording("您的宝贝 {{ order }} 到啦", "亲，{{ title }} 在这里：\n\n{{ link }}")
EVERY = [
    (event, channel, language)
    for event in Event
    for channel in channels_of(event)
    for language in ("zh-Hans", "en")
]


def save(merchant: int, wording: Wording = OWN, place: Place = DELIVERED) -> int:
    return operations.save_words(merchant_id=merchant, place=place, wording=wording, actor=OWNER)


class TestHouse:
    @pytest.mark.parametrize(("event", "channel", "language"), EVERY)
    def test_the_houses_own_words_are_such_as_a_merchant_may_write(self, event, channel, language):
        words = house_words(event, channel, language)

        assert checked(event, channel, words) == words

    @pytest.mark.parametrize("event", list(Event))
    def test_a_mail_of_the_house_knows_names_and_nothing_else(self, event):
        for language in ("zh-Hans", "en"):
            source = get_template(file_of(event, language)).template.source  # type: ignore[attr-defined]
            tags = re.findall(r"\{%.*?%\}", source)
            assert set(tags) <= {"{% autoescape off %}", "{% endautoescape %}"}

    @pytest.mark.parametrize(("event", "channel", "language"), EVERY)
    def test_every_name_has_an_example_and_words(self, event, channel, language):
        found = examples(event, channel, language)
        assert all(found.values())
        assert needed(event, channel) <= set(found)
        assert not set(found) & {"secret", "password", "email", "phone"}
        assert all(one.words.get("en") and one.words.get("zh-Hans")
                   for one in variables(event, channel))  # fmt: skip

    @pytest.mark.parametrize(
        ("way", "said"),
        [
            ({"to_wallet": True, "by_hand": False}, "余额"),
            ({"to_wallet": False, "by_hand": True}, "人工"),
            ({"to_wallet": False, "by_hand": False}, "原路"),
        ],
    )
    def test_P4_which_way_money_goes_back_is_said_rightly(self, way, said):
        context = {"order": "1", "title": "t", "amount": "¥1.00", "link": LINK, **way}

        text = rendering.mail("order.refunded", "zh-Hans", context).text

        assert [one for one in ("余额", "人工", "原路") if one in text] == [said]


class TestChecking:
    @pytest.mark.parametrize(
        ("wording", "error"),
        [
            (Wording("x", "{{ secret }} {{ link }}"), UnknownVariable),
            (Wording("{{ card }}", "{{ link }}"), UnknownVariable),
            (Wording("x", "without the link"), MissingVariable),
            (Wording("", "{{ link }}"), BadWording),
            (Wording("x", "  "), BadWording),
            (Wording("x" * 151, "{{ link }}"), BadWording),
            (Wording("x", "{{ link }}" + "x" * 5_000), BadWording),
            (Wording("x", "{{ link }}\x07"), BadWording),
            (Wording("x", "{% load i18n %}{{ link }}"), BadBraces),
            (Wording("x", "{{ link }} {{ order.secret }}"), BadBraces),
            (Wording("x", "{{ link }} {{ order|safe }}"), BadBraces),
            (Wording("x", "{{ link }} {# note #}"), BadBraces),
            (Wording("x", "{{ link }} {{"), BadBraces),
        ],
    )
    def test_what_cannot_be_sent_is_refused_and_not_kept(self, merchant, wording, error):
        with pytest.raises(error):
            save(merchant, wording)

        assert own_words(merchant_id=merchant, channel=EMAIL) == {}

    def test_links_and_codes_are_for_mails_alone(self):
        with pytest.raises(UnknownVariable):
            checked(Event.ORDER_DELIVERED, SMS, Wording("", "{{ link }}"))

    def test_a_subject_is_one_line(self):
        kept = checked(
            Event.ORDER_DELIVERED, EMAIL, Wording("a\r\nBcc: x@example.com", "{{ link }}")
        )
        assert kept.subject == "a Bcc: x@example.com"

    @pytest.mark.parametrize(
        ("event", "channel"), [("x", EMAIL), ("order.delivered", IN_APP), ("order.code", SMS)]
    )
    def test_what_is_not_told_that_way_has_no_words(self, merchant, event, channel):
        with pytest.raises(NoSuchChannel):
            save(merchant, place=Place(event, channel, "en"))

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_a_value_is_put_in_once_and_never_read_again(self, value, around):
        around = around.replace("{", "").replace("}", "")
        assert fill(around + "{{ order }}" + around, {"order": value}) == around + value + around
        assert fill("{{ order }}", {"order": "{{ title }}", "title": "x"}) == "{{ title }}"

    @pytest.mark.parametrize(
        ("length", "sign", "parts"),
        [(70, "", 1), (71, "", 2), (134, "", 2), (135, "", 3), (64, "小鹿数卡", 1),
         (65, "小鹿数卡", 2)],
    )  # fmt: skip
    def test_parts_of_a_text_message_are_counted_with_the_signature(self, length, sign, parts):
        assert parts_of("字" * length, sign) == parts

    def test_an_emoji_counts_twice(self):
        assert parts_of("字" * 68 + "🦌") == 1
        assert parts_of("字" * 69 + "🦌") == 2


class TestOwnWords:
    def test_are_what_is_sent_in_their_language_alone(self, merchant, postbox):
        save(merchant)
        for language in ("zh-Hans", "en"):
            message = a_tell(once=language, language=language)
            messages.tell(merchant_id=merchant, message=message)
        for row in rows(merchant):
            send(merchant, row.uid)

        chinese, english = postbox.mails
        assert chinese["subject"].strip() == "您的宝贝 20261123ABC 到啦"
        assert "亲，视频会员 在这里：" in chinese.get_body(("plain",)).get_content()
        assert f'<a href="{LINK}">' in chinese.get_body(("html",)).get_content()
        assert "is delivered" in english["subject"]

    def test_say_markup_as_text_and_break_no_header(self, merchant, postbox):
        save(merchant, Wording("{{ order }}", "<b>x</b><script>1</script>\n\n{{ link }}"))
        nasty = "1\r\nBcc: all@example.com"
        messages.tell(
            merchant_id=merchant, message=a_tell(context={"order": nasty, "title": "<img src=x>"})
        )

        assert send(merchant) is MessageState.SENT

        html = postbox.mails[0].get_body(("html",)).get_content()
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert postbox.mails[0]["bcc"] is None
        assert postbox.recipients == ["zhao@example.com"]

    def test_are_read_in_the_console_too(self, merchant):
        place = Place(Event.STAFF_LOW_STOCK, IN_APP, "zh-Hans")
        save(merchant, Wording("快没了：{{ title }}", "只剩 {{ left }}"), place)
        message = Tell(Event.STAFF_LOW_STOCK, "1", {"title": "年卡", "left": 2}, in_app=True)
        messages.tell(merchant_id=merchant, message=message)

        (notice,) = bell(merchant, "zh-hans")
        assert (notice.title, notice.line) == ("快没了：年卡", "只剩 2")
        (notice,) = bell(merchant, "en")
        assert notice.title == "年卡 is running low"

    def test_every_version_is_kept_and_can_be_gone_back_from(self, merchant):
        assert save(merchant) == 1
        assert save(merchant) == 0
        assert save(merchant, Wording("二", "{{ link }}")) == 2
        assert operations.reset_words(merchant_id=merchant, place=DELIVERED, actor=OWNER) == 3

        found = history(
            merchant_id=merchant, event=Event.ORDER_DELIVERED, channel=EMAIL, language="zh-Hans"
        )
        assert [(one.version, one.wording.subject, one.is_house) for one in found] == [
            (3, "", True), (2, "二", False), (1, OWN.subject, False),
        ]  # fmt: skip
        assert own_words(merchant_id=merchant, channel=EMAIL) == {}
        with acting_as(merchant):
            actions = AuditEntry.objects.filter(merchant_id=merchant, object_kind="message")
            assert [entry.action for entry in actions.order_by("at", "id")] == [
                "messages.wording", "messages.wording", "messages.wording_reset",
            ]  # fmt: skip

    def test_the_houses_words_written_again_are_the_houses(self, merchant):
        house = house_words(Event.ORDER_DELIVERED, EMAIL, "zh-Hans")

        assert save(merchant, house) == 0
        save(merchant)
        save(merchant, house)
        assert own_words(merchant_id=merchant, channel=EMAIL) == {}

    def test_I2_are_nobody_elses(self, merchant, other_merchant):
        save(other_merchant)

        assert own_words(merchant_id=merchant, channel=EMAIL) == {}
        assert len(own_words(merchant_id=other_merchant, channel=EMAIL)) == 1


class TestSwitches:
    def test_what_is_off_is_not_told_and_what_is_asked_for_is(self, merchant):
        operations.switch(
            merchant_id=merchant, event="order.replaced", channel=EMAIL, on=False, actor=OWNER
        )

        told = a_tell(event=Event.ORDER_REPLACED)
        assert messages.tell(merchant_id=merchant, message=told) == 0
        assert rows(merchant) == []
        asked = a_tell(event=Event.ORDER_REPLACED, is_asked_for=True)
        assert messages.tell(merchant_id=merchant, message=asked) == 1

    def test_a_text_message_costs_and_is_off_until_it_is_wanted(self, merchant):
        told = a_tell(emails=[], phones=["+8613800138000"])
        assert messages.tell(merchant_id=merchant, message=told) == 0
        operations.switch(
            merchant_id=merchant, event="order.delivered", channel=SMS, on=True, actor=OWNER
        )
        assert messages.tell(merchant_id=merchant, message=told) == 1

    def test_the_switch_of_a_setting_is_the_setting(self, merchant):
        assert is_on(merchant_id=merchant, event=Event.ORDER_WAITING, channel=EMAIL)
        operations.switch(
            merchant_id=merchant, event="order.waiting", channel=EMAIL, on=False, actor=OWNER
        )
        assert not is_on(merchant_id=merchant, event=Event.ORDER_WAITING, channel=EMAIL)

    def test_a_code_is_always_sent(self, merchant):
        with pytest.raises(AlwaysSent):
            operations.switch(
                merchant_id=merchant, event="order.code", channel=EMAIL, on=False, actor=OWNER
            )
        (cell,) = [one for one in cells(merchant_id=merchant) if one.event == Event.ORDER_CODE]
        assert (cell.is_on, cell.is_fixed) == (True, True)

    def test_own_words_are_shown_in_the_matrix(self, merchant):
        save(merchant)
        found = {(one.event, one.channel): one.own for one in cells(merchant_id=merchant)}
        assert found[Event.ORDER_DELIVERED, EMAIL] == ("zh-Hans",)
        assert sum(map(len, found.values())) == 1


class TestExamples:
    def test_one_is_sent_to_whoever_asks_with_examples_in_it(self, merchant, postbox):
        save(merchant)
        messages.tell_example(
            merchant_id=merchant, place=DELIVERED, recipient="me@example.com", now=utc_now()
        )

        assert send(merchant, fill=lambda _sending: Filling({"link": LINK})) is MessageState.SENT

        assert postbox.recipients == ["me@example.com"]
        assert names_in(postbox.mails[0].get_body(("plain",)).get_content()) == []
        assert "202611260K7QW2M9XB" in postbox.mails[0]["subject"]
        with acting_as(merchant):
            assert Message.objects.get(merchant_id=merchant).context == {"example": 1}

    def test_ten_an_hour_are_enough(self, merchant):
        for _ in range(10):
            messages.tell_example(
                merchant_id=merchant, place=DELIVERED, recipient="me@example.com", now=utc_now()
            )
        with pytest.raises(TooManyExamples):
            messages.tell_example(
                merchant_id=merchant, place=DELIVERED, recipient="me@example.com", now=utc_now()
            )
        assert len(rows(merchant)) == 10
