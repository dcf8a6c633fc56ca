"""V4: the master key from a key service, its outages, and wrapping everything under another."""

import json
import secrets
from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import get_session
from django.db import connection
from django.test import RequestFactory
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from kacang.cli.inside import keys as inside
from kacang.merchants import keys, master
from kacang.merchants.adapters.aws_kms import AwsKms, sign
from kacang.merchants.key_services import KeyServiceFailed, NoKeyService, ServicePlace
from kacang.merchants.models import MerchantKind, User
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import CannotOpen
from kacang.web import health
from kacang.web.console.account.signing_in import MFAAdapter

REGION = "eu-central-1"
REAL = master.now


@pytest.fixture(scope="module")
def aws():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def arn(aws, monkeypatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "only-for-tests/EXAMPLEKEY")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    client = get_session().create_client("kms", region_name=REGION, endpoint_url=aws)
    return str(client.create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def by_service(aws, arn, settings):
    """The installation takes its master key from the service."""
    settings.KEY_SERVICE = "aws-kms"
    settings.KEY_SERVICE_KEY = arn
    settings.KEY_SERVICE_URL = aws
    fresh()
    settings.MASTER_KEY_WRAPPED = master.new_wrapped_key()
    yield settings
    fresh()


@pytest.fixture(autouse=True)
def _nothing_kept():
    yield
    fresh()


def fresh() -> None:
    """As a process that has just started."""
    master.forget_master_key()
    keys.forget_keys()


def later(monkeypatch, seconds: float) -> None:
    monkeypatch.setattr("kacang.merchants.master.now", lambda: REAL() + seconds)


def new_merchant() -> int:
    return open_merchant(slug=f"k-{secrets.token_hex(6)}", name="密钥店", kind=MerchantKind.DEMO)


class TestAwsKms:
    def test_wraps_and_unwraps(self, aws, arn):
        kms = AwsKms(ServicePlace(arn, aws))
        plain, wrapped = kms.new_key()
        assert len(plain) == 32
        assert plain not in wrapped
        assert kms.unwrap(wrapped) == plain
        assert kms.new_key()[0] != plain

    def test_signs_as_aws_itself_does(self, arn, monkeypatch):
        monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
        at = datetime(2026, 11, 25, 8, 0, 1, tzinfo=UTC)
        url, body = f"https://kms.{REGION}.amazonaws.com", b'{"KeyId":"x"}'
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.X"}

        ours = sign(url, headers, body, region=REGION, at=at)

        request = AWSRequest("POST", f"{url}/", data=body, headers=dict(headers))
        credentials = Credentials("AKIDEXAMPLE", "only-for-tests/EXAMPLEKEY", "temporary")
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: at)
        SigV4Auth(credentials, "kms", REGION).add_auth(request)
        assert ours["authorization"] == request.headers["Authorization"]
        assert ours["x-amz-date"] == request.headers["X-Amz-Date"]

    def test_says_why_not(self, aws, arn, monkeypatch):
        kms = AwsKms(ServicePlace(arn, aws))
        with pytest.raises(KeyServiceFailed, match=r"^400 "):
            kms.unwrap(b"nothing that AWS made, and longer than what it would look at at all")
        with pytest.raises(KeyServiceFailed, match="ConnectError"):
            AwsKms(ServicePlace(arn, "http://127.0.0.1:9")).new_key()
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(KeyServiceFailed, match="AWS_SECRET_ACCESS_KEY"):
            kms.new_key()

    @pytest.mark.parametrize("key", ["", "alias/kacang", "arn:aws:s3:::bucket"])
    def test_needs_the_arn_of_a_key(self, settings, key):
        settings.KEY_SERVICE, settings.KEY_SERVICE_KEY = "aws-kms", key
        fresh()
        with pytest.raises(NoKeyService):
            master.master_key()


class TestOutage:
    def test_a_new_merchant_seals_and_opens_under_it(self, by_service):
        merchant = new_merchant()
        sealed = keys.cipher_for(merchant).seal("t", "c", b"VIP-1")
        fresh()
        assert keys.cipher_for(merchant).open("t", "c", sealed) == b"VIP-1"
        state = master.master_state()
        assert (state.source, state.usable, state.unreachable_seconds) == ("aws-kms", True, 0)

    def test_is_survived_for_the_set_time_said_and_then_refused(self, by_service, monkeypatch):
        merchant = new_merchant()
        key = master.master_key()
        by_service.MASTER_KEY_CACHE_SECONDS = 600
        where = by_service.KEY_SERVICE_URL
        by_service.KEY_SERVICE_URL = "http://127.0.0.1:9"
        master._service.cache_clear()

        later(monkeypatch, 100)
        assert master.master_key() == key
        state = master.master_state()
        assert state.usable
        assert state.unreachable_seconds >= 1
        assert state.usable_seconds is not None
        assert 480 <= state.usable_seconds <= 500
        assert state.problem == "ConnectError"

        later(monkeypatch, 601)
        keys.forget_keys()
        with pytest.raises(master.MasterKeyUnreachable):
            keys.cipher_for(merchant)
        assert not master.master_state().usable

        by_service.KEY_SERVICE_URL = where
        master._service.cache_clear()
        later(monkeypatch, 611)
        assert master.master_key() == key
        assert master.master_state().unreachable_seconds == 0

    def test_a_process_that_never_had_it_refuses(self, by_service):
        by_service.KEY_SERVICE_URL = "http://127.0.0.1:9"
        fresh()
        with pytest.raises(master.MasterKeyUnreachable):
            master.master_key()

    def test_nobodys_transaction_waits_for_the_service(self, by_service, merchant, monkeypatch):
        key = master.master_key()
        by_service.KEY_SERVICE_URL = "http://127.0.0.1:9"
        master._service.cache_clear()
        later(monkeypatch, 300)
        with acting_as(merchant):
            assert connection.in_atomic_block
            assert master.master_key() == key
        assert master._kept.failing_since is None

    def test_readyz_and_metrics_tell_it(self, by_service, monkeypatch):
        master.master_key()
        by_service.KEY_SERVICE_URL = "http://127.0.0.1:9"
        master._service.cache_clear()
        later(monkeypatch, 100)
        by_service.METRICS_TOKEN = "t"
        ask = RequestFactory().get
        told = json.loads(health.readyz(ask("/readyz", HTTP_AUTHORIZATION="Bearer t")).content)
        assert told["checks"]["master_key"]["problem"] == "ConnectError"
        assert told["checks"]["master_key"]["usable"] is True
        assert "checks" not in json.loads(health.readyz(ask("/readyz")).content)
        text = health.metrics(ask("/metrics", HTTP_AUTHORIZATION="Bearer t")).content.decode()
        assert "kacang_key_service_unreachable_seconds 1.0" in text

    def test_an_unknown_service_is_refused(self, settings):
        settings.KEY_SERVICE = "nobody"
        fresh()
        with pytest.raises(NoKeyService):
            master.master_key()


class TestRewrap:
    def test_moves_keys_and_second_factors_to_another_master_key(self, settings, monkeypatch):
        merchants = [new_merchant() for _ in range(3)]
        sealed = {one: keys.cipher_for(one).seal("t", "c", b"x") for one in merchants}
        adapter = MFAAdapter()
        user = User.objects.create_user(f"{secrets.token_hex(5)}@example.com", "only-for-tests-1Q")
        row = Authenticator.objects.create(
            user=user,
            type="recovery_codes",
            data={"seed": adapter.encrypt("seed"), "used_mask": 3,
                  "migrated_codes": [adapter.encrypt("one"), adapter.encrypt("two")]},
        )  # fmt: skip
        before, after = settings.MASTER_KEY, secrets.token_hex(32)
        settings.MASTER_KEY, settings.MASTER_KEY_PREVIOUS = after, before
        keys.forget_keys()
        # Under way: everything opens, though nothing is moved yet.
        for one in merchants:
            assert keys.cipher_for(one).open("t", "c", sealed[one]) == b"x"
        assert adapter.decrypt(row.data["seed"]) == "seed"

        # Cut off after the first merchant, then run again as a whole.
        assert keys.rewrap_keys(merchant_id=merchants[0]) == 2
        assert keys.keys_under_previous(merchant_id=merchants[0]) == 0
        assert keys.keys_under_previous(merchant_id=merchants[1]) == 2
        monkeypatch.setattr("kacang.cli.inside.keys.queries.all_merchant_ids", lambda: merchants)
        moved, people = inside.rewrap()
        assert moved == 4
        assert people >= 1
        assert inside.rewrap() == (0, 0)
        assert inside.under_previous() == 0

        settings.MASTER_KEY_PREVIOUS = ""
        keys.forget_keys()
        for one in merchants:
            assert keys.cipher_for(one).open("t", "c", sealed[one]) == b"x"
        row.refresh_from_db()
        assert adapter.decrypt(row.data["seed"]) == "seed"
        assert [adapter.decrypt(code) for code in row.data["migrated_codes"]] == ["one", "two"]
        assert row.data["used_mask"] == 3
        # The other way round nothing opens: the old key is of no use any more.
        settings.MASTER_KEY = before
        keys.forget_keys()
        with pytest.raises(CannotOpen):
            keys.cipher_for(merchants[0])
        # Other tests use this database with the first key.
        settings.MASTER_KEY, settings.MASTER_KEY_PREVIOUS = before, after
        keys.forget_keys()
        inside.rewrap()
        row.delete()
