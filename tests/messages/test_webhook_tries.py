"""J2: called again until it answers, for three days; never inwards, never in a transaction."""

from datetime import timedelta

import pytest
from django.test import override_settings

from kacang.merchants.tenancy import acting_as
from kacang.messages import outside
from kacang.messages.webhooks import operations, queries
from kacang.messages.webhooks.models import WebhookMessage
from kacang.messages.webhooks.operations import (
    UnknownHook,
)
from kacang.messages.webhooks.queries import EndpointState, HookState
from kacang.messages.webhooks.sending import BACK_OFF, GIVE_UP
from kacang.shared.clock import utc_now
from simulators.webhook_receiver.server import Refusal
from tests.messages.belling import bell
from tests.messages.hooking import (
    OWNER,
    add,
    listen,
    queued,
    rows,
    send,
    tell,
)


class TestTrying:
    def test_again_after_growing_waits_with_the_same_id_and_words(self, merchant, receiver):
        listen(merchant, receiver)
        receiver.refusals = [Refusal(500), Refusal(302), Refusal(404)]
        tell(merchant)

        states = [send(merchant) for _ in range(4)]

        waiting = HookState.WAITING
        assert states == [waiting, waiting, waiting, HookState.SENT]
        assert {(one.headers["webhook-id"], one.body) for one in receiver.calls} == {
            (rows(merchant)[0].uid, receiver.heard[0].body)
        }
        waits = [wait for _, wait in queued(merchant)][1:]
        for wait, base in zip(waits, BACK_OFF, strict=False):
            assert base - 2 <= wait <= base * 1.2 + 2
        tries = queries.tries_of(merchant_id=merchant, uid=rows(merchant)[0].uid)
        assert sorted(one.status for one in tries) == [200, 302, 404, 500]
        assert rows(merchant)[0].tries == 4

    def test_three_days_are_tried(self):
        assert timedelta(hours=68) < timedelta(seconds=sum(BACK_OFF)) <= timedelta(days=3)

    def test_after_the_last_try_it_has_failed(self, merchant, receiver):
        listen(merchant, receiver)
        tell(merchant)
        with acting_as(merchant):
            WebhookMessage.objects.filter(merchant_id=merchant).update(tries=len(BACK_OFF))
        receiver.refusals = [Refusal(500)]

        assert send(merchant) is HookState.FAILED
        assert (rows(merchant)[0].status, rows(merchant)[0].error) == (500, "refused")
        assert len(queued(merchant)) == 1

    def test_what_it_asks_for_with_retry_after_is_waited(self, merchant, receiver):
        listen(merchant, receiver)
        receiver.refusals = [Refusal(429, {"retry-after": "4000"})]
        tell(merchant)

        send(merchant)

        assert 3990 <= queued(merchant)[-1][1] <= 4001

    def test_nobody_there_and_no_time_left_are_told_apart(self, merchant, receiver, monkeypatch):
        listen(merchant, receiver)
        receiver.mood.is_silent = True
        tell(merchant)
        assert send(merchant) is HookState.WAITING
        assert rows(merchant)[0].error == "not_reached"

    def test_what_is_redirected_goes_nowhere(self, merchant, receiver):
        listen(merchant, receiver)
        receiver.refusals = [Refusal(307, {"location": f"{receiver.url}/elsewhere"})]
        tell(merchant)

        send(merchant)

        assert [one.path for one in receiver.calls] == ["/in"]
        assert rows(merchant)[0].status == 307

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"])
    def test_L18_private_addresses_are_never_called(self, merchant, receiver, host):
        port = receiver.url.rpartition(":")[2]
        add(merchant, f"https://{host}:{port}/in")
        outside.client.cache_clear()
        with override_settings(PRIVATE_NETWORKS_ALLOWED=[]):
            outside.client.cache_clear()
            tell(merchant)
            assert send(merchant) is HookState.WAITING

        assert rows(merchant)[0].error == "address_refused"
        assert receiver.calls == []

    def test_L18_no_call_inside_a_transaction(self, merchant, receiver):
        listen(merchant, receiver)
        tell(merchant)
        row = rows(merchant)[0]

        with acting_as(merchant), pytest.raises(RuntimeError, match="transaction"):
            outside.client().post(receiver.url, b"{}")
        assert receiver.calls == []
        assert row.state == HookState.WAITING

    def test_a_message_that_was_sent_is_not_sent_by_a_job_that_runs_twice(self, merchant, receiver):
        listen(merchant, receiver)
        tell(merchant)

        assert [send(merchant), send(merchant)] == [HookState.SENT, HookState.SENT]
        assert len(receiver.calls) == 1

    def test_who_keeps_failing_is_left_alone_for_a_while(self, merchant, receiver):
        uid = listen(merchant, receiver)
        receiver.refusals = [Refusal(500)] * 5
        now = utc_now()
        for at in range(6):
            tell(merchant, once=str(at))
            send(merchant, now)

        # The sixth was put off without a call, and that is no try of it.
        assert len(receiver.calls) == 5
        assert (rows(merchant)[-1].tries, rows(merchant)[-1].state) == (0, HookState.WAITING)
        put_off = rows(merchant)[-1].next_at
        assert put_off is not None
        assert put_off > now
        assert send(merchant, now + timedelta(seconds=30)) is HookState.SENT
        assert queries.endpoint(merchant_id=merchant, uid=uid).failing_since is None

    def test_who_fails_for_five_days_is_switched_off_and_staff_are_told(self, merchant, receiver):
        uid = listen(merchant, receiver)
        receiver.refusals = [Refusal(500), Refusal(500)]
        now = utc_now()
        tell(merchant)
        send(merchant, now)
        tell(merchant, "B")
        send(merchant, now + GIVE_UP)

        assert queries.endpoint(merchant_id=merchant, uid=uid).state is EndpointState.BROKEN
        (notice,) = bell(merchant)
        assert notice.event == "staff.webhook_off"
        assert notice.target == ("webhook", uid)
        # What still waits is not sent, and nothing new is made.
        assert tell(merchant, "C") == 0
        assert send(merchant) is HookState.FAILED
        assert rows(merchant)[-1].error == "endpoint_off"
        assert len(receiver.calls) == 2

    def test_who_says_that_it_is_gone_is_switched_off_at_once(self, merchant, receiver):
        uid = listen(merchant, receiver)
        receiver.refusals = [Refusal(410)]
        tell(merchant)

        assert send(merchant) is HookState.FAILED
        assert queries.endpoint(merchant_id=merchant, uid=uid).state is EndpointState.BROKEN

    def test_switched_on_again_it_begins_anew(self, merchant, receiver):
        uid = listen(merchant, receiver)
        receiver.refusals = [Refusal(410)]
        tell(merchant)
        send(merchant)

        operations.switch_endpoint(merchant_id=merchant, uid=uid, on=True, actor=OWNER)

        found = queries.endpoint(merchant_id=merchant, uid=uid)
        assert (found.state, found.failures, found.failing_since) == (EndpointState.ON, 0, None)
        assert operations.replay_failed(merchant_id=merchant, uid=uid, actor=OWNER) == 1
        assert send(merchant) is HookState.SENT

    def test_I2_another_merchants_message_is_not_sent(self, merchant, other_merchant, receiver):
        listen(other_merchant, receiver)
        tell(other_merchant)

        with pytest.raises(UnknownHook):
            send(merchant, uid=rows(other_merchant)[0].uid)
        assert receiver.calls == []
