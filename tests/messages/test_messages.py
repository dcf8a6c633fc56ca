"""N1, rule 27: told once, sent by a real server, retried, seen when it fails, never a secret."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import override_settings

from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations, queries
from kacang.messages.bell import reading
from kacang.messages.bell.readers import Reader
from kacang.messages.events import NOTICES, Event
from kacang.messages.models import Message, MessageState
from kacang.messages.operations import Filling, Tell, UnknownMessage
from kacang.messages.queries import MessageFilter
from kacang.messages.rendering import mail, notice
from kacang.messages.sending import BACK_OFF
from kacang.shared.states import WrongState

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINE = Reader("mem_1")
TITLE = {"zh-Hans": "视频会员", "en": "Video"}
TOKEN = "tok-8fK2qLw93"
LINK = f"https://shop.example/orders/20261123ABC/?t={TOKEN}"


def a_tell(**fields) -> Tell:
    values = {
        "event": Event.ORDER_DELIVERED,
        "once": "20261123ABC",
        "context": {"order": "20261123ABC", "title": TITLE},
        "emails": ["zhao@example.com"],
    }
    return Tell(**{**values, **fields})


def tell(merchant: int, **fields) -> int:
    return operations.tell(merchant_id=merchant, message=a_tell(**fields))


def rows(merchant: int) -> list[Message]:
    with acting_as(merchant):
        return list(Message.objects.filter(merchant_id=merchant).order_by("id"))


def send(merchant: int, uid: str | None = None, fill=lambda _sending: Filling({"link": LINK})):
    uid = uid or rows(merchant)[-1].uid
    return operations.send(merchant_id=merchant, uid=uid, now=NOW, fill=fill)


def queued(merchant: int) -> list[tuple[str, str, float]]:
    """The sendings that are queued: queue, message, seconds to wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select queue_name, args->>'uid', extract(epoch from scheduled_at - now())"
            " from procrastinate_jobs where task_name = 'messages.send'"
            " and args->>'merchant_id' = %s::text order by id",
            [str(merchant)],
        )
        return [(queue, uid, float(wait or 0)) for queue, uid, wait in cursor.fetchall()]


class TestTell:
    def test_stores_and_queues_the_mail(self, merchant):
        assert tell(merchant, in_app=False) == 1

        (row,) = rows(merchant)
        assert (row.channel, row.state, row.recipient) == (
            "email", MessageState.WAITING, "zhao@example.com",
        )  # fmt: skip
        assert [entry[:2] for entry in queued(merchant)] == [("mail", row.uid)]

    def test_the_same_occasion_is_told_once(self, merchant):
        assert [tell(merchant) for _ in range(3)] == [1, 0, 0]
        assert tell(merchant, once="another") == 1
        assert tell(merchant, emails=["zhao@example.com", "qian@example.com"]) == 1
        assert tell(merchant, event=Event.ORDER_WAITING) == 1

        assert len(rows(merchant)) == len(queued(merchant)) == 4

    def test_is_undone_with_what_it_tells_of(self, merchant):
        def deed() -> None:
            with acting_as(merchant):
                tell(merchant)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            deed()

        assert (rows(merchant), queued(merchant)) == ([], [])

    def test_to_nobody_is_nothing(self, merchant):
        assert tell(merchant, emails=[""]) == 0
        assert rows(merchant) == []


class TestSend:
    def test_brings_a_mail_in_the_buyers_language(self, merchant, postbox):
        tell(merchant)
        tell(merchant, once="en", language="en")
        for row in rows(merchant):
            assert send(merchant, row.uid) is MessageState.SENT

        chinese, english = postbox.mails
        # A folded header begins with a space when it is read back.
        assert chinese["subject"].strip() == "小鹿数卡旗舰店：订单 20261123ABC 已发货"
        assert str(chinese["from"]) == "小鹿数卡旗舰店 <shop@kacang.example>"
        assert chinese["to"] == "zhao@example.com"
        assert "视频会员" in chinese.get_body(("plain",)).get_content()
        assert LINK in chinese.get_body(("plain",)).get_content().splitlines()
        assert f'<a href="{LINK}">' in chinese.get_body(("html",)).get_content()
        assert 'lang="zh-CN"' in chinese.get_body(("html",)).get_content()
        assert english["subject"].strip() == "小鹿数卡旗舰店: order 20261123ABC is delivered"
        assert "Video" in english.get_body(("plain",)).get_content()
        assert chinese["auto-submitted"] == "auto-generated"
        assert chinese["message-id"] == f"<{rows(merchant)[0].uid}@kacang.example>"
        assert {row.sent_at for row in rows(merchant)} == {NOW}

    def test_a_secret_is_in_the_mail_and_in_no_row(self, merchant, postbox):
        tell(merchant)

        send(merchant)

        assert TOKEN in postbox.mails[0].get_body(("plain",)).get_content()
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select row_to_json(m)::text from message m")
            stored = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "select row_to_json(j)::text from procrastinate_jobs j"
                " where args->>'merchant_id' = %s::text",
                [str(merchant)],
            )
            stored += [row[0] for row in cursor.fetchall()]
        assert len(stored) == 2
        assert not any(TOKEN in text for text in stored)

    def test_the_shops_own_name_is_the_senders(self, merchant, postbox):
        merchants.change_settings(merchant_id=merchant, actor=Actor(), values={"shop_name": "鹿"})
        tell(merchant)

        send(merchant)

        assert postbox.mails[0]["subject"].strip().startswith("鹿：")

    def test_merchants_words_break_neither_headers_nor_html(self, merchant, postbox):
        nasty = '<script>x</script>"\r\nBcc: all@example.com'
        tell(merchant, context={"order": nasty, "title": {"zh-Hans": nasty}})

        assert send(merchant) is MessageState.SENT

        assert postbox.recipients == ["zhao@example.com"]
        assert postbox.mails[0]["bcc"] is None
        assert "<script>" not in postbox.mails[0].get_body(("html",)).get_content()

    def test_is_sent_once(self, merchant, postbox):
        tell(merchant)

        assert [send(merchant), send(merchant)] == [MessageState.SENT] * 2

        assert len(postbox.mails) == 1
        assert rows(merchant)[0].tries == 1

    def test_what_has_expired_is_not_sent(self, merchant, postbox):
        tell(merchant, event=Event.ORDER_CODE)

        assert send(merchant, fill=lambda _sending: None) is MessageState.FAILED

        assert postbox.mails == []
        assert rows(merchant)[0].error == "outdated"

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant, postbox):
        tell(merchant)

        with pytest.raises(UnknownMessage):
            send(other_merchant, rows(merchant)[0].uid)

        assert postbox.mails == []

    def test_L18_never_inside_a_transaction(self, merchant, postbox):
        tell(merchant)
        uid = rows(merchant)[0].uid

        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            send(merchant, uid)

        assert postbox.mails == []


class TestTrouble:
    def test_a_refused_address_fails_at_once_and_says_so(self, merchant, postbox):
        postbox.recipient_refusal = "550 no such user"
        tell(merchant)

        assert send(merchant) is MessageState.FAILED

        (row,) = queries.log(merchant_id=merchant).rows
        assert (row.state, row.error, row.tries) == (MessageState.FAILED, "refused 550", 1)
        assert row.problem("en") == "The mail server refused it. (550)"
        assert row.problem("zh-hans") == "对方服务器拒收。 (550)"
        assert len(queued(merchant)) == 1

    def test_a_temporary_refusal_is_tried_again_ever_later(self, merchant, postbox):
        postbox.refusal = "451 try later"
        tell(merchant)

        states = [send(merchant) for _ in range(len(BACK_OFF) + 1)]

        assert states == [MessageState.WAITING] * len(BACK_OFF) + [MessageState.FAILED]
        waits = [round(wait) for _, _, wait in queued(merchant)]
        assert [abs(wait - due) <= 20 for wait, due in zip(waits[1:], BACK_OFF, strict=True)] == (
            [True] * len(BACK_OFF)
        )
        assert rows(merchant)[0].error == "refused 451"

    def test_a_later_try_succeeds(self, merchant, postbox):
        postbox.recipient_refusal = "450 busy"
        tell(merchant)
        first = send(merchant)
        postbox.recipient_refusal = ""

        assert (first, send(merchant)) == (MessageState.WAITING, MessageState.SENT)
        assert (rows(merchant)[0].tries, rows(merchant)[0].error) == (2, "")

    def test_a_server_that_says_nothing(self, merchant, silent_server):
        tell(merchant)

        assert send(merchant) is MessageState.WAITING
        assert rows(merchant)[0].error in {"timeout", "not_reached"}

    def test_no_server_there(self, merchant, postbox):
        tell(merchant)

        with override_settings(EMAIL_PORT=9):
            assert send(merchant) is MessageState.WAITING
        assert rows(merchant)[0].error == "not_reached"

    @override_settings(EMAIL_HOST="")
    def test_no_server_named_is_seen_and_the_console_goes_on(self, merchant):
        tell(merchant, event=Event.STAFF_SUSPENSE, context={"amount": "¥1.00"}, in_app=True)
        mail_row = next(row for row in rows(merchant) if row.channel == "email")

        assert send(merchant, mail_row.uid) is MessageState.FAILED

        assert rows(merchant)[0].error == "not_configured"
        assert reading.unread_count(merchant_id=merchant, reader=MINE) == 1

    def test_a_person_may_have_it_tried_again(self, merchant, postbox):
        postbox.recipient_refusal = "550 no such user"
        tell(merchant)
        send(merchant)
        uid = rows(merchant)[0].uid
        postbox.recipient_refusal = ""

        operations.send_again(merchant_id=merchant, uid=uid)

        assert len(queued(merchant)) == 2
        assert send(merchant) is MessageState.SENT
        with pytest.raises(WrongState):
            operations.send_again(merchant_id=merchant, uid=uid)
        with pytest.raises(UnknownMessage):
            operations.send_again(merchant_id=merchant, uid="msg_nobody")


class TestNotices:
    def test_are_read_in_either_language(self, merchant):
        tell(
            merchant, event=Event.STAFF_LOW_STOCK, emails=[], in_app=True,
            context={"title": TITLE, "left": 2, "threshold": 5, "sku": "sku_x"},
        )  # fmt: skip

        (chinese,) = reading.notices(merchant_id=merchant, reader=MINE, language="zh-hans").rows
        (english,) = reading.notices(merchant_id=merchant, reader=MINE, language="en").rows

        assert (chinese.title, chinese.line) == ("视频会员 库存不足", "剩余 2 件，预警线 5 件。")
        assert (english.title, english.line) == (
            "Video is running low", "2 left; the threshold is 5.",
        )  # fmt: skip
        assert english.target == ("sku", "sku_x")

    def test_reading_them(self, merchant):
        for number in range(3):
            tell(merchant, event=Event.STAFF_SUSPENSE, once=str(number), emails=[], in_app=True)
        newest = reading.notices(merchant_id=merchant, reader=MINE, language="en").rows[0]

        assert reading.mark_read(merchant_id=merchant, reader=MINE, now=NOW, uids=[newest.uid]) == 1
        assert reading.unread_count(merchant_id=merchant, reader=MINE) == 2
        assert reading.mark_read(merchant_id=merchant, reader=MINE, now=NOW) == 2
        assert reading.unread_count(merchant_id=merchant, reader=MINE) == 0
        assert queried_flags(merchant) == [True, True, True]

    def test_of_another_merchant_are_neither_seen_nor_read(self, merchant, other_merchant):
        tell(merchant, event=Event.STAFF_SUSPENSE, emails=[], in_app=True)

        assert reading.notices(merchant_id=other_merchant, reader=MINE, language="en").rows == ()
        assert reading.mark_read(merchant_id=other_merchant, reader=MINE, now=NOW) == 0
        assert reading.unread_count(merchant_id=merchant, reader=MINE) == 1

    def test_are_paged(self, merchant):
        for number in range(5):
            tell(merchant, event=Event.STAFF_SUSPENSE, once=str(number), emails=[], in_app=True)

        first = reading.notices(merchant_id=merchant, reader=MINE, language="en", limit=3)
        second = reading.notices(
            merchant_id=merchant, reader=MINE, language="en", limit=3, cursor=first.next_cursor
        )

        assert (len(first.rows), len(second.rows), second.next_cursor) == (3, 2, "")
        assert not {row.uid for row in first.rows} & {row.uid for row in second.rows}


class TestLog:
    def test_is_narrowed_and_paged(self, merchant):
        for number in range(4):
            tell(merchant, once=str(number), emails=[f"b{number}@example.com"])
        tell(merchant, event=Event.STAFF_SUSPENSE, emails=[], in_app=True)

        first = queries.log(merchant_id=merchant, where=MessageFilter(channel="email"), limit=3)
        rest = queries.log(
            merchant_id=merchant, where=MessageFilter(channel="email"), limit=3,
            cursor=first.next_cursor,
        )  # fmt: skip

        assert [row.recipient[:2] for row in (*first.rows, *rest.rows)] == ["b3", "b2", "b1", "b0"]
        one = MessageFilter(recipient="b2@example.com", state=MessageState.WAITING)
        assert len(queries.log(merchant_id=merchant, where=one).rows) == 1
        assert queries.log(merchant_id=merchant, where=MessageFilter(event="x")).rows == ()


class TestWords:
    @pytest.mark.parametrize("event", list(Event))
    @pytest.mark.parametrize("language", ["zh-Hans", "en"])
    def test_every_event_has_a_mail_without_gaps(self, event, language):
        values = {
            name: f"<{name}>"
            for name in ("shop", "order", "title", "amount", "reason", "left", "threshold", "code")
        }

        words = mail(event.value, language, {**values, "link": LINK})

        assert words.subject
        assert words.text.count("\n\n") >= 1
        assert "{{" not in words.text + words.html
        assert "&lt;" not in words.text
        assert "<shop>" not in words.html
        # A code is typed where it was asked for.
        has_link = event not in {Event.ORDER_CODE, Event.WALLET_CODE}
        assert (LINK in words.text.splitlines()) is has_link

    @pytest.mark.parametrize("event", sorted(NOTICES))
    def test_every_notice_has_both_languages(self, event):
        values = json.loads('{"order": "1", "amount": "2", "title": "t", "left": 1, "reason": ""}')

        for language in ("zh-hans", "en"):
            assert notice(event.value, language, values).title


def queried_flags(merchant: int) -> list[bool]:
    return [
        row.is_read
        for row in reading.notices(merchant_id=merchant, reader=MINE, language="en").rows
    ]
