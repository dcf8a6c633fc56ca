"""P2, L9: what WeChat Pay says is believed when it is WeChat, lately, and to this merchant."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.payments.adapters.wechatpay import keys as platform
from kacang.payments.adapters.wechatpay import signing
from kacang.payments.ports import (
    AccountInfo,
    BadNotice,
    BadSignature,
    Ignored,
    IncomingMessage,
    RefundNotice,
    RefundState,
    VerifiedNotice,
)
from kacang.shared.money import Money
from simulators.payments.wechatpay import signing as company_signing
from simulators.payments.wechatpay.keys import new_certificate
from simulators.payments.wechatpay.speaking import Message, Way
from tests.payments import wechat
from tests.payments.contract import NUMBER
from tests.payments.vectors import public_key, vector
from tests.payments.wechat import WechatCompany

CERTIFICATES = {"verification": "certificates", "public_key": "", "public_key_id": ""}


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


def read(company: WechatCompany, message: IncomingMessage, **account: Any):
    info = replace(company.account, **account)
    return company.provider.read_notice(info, message, datetime.now(UTC))


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


class TestForged:
    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("wechatpay-signature", ""),
            ("wechatpay-signature", "WECHATPAY/SIGNTEST/" + "A" * 325),
            ("wechatpay-signature", "钥匙"),
            ("wechatpay-timestamp", ""),
            ("wechatpay-timestamp", "soon"),
            ("wechatpay-timestamp", "9" * 5000),
            ("wechatpay-timestamp", "٣"),
            ("wechatpay-nonce", "another"),
            ("wechatpay-nonce", "\ud800"),
            ("wechatpay-serial", ""),
            ("wechatpay-serial", "PUB_KEY_ID_0000000000000000000000000000000000"),
            ("wechatpay-serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
            ("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3"),
            ("wechatpay-signature-type", "NONE"),
            ("wechatpay-signature-type", ""),
        ],
    )
    def test_L9_a_header_that_is_wrong(self, company, header, value):
        message = company.message()

        with pytest.raises(BadSignature):
            read(company, replace(message, headers={**message.headers, header: value}))

    def test_L9_the_probing_signature_is_wrong_like_any_other(self, company):
        message = Message("", "TRANSACTION.SUCCESS", "transaction", "EV-1", company.said())

        with pytest.raises(BadSignature):
            read(company, company.incoming(message, is_forged=True))

    @pytest.mark.parametrize("shift", [301, -301])
    def test_L9_a_clock_that_is_off(self, company, shift):
        with pytest.raises(BadSignature):
            read(company, company.incoming(company.paid(company.said()), shift=shift))

    def test_L9_signed_by_another_key(self, company):
        message = company.message()
        strange = wechat.without(company.account, public_key=wechat.strange_keys()["public_key"])

        with pytest.raises(BadSignature):
            read(company, message, options=strange.options)

    def test_L9_sealed_for_another_merchant(self, company):
        secrets = {**company.account.secrets, "api_v3_key": (wechat.strange_keys()["api_v3_key"],)}

        with pytest.raises(BadSignature):
            read(company, company.message(), secrets=secrets)

    def test_L9_sealed_by_another_cipher_or_not_at_all(self, company):
        plain = base64.b64encode(json.dumps(company.said()).encode()).decode()
        right = company_signing.sealed(wechat.keys()["api_v3_key"], "{}", "transaction")
        for resource in (
            {**right, "algorithm": "NONE", "ciphertext": plain},
            {**right, "algorithm": "AEAD_SM4_GCM"},
            {**right, "ciphertext": plain},
            {**right, "associated_data": "refund"},
            {**right, "nonce": ""},
            {**right, "nonce": "n" * 200},
            {**right, "nonce": None},
            company.said(),
            None,
        ):
            body = json.dumps({"id": "EV-1", "resource": resource}).encode()
            message = IncomingMessage(headers=company.server.signed(body), body=body)
            with pytest.raises(BadSignature):
                read(company, message)

    def test_L9_an_empty_key_is_no_key(self, company):
        for name, value in (("public_key", ""), ("public_key_id", "")):
            message = company.message()
            headers = {**message.headers}
            if name == "public_key_id":
                headers["wechatpay-serial"] = ""
            options = {**company.account.options, name: value}
            with pytest.raises(BadSignature):
                read(company, replace(message, headers=headers), options=options)

    @pytest.mark.parametrize(
        "changes",
        [
            {"mchid": "1699999999"}, {"appid": "wx0000000000000000"}, {"mchid": None},
            {"out_trade_no": ""}, {"out_trade_no": "x" * 65}, {"out_trade_no": 5},
            {"transaction_id": None}, {"transaction_id": "a\0"}, {"amount": None},
            {"amount": {"total": 0, "currency": "CNY"}},
            {"amount": {"total": -1999, "currency": "CNY"}},
            {"amount": {"total": "1999", "currency": "CNY"}},
            {"amount": {"total": 19.99, "currency": "CNY"}},
            {"amount": {"total": True, "currency": "CNY"}},
            {"amount": {"total": 10**30, "currency": "CNY"}},
            {"amount": {"total": 1999, "currency": "???"}},
        ],
    )  # fmt: skip
    def test_L9_what_is_sealed_must_be_about_this_merchants_money(self, company, changes):
        with pytest.raises(BadNotice):
            read(company, company.incoming(company.paid(company.said(**changes))))

    @settings(max_examples=60, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(("id", "resource", "event_type", "mchid", "amount", "x")), inner
                )
            ),
        )
    )
    def test_never_fails_in_another_way(self, said):
        with_key = company_signing.sealed(
            wechat.keys()["api_v3_key"], json.dumps(said), "transaction"
        )
        for outer in (said, {"id": "EV-1", "event_type": "REFUND.X", "resource": with_key}):
            body = json.dumps(outer).encode()
            message = IncomingMessage(headers=SIGNER.server.signed(body), body=body)
            with pytest.raises((BadNotice, BadSignature)):
                read(SIGNER, message)


def _signer() -> WechatCompany:
    """A company that only signs: its server has ended."""
    with wechat.running() as running:
        return running


SIGNER = _signer()


class TestUnderstood:
    def test_currencies_and_amounts_that_do_not_fit_are_still_money(self, company):
        said = company.said(amount={"total": 7, "currency": "HKD"})

        notice = read(company, company.incoming(company.paid(said)))

        assert isinstance(notice, VerifiedNotice)
        assert notice.amount == Money(7, "HKD")

    def test_a_signature_type_may_be_left_out(self, company):
        message = company.message()
        headers = dict(message.headers)
        del headers["wechatpay-signature-type"]

        assert isinstance(read(company, replace(message, headers=headers)), VerifiedNotice)

    def test_during_a_change_of_the_v3_key_both_open(self, company):
        old = company.account.secrets["api_v3_key"][0]
        secrets = {**company.account.secrets, "api_v3_key": ("n" * 32, old)}

        assert isinstance(read(company, company.message(), secrets=secrets), VerifiedNotice)

    @pytest.mark.parametrize(
        ("event", "status", "state"),
        [
            ("REFUND.SUCCESS", "SUCCESS", RefundState.DONE),
            ("REFUND.ABNORMAL", "ABNORMAL", RefundState.FAILED),
            ("REFUND.CLOSED", "CLOSED", RefundState.FAILED),
        ],
    )
    def test_P4_refunds(self, company, event, status, state):
        inner = {
            "mchid": wechat.keys()["mchid"], "out_trade_no": NUMBER, "transaction_id": "42001",
            "out_refund_no": "Ref1", "refund_id": "503001", "refund_status": status,
            "amount": {"total": 1999, "refund": 500, "payer_total": 1999, "payer_refund": 500},
        }  # fmt: skip

        notice = read(company, company.incoming(Message("", event, "refund", "EV-9", inner)))

        assert isinstance(notice, RefundNotice)
        assert (notice.refund_number, notice.provider_number) == ("Ref1", "503001")
        assert (notice.payment_number, notice.amount) == (NUMBER, Money(500))
        assert (notice.state, notice.notice_id) == (state, "EV-9")

    def test_P4_a_refund_of_another_merchant_or_without_a_state_is_none(self, company):
        right = {
            "mchid": wechat.keys()["mchid"], "out_trade_no": NUMBER, "transaction_id": "42001",
            "out_refund_no": "Ref1", "refund_id": "503001", "refund_status": "SUCCESS",
            "amount": {"total": 1999, "refund": 500},
        }  # fmt: skip
        for wrong in ({"mchid": "1699999999"}, {"refund_status": "WHAT"}, {"refund_id": ""}):
            message = Message("", "REFUND.SUCCESS", "refund", "EV-9", {**right, **wrong})
            with pytest.raises(BadNotice):
                read(company, company.incoming(message))

    def test_other_events_are_let_pass(self, company):
        message = Message("", "PAYSCORE.USER_PAID", "payscore", "EV-9", company.said())

        assert isinstance(read(company, company.incoming(message)), Ignored)


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
        other = {Way.PUBLIC_KEY: CERTIFICATES, Way.CERTIFICATE: {"verification": "public_key"}}
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

    def test_L9_each_account_has_its_own(self, certified):
        """What one merchant's key has opened must not vouch for another merchant."""
        read(certified, certified.message())
        secrets = {**certified.account.secrets, "api_v3_key": ("x" * 32,)}

        with pytest.raises(BadSignature):
            read(certified, certified.message(), uid="acc_other", secrets=secrets)
        with pytest.raises(BadSignature):
            read(certified, certified.message(), secrets=secrets)

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
