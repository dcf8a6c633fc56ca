"""J2: other systems are told what happens: signed, once, again until they answer, never inwards."""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from standardwebhooks import Webhook

from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.messages.webhooks import operations, queries, sending
from kacang.messages.webhooks.events import EVENTS, UnknownEvent
from kacang.messages.webhooks.models import WebhookMessage
from kacang.messages.webhooks.operations import (
    BadUrl,
    EndpointDraft,
    EndpointOff,
    TooManyEndpoints,
    TooManyTests,
    UnknownHook,
)
from kacang.messages.webhooks.queries import EndpointState, HookState, UnknownEndpoint
from kacang.shared.clock import utc_now
from kacang.shared.signed_messages import signature
from kacang.shared.states import WrongState
from tests.messages.hooking import (
    DATA,
    OWNER,
    add,
    endpoint_row,
    listen,
    queued,
    rows,
    send,
    tell,
)


class TestAddresses:
    def test_the_secret_is_told_once_and_kept_sealed(self, merchant, database):
        draft = EndpointDraft("https://erp.example.com/in", ("order.paid",), "ERP")
        made = operations.add_endpoint(merchant_id=merchant, draft=draft, actor=OWNER)

        assert made.secret.startswith("whsec_")
        assert made.secret not in repr(made)
        (found,) = queries.endpoints(merchant_id=merchant)
        assert (found.uid, found.url, found.events) == (made.uid, draft.url, ("order.paid",))
        with psycopg.connect(database.dsn("superuser")) as superuser:
            (row,) = superuser.execute(
                "select t::text from webhook_endpoint t where uid = %s", [made.uid]
            ).fetchall()
        assert made.secret.removeprefix("whsec_")[:20] not in row[0]

    @pytest.mark.parametrize(
        "url",
        [
            "", "http://erp.example.com/", "ftp://erp.example.com/", "https://", "erp.example.com",
            "https://user:pw@erp.example.com/", "https://erp.example.com/#x", "https://a b/",
            "https://erp.example.com/\r\nx-evil: 1", "https://erp.example.com:99999/",
            "https://商店.example/", "javascript:alert(1)", "https://x/" + "a" * 500,
        ],
    )  # fmt: skip
    def test_what_is_no_address_on_the_internet_is_refused(self, merchant, url):
        with pytest.raises(BadUrl):
            add(merchant, url)

        assert queries.endpoints(merchant_id=merchant) == []

    def test_an_event_that_there_is_not_is_refused(self, merchant):
        with pytest.raises(UnknownEvent):
            add(merchant, "https://erp.example.com/", "order.exploded")

    def test_at_most_twenty(self, merchant):
        for _ in range(20):
            add(merchant)

        with pytest.raises(TooManyEndpoints):
            add(merchant)
        assert len(queries.endpoints(merchant_id=merchant)) == 20

    def test_every_act_stands_in_the_audit_log_without_the_secret(self, merchant):
        uid = add(merchant)
        draft = EndpointDraft("https://new.example.com/", (), "")
        operations.change_endpoint(merchant_id=merchant, uid=uid, draft=draft, actor=OWNER)
        operations.switch_endpoint(merchant_id=merchant, uid=uid, on=False, actor=OWNER)
        now = utc_now()
        made = operations.new_endpoint_secret(merchant_id=merchant, uid=uid, actor=OWNER, now=now)
        operations.remove_endpoint(merchant_id=merchant, uid=uid, actor=OWNER, now=now)

        with acting_as(merchant):
            entries = list(
                AuditEntry.objects.filter(merchant_id=merchant, object_uid=uid).order_by("at")
            )
        assert [entry.action for entry in entries] == [
            "webhooks.create", "webhooks.change", "webhooks.switch_off", "webhooks.new_secret",
            "webhooks.remove",
        ]  # fmt: skip
        assert made.secret not in repr([(entry.before, entry.after) for entry in entries])

    def test_a_removed_one_has_no_secret_left_and_is_not_found(self, merchant):
        uid = add(merchant)

        operations.remove_endpoint(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        assert endpoint_row(merchant, uid).secret == b""
        assert queries.endpoints(merchant_id=merchant) == []
        with pytest.raises(UnknownEndpoint):
            queries.endpoint(merchant_id=merchant, uid=uid)
        with pytest.raises(UnknownEndpoint):
            operations.remove_endpoint(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

    def test_I2_another_merchants_is_not_found(self, merchant, other_merchant):
        uid = add(other_merchant)

        with pytest.raises(UnknownEndpoint):
            operations.switch_endpoint(merchant_id=merchant, uid=uid, on=False, actor=SYSTEM)
        assert queries.endpoint(merchant_id=other_merchant, uid=uid).state is EndpointState.ON


class TestTelling:
    def test_it_arrives_signed_with_the_words_that_are_documented(self, merchant, receiver):
        listen(merchant, receiver)

        assert tell(merchant) == 1
        assert send(merchant) is HookState.SENT

        (heard,) = receiver.heard
        (row,) = rows(merchant)
        assert (heard.id, heard.type, heard.data) == (row.uid, "order.delivered", DATA)
        assert json.loads(heard.body)["timestamp"].endswith("Z")
        asked = receiver.calls[0]
        # The package of the standard's own authors agrees.
        said = Webhook(receiver.secret).verify(asked.body, dict(asked.headers))
        assert said == {"type": "order.delivered", "timestamp": said["timestamp"], "data": DATA}

    def test_the_published_vector(self):
        assert (
            signature(
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1614265330,
                b'{"test": 2432232314}',
            )
            == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        )

    def test_once_per_occasion_however_often_the_job_runs(self, merchant, receiver):
        listen(merchant, receiver)

        assert [tell(merchant), tell(merchant), tell(merchant, "B")] == [1, 0, 1]
        assert len(queued(merchant)) == 2

    def test_only_who_chose_the_event_is_told(self, merchant):
        chosen = add(merchant, "https://a.example.com/", "order.refunded")
        everything = add(merchant, "https://b.example.com/")
        off = add(merchant, "https://c.example.com/")
        operations.switch_endpoint(merchant_id=merchant, uid=off, on=False, actor=SYSTEM)

        assert tell(merchant) == 1
        assert tell(merchant, event="order.refunded") == 2
        told = [(row.endpoint_id, row.event) for row in rows(merchant)]
        ids = {uid: endpoint_row(merchant, uid).pk for uid in (chosen, everything)}
        assert told == [
            (ids[everything], "order.delivered"),
            (ids[chosen], "order.refunded"),
            (ids[everything], "order.refunded"),
        ]

    def test_I2_of_another_merchants_events_nobody_hears(self, merchant, other_merchant, receiver):
        listen(merchant, receiver)

        assert tell(other_merchant) == 0
        assert rows(merchant) == []

    def test_both_secrets_sign_for_a_day(self, merchant, receiver):
        uid = listen(merchant, receiver)
        now = utc_now()
        new = operations.new_endpoint_secret(
            merchant_id=merchant, uid=uid, actor=OWNER, now=now
        ).secret
        old, receiver_secrets = receiver.secret, []

        for secret, at in ((old, now), (new, now), (new, now + timedelta(hours=25))):
            receiver.secret = secret
            receiver_secrets.append(secret)
            tell(merchant, once=str(len(receiver_secrets)))
            headers = sending.signed_headers(
                _with_endpoint(merchant, rows(merchant)[-1]), b"{}", at
            )
            assert len(headers["webhook-signature"].split()) == (2 if at == now else 1)
            assert send(merchant) is HookState.SENT

    def test_merchants_who_listen_are_known_without_acting_for_one(self, merchant, other_merchant):
        uid = add(merchant)
        assert merchant in queries.listening_merchants()
        assert other_merchant not in queries.listening_merchants()

        operations.switch_endpoint(merchant_id=merchant, uid=uid, on=False, actor=SYSTEM)
        assert merchant not in queries.listening_merchants()

    def test_every_event_has_words_in_both_languages(self):
        assert all(set(text) == {"zh-Hans", "en"} for text in EVENTS.values())


def _with_endpoint(merchant: int, row: WebhookMessage) -> WebhookMessage:
    row.endpoint = endpoint_row(merchant, queries.endpoints(merchant_id=merchant)[0].uid)
    return row


class TestByHand:
    def test_a_message_is_sent_again_under_its_id(self, merchant, receiver):
        listen(merchant, receiver)
        tell(merchant)
        send(merchant)

        operations.replay(merchant_id=merchant, uid=rows(merchant)[0].uid, actor=OWNER)

        assert send(merchant) is HookState.SENT
        assert len({one.id for one in receiver.heard}) == 1
        assert len(receiver.heard) == 2

    def test_what_waits_or_is_nobodys_is_not(self, merchant, other_merchant, receiver):
        listen(merchant, receiver)
        tell(merchant)
        uid = rows(merchant)[0].uid

        with pytest.raises(WrongState):
            operations.replay(merchant_id=merchant, uid=uid, actor=OWNER)
        with pytest.raises(UnknownHook):
            operations.replay(merchant_id=other_merchant, uid=uid, actor=OWNER)

    def test_nothing_is_sent_again_where_it_is_off(self, merchant, receiver):
        uid = listen(merchant, receiver)
        tell(merchant)
        send(merchant)
        operations.switch_endpoint(merchant_id=merchant, uid=uid, on=False, actor=OWNER)

        with pytest.raises(EndpointOff):
            operations.replay(merchant_id=merchant, uid=rows(merchant)[0].uid, actor=OWNER)
        with pytest.raises(EndpointOff):
            operations.send_test(merchant_id=merchant, uid=uid, now=utc_now())

    def test_a_test_arrives_and_ten_a_minute_are_enough(self, merchant, receiver):
        uid = listen(merchant, receiver, "order.refunded")
        for _ in range(10):
            operations.send_test(merchant_id=merchant, uid=uid, now=utc_now())

        assert send(merchant) is HookState.SENT
        assert receiver.heard[0].type == "webhook.test"
        with pytest.raises(TooManyTests):
            operations.send_test(merchant_id=merchant, uid=uid, now=utc_now())


class TestLog:
    def test_pages_without_gaps_and_by_state(self, merchant, receiver):
        uid = listen(merchant, receiver)
        for at in range(5):
            tell(merchant, once=str(at))
        send(merchant)

        first = queries.hooks(merchant_id=merchant, endpoint_uid=uid, limit=3)
        second = queries.hooks(
            merchant_id=merchant, endpoint_uid=uid, limit=3, cursor=first.next_cursor
        )
        newest_first = [row.uid for row in reversed(rows(merchant))]
        assert [row.uid for row in (*first.rows, *second.rows)] == newest_first
        assert second.next_cursor == ""
        sent = queries.hooks(merchant_id=merchant, endpoint_uid=uid, state=HookState.SENT)
        assert [row.uid for row in sent.rows] == newest_first[:1]

    def test_tries_lie_in_the_partition_of_their_month(self, merchant, receiver, database):
        listen(merchant, receiver)
        tell(merchant)
        send(merchant)

        with psycopg.connect(database.dsn("superuser")) as superuser:
            found = superuser.execute(
                "select tableoid::regclass::text from webhook_try where merchant_id = %s",
                [merchant],
            ).fetchall()
        assert found == [(f"webhook_try_{datetime.now(UTC):%Y%m}",)]
