"""Whose signature a message bears: known signatures, WeChat's public key, its certificates (P2)."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kacang.payments.adapters.wechatpay import keys as platform
from kacang.payments.adapters.wechatpay import signing
from kacang.payments.ports import AccountInfo, BadSignature, IncomingMessage, VerifiedNotice
from kacang.shared.money import Money
from simulators.payments.wechatpay import signing as company_signing
from simulators.payments.wechatpay.keys import new_certificate
from simulators.payments.wechatpay.speaking import Way
from tests.payments import wechat
from tests.payments.vectors import public_key, vector
from tests.payments.wechat import CERTIFICATES, WechatCompany, read


@pytest.fixture
def company() -> Iterator[WechatCompany]:
    with wechat.running() as running:
        yield running


@pytest.fixture
def certified() -> Iterator[WechatCompany]:
    """A merchant with platform certificates alone."""
    with wechat.running(**CERTIFICATES) as running:
        running.server.signs_with = Way.CERTIFICATE
        yield running


def calls(company: WechatCompany, path: str = "/v3/certificates") -> int:
    return [each.path for each in company.server.calls].count(path)


def known() -> tuple[AccountInfo, IncomingMessage, datetime]:
    """The account and the message of the vector `wechat_notify`, and when it was sent."""
    told = vector("wechat_notify")
    headers = {name.lower(): value for name, value in told["headers"].items()}
    account = wechat.without(
        wechat.account("http://wechat.test"),
        mchid="1900000109",
        appid="wx8888888888888888",
        public_key_id=headers["wechatpay-serial"],
        public_key=public_key("platform"),
    )
    secrets = {**account.secrets, "api_v3_key": (told["apiv3_key"],)}
    sent_at = datetime.fromtimestamp(int(headers["wechatpay-timestamp"]), UTC)
    message = IncomingMessage(headers=headers, body=told["body"].encode())
    return replace(account, secrets=secrets), message, sent_at


class TestVectors:
    """Signatures that neither side of these tests has made."""

    def test_P2_the_adapter_understands_a_known_notice(self, company):
        account, message, sent_at = known()

        notice = company.provider.read_notice(account, message, sent_at)

        assert notice.payment_number == "P20261123000001"
        assert notice.provider_number == "4200002026112300000000000001"
        assert notice.amount == Money(100)
        assert notice.notice_id == "EV-2026112308000000001"

    @pytest.mark.parametrize("seconds", [301, -301, 86_400])
    def test_L9_but_not_when_it_is_old(self, company, seconds):
        account, message, sent_at = known()

        company.provider.read_notice(account, message, sent_at + timedelta(seconds=300))
        with pytest.raises(BadSignature):
            company.provider.read_notice(account, message, sent_at + timedelta(seconds=seconds))

    def test_P2_a_request_is_signed_as_known(self):
        told = vector("wechat_request")
        target, stamp, nonce = told["message"].split("\n")[1:4]

        message = signing.request_message("POST", target, int(stamp), nonce, told["body"].encode())
        header = signing.authorization("1900000109", "7" * 40, int(stamp), nonce, told["signature"])

        assert message.decode() == told["message"]
        assert header == told["authorization"]
        assert company_signing.checks(public_key("merchant"), message, told["signature"])

    def test_P2_the_simulator_checks_a_known_request(self):
        told = vector("wechat_request")
        lines = told["message"].split("\n")[:4]

        given = company_signing.credentials(told["authorization"])

        assert given is not None
        body = told["body"].encode()
        right = (public_key("merchant"), lines, body, given["signature"])
        assert company_signing.is_by_merchant(*right)
        assert not company_signing.is_by_merchant(*right[:2], body + b" ", given["signature"])
        assert not company_signing.is_by_merchant(public_key("platform"), *right[1:])

    def test_P2_the_call_inside_wechat_is_signed_as_known(self):
        told = vector("wechat_jsapi")
        appid, stamp, nonce, package, _ = told["message"].split("\n")

        message = signing.page_message(appid, stamp, nonce, package)

        assert message.decode() == told["message"]
        called = {
            "appId": appid, "timeStamp": stamp, "nonceStr": nonce, "package": package,
            "signType": told["signType"], "paySign": told["paySign"],
        }  # fmt: skip
        assert company_signing.is_page_call(public_key("merchant"), called)
        assert not company_signing.is_page_call(
            public_key("merchant"), {**called, "package": package + "0"}
        )

    def test_P2_the_simulator_seals_and_signs_as_known(self):
        told = vector("wechat_notify")
        resource = json.loads(told["body"])["resource"]

        sealed = company_signing.sealed(
            told["apiv3_key"], told["plaintext"], "transaction", told["nonce"]
        )

        assert sealed == {name: resource[name] for name in sealed}
        headers = told["headers"]
        pair = wechat.keys()
        made = company_signing.signature(
            pair["platform_private_key"], 1795392001, headers["Wechatpay-Nonce"],
            told["body"].encode(),
        )  # fmt: skip
        assert company_signing.checks(pair["public_key"], told["message"].encode(), made)
        assert company_signing.checks(
            public_key("platform"), told["message"].encode(), headers["Wechatpay-Signature"]
        )


class TestCertificates:
    def test_P2_are_fetched_when_one_is_named_and_then_remembered(self, certified):
        for _ in range(3):
            assert isinstance(read(certified, certified.message()), VerifiedNotice)

        assert calls(certified) == 1

    def test_P2_both_kinds_count_while_a_merchant_changes_over(self, company):
        for way in (Way.PUBLIC_KEY, Way.CERTIFICATE):
            company.server.signs_with = way
            assert isinstance(read(company, company.message()), VerifiedNotice)

    @pytest.mark.parametrize("way", list(Way))
    def test_L9_each_kind_counts_only_where_it_is_chosen(self, company, way):
        company.server.signs_with = way
        other = {Way.PUBLIC_KEY: CERTIFICATES, Way.CERTIFICATE: {"verification": "keys"}}
        account = wechat.without(company.account, **other[way])

        with pytest.raises(BadSignature):
            read(company, company.message(), options=account.options)

    def test_P2_a_new_one_is_learnt_and_the_old_one_forgotten(self, certified, monkeypatch):
        old = certified.message()
        read(certified, old)
        monkeypatch.setattr(platform, "PAUSE_SECONDS", 0.0)

        certified.server.rotate_certificate()

        assert isinstance(read(certified, certified.message()), VerifiedNotice)
        with pytest.raises(BadSignature):
            read(certified, old)

    def test_L9_made_up_numbers_do_not_have_wechat_asked_each_time(self, certified):
        message = certified.message()
        for number in range(20):
            headers = {**message.headers, "wechatpay-serial": f"{number:040X}"}
            with pytest.raises(BadSignature):
                read(certified, replace(message, headers=headers))

        assert calls(certified) == 1

    def test_L9_an_expired_one_counts_no_more(self, certified):
        begins = datetime.now(UTC) - timedelta(days=400)
        certified.server.certificate = new_certificate(begins=begins, days=365)

        with pytest.raises(BadSignature):
            read(certified, certified.message())

    def test_L9_a_list_sealed_with_another_key_teaches_nothing(self, certified):
        certified.server.keys = {**wechat.keys(), "api_v3_key": "x" * 32}

        with pytest.raises(BadSignature):
            read(certified, certified.message())

    def test_L9_each_account_and_each_key_learns_for_itself(self, certified):
        """What one account's key has opened vouches for no other, nor after it was changed."""
        old = certified.account.secrets["api_v3_key"][0]
        changed = {**certified.account.secrets, "api_v3_key": ("x" * 32, old)}
        asked = []
        for account in ({}, {"uid": "acc_other"}, {"merchant_id": 2}, {"secrets": changed}):
            for _ in range(2):
                heard = read(certified, certified.message(), **account)
                assert isinstance(heard, VerifiedNotice)
            asked.append(calls(certified))

        assert asked == [1, 2, 3, 4]

    def test_many_at_once_ask_once(self, certified):
        message = certified.message()
        heard: list[object] = []
        threads = [
            threading.Thread(target=lambda: heard.append(read(certified, message)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(heard) == 8
        assert calls(certified) == 1

    def test_silence_is_no_certificate_and_is_not_asked_on_and_on(self, certified):
        certified.server.mood.is_silent = True
        for _ in range(3):
            with pytest.raises(BadSignature):
                read(certified, certified.message())

        assert calls(certified) == 1
