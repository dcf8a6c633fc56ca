"""P2, L9: what WeChat Pay says is believed when it is WeChat, lately, and to this merchant."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.payments.ports import (
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
from simulators.payments.wechatpay.speaking import Message
from tests.payments import wechat
from tests.payments.contract import NUMBER
from tests.payments.wechat import WechatCompany, read


@pytest.fixture
def company() -> Iterator[WechatCompany]:
    with wechat.running() as running:
        yield running


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
            {"amount": {"total": 1999, "currency": "???"}}, {"amount": {"total": 1999}},
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
