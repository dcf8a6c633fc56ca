"""Standard Webhooks: held to the published vector and to the package of that name."""

import base64
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from kacang.payments.companies import webhooks
from kacang.payments.ports import BadSecrets, BadSignature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
AT = datetime.fromtimestamp(STAMP, UTC)


def headers(**changes: str | None) -> dict[str, str]:
    every = {"id": MESSAGE, "timestamp": str(STAMP), "signature": SIGNATURE, **changes}
    return {f"webhook-{name}": value for name, value in every.items() if value is not None}


class TestSigning:
    def test_gives_the_published_signature(self):
        assert webhooks.sign(SECRET, MESSAGE, STAMP, BODY) == SIGNATURE

    def test_agrees_with_the_package(self):
        secret, now = webhooks.new_secret(), datetime.now(UTC).replace(microsecond=0)
        body = secrets.token_hex(50)

        signed = webhooks.sign(secret, "msg_1", int(now.timestamp()), body.encode())

        assert signed == Webhook(secret).sign("msg_1", now, body)

    def test_is_understood_by_the_package(self):
        secret, now = webhooks.new_secret(), int(datetime.now(UTC).timestamp())
        signed = webhooks.sign(secret, "msg_1", now, b'{"a": 1}')

        sent = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(now),
            "webhook-signature": signed,
        }
        assert Webhook(secret).verify('{"a": 1}', sent) == {"a": 1}


class TestChecking:
    def test_takes_what_is_right(self):
        assert webhooks.check([SECRET], headers(), BODY, AT) == MESSAGE

    def test_takes_what_the_package_signed(self):
        secret, now = webhooks.new_secret(), datetime.now(UTC)
        signed = Webhook(secret).sign("msg_2", now, "body")

        sent = {
            "webhook-id": "msg_2",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signed,
        }
        assert webhooks.check([secret], sent, b"body", now) == "msg_2"

    @pytest.mark.parametrize(
        "signature",
        [f"v1,AAAA {SIGNATURE}", f"v1a,xyz {SIGNATURE}", f"{SIGNATURE} {SIGNATURE}"],
    )
    def test_takes_one_of_several_signatures(self, signature):
        assert webhooks.check([SECRET], headers(signature=signature), BODY, AT) == MESSAGE

    def test_takes_either_secret_during_a_rotation(self):
        new = webhooks.new_secret()

        assert webhooks.check([new, SECRET], headers(), BODY, AT) == MESSAGE
        with pytest.raises(BadSignature):
            webhooks.check([new], headers(), BODY, AT)

    @pytest.mark.parametrize("seconds", [-300, 0, 300])
    def test_takes_five_minutes_either_way(self, seconds):
        at = AT + timedelta(seconds=seconds)

        assert webhooks.check([SECRET], headers(), BODY, at) == MESSAGE

    @pytest.mark.parametrize("seconds", [-301, 301, 86_400])
    def test_refuses_what_is_further_off(self, seconds):
        with pytest.raises(BadSignature):
            webhooks.check([SECRET], headers(), BODY, AT + timedelta(seconds=seconds))

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": None}, {"id": ""}, {"id": "msg_other"}, {"id": "m" * 65}, {"id": "消息"},
            {"timestamp": None}, {"timestamp": ""}, {"timestamp": "x"}, {"timestamp": "-1"},
            {"timestamp": "1e9"}, {"timestamp": "١٦"}, {"timestamp": "9" * 40},
            {"timestamp": str(STAMP + 1)},
            {"signature": None}, {"signature": ""}, {"signature": "v1,"},
            {"signature": SIGNATURE.removeprefix("v1,")}, {"signature": "v2," + SIGNATURE[3:]},
            {"signature": "v1a," + SIGNATURE[3:]}, {"signature": "V1," + SIGNATURE[3:]},
            {"signature": SIGNATURE[:-2] + "=="}, {"signature": SIGNATURE.lower()},
            {"signature": "v1,签名"}, {"signature": "v1,x " * 20 + SIGNATURE},
        ],
    )  # fmt: skip
    def test_refuses_what_is_wrong(self, changes):
        with pytest.raises(BadSignature):
            webhooks.check([SECRET], headers(**changes), BODY, AT)

    def test_refuses_a_changed_body(self):
        with pytest.raises(BadSignature):
            webhooks.check([SECRET], headers(), BODY + b" ", AT)

    @pytest.mark.parametrize("active", [[], [""], ["whsec_"], ["not-a-secret"], ["whsec_!!!"]])
    def test_L9_an_account_without_a_secret_believes_nobody(self, active):
        # What an empty key would sign: elsewhere this is the way in.
        forged = base64.b64encode(hmac.digest(b"", b"x", "sha256")).decode()

        for signature in (SIGNATURE, f"v1,{forged}", "v1,"):
            with pytest.raises(BadSignature):
                webhooks.check(active, headers(signature=signature), BODY, AT)


class TestSecrets:
    def test_are_long_and_new(self):
        first, second = webhooks.new_secret(), webhooks.new_secret()

        assert first != second
        assert len(webhooks.key_of(first)) == 32

    @pytest.mark.parametrize(
        "secret",
        ["", "whsec_", "whsec_AAAA", "AAAA", "whsec_" + "A" * 31, "whsec_***",
         "whsec_" + base64.b64encode(bytes(65)).decode()],
    )  # fmt: skip
    def test_of_another_form_are_refused(self, secret):
        with pytest.raises(BadSecrets):
            webhooks.key_of(secret)
