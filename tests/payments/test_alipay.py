"""P2, L9: Alipay's adapter, held to the contract, to known signatures and to the traps."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from kacang.payments.adapters.alipay import gateway, keys, notices
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSignature,
    Device,
    Ignored,
    IncomingMessage,
    PaymentAsked,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.alipay import signing
from tests.payments import alipay
from tests.payments.contract import MINOR, NUMBER, PaymentContract, made
from tests.payments.vectors import public_key, vector


@pytest.fixture
def company():
    with alipay.played() as running:
        yield running


class TestAlipayByKeys(PaymentContract):
    @pytest.fixture
    def company(self):
        with alipay.played() as running:
            yield running


class TestAlipayByCertificates(PaymentContract):
    @pytest.fixture
    def company(self):
        with alipay.played("certificates", desktop="qr") as running:
            yield running


class TestVectors:
    """What somebody else has signed: adapter and simulator must both agree."""

    def account(self, **options: str) -> AccountInfo:
        said = vector("alipay_notify")["params"]
        options = {"app_id": said["app_id"], "seller_id": said["seller_id"], **options}
        secrets = {keys.PUBLIC_KEY: (public_key("platform"),)}
        return AccountInfo(
            id=1,
            merchant_id=1,
            uid="acc_x",
            provider="alipay",
            enabled=True,
            currency="CNY",
            secrets=secrets,
            options=options,
        )

    def test_request(self):
        known = vector("alipay_request")

        assert keys.joined(known["params"], without=("sign",)) == known["string"]
        assert signing.request_text(known["params"]) == known["string"]
        assert signing.fits(public_key("merchant"), known["string"], known["sign"])

    def test_notice(self):
        known = vector("alipay_notify")
        body = urlencode({**known["params"], "sign": known["sign"]}).encode()

        heard = notices.read(self.account(), IncomingMessage(body=body))

        assert isinstance(heard, VerifiedNotice)
        assert heard.amount == Money(100)
        assert heard.is_final
        assert heard.payment_number == "P20261123000002"
        assert heard.provider_number == "2026112322001446880500000001"
        assert signing.notice_text(known["params"]) == known["string"]
        assert signing.fits(public_key("platform"), known["string"], known["sign"])

    def test_answer(self):
        known = vector("alipay_sync_response")

        (name, (said, raw)), sign = gateway.members(known["raw"]).items()

        assert (name, raw) == ("alipay_trade_precreate_response", known["signed_substring"])
        assert said["qr_code"] == "https://qr.alipay.com/bavh4wjlxf12tper3a"
        assert keys.is_alipays(self.account(), raw.encode(), sign[1][0])
        assert signing.fits(public_key("platform"), raw, known["sign"])

    def test_both_sides_number_certificates_alike(self):
        given = alipay.keys()

        roots = keys.root_serial(given["alipay_root_cert"])

        assert roots == signing.number_of_roots(given["alipay_root_cert"])
        assert [len(number) for number in roots.split("_")] == [32, 32]
        own = keys.serial_of(keys.certificates(given["app_cert"])[0])
        assert own == signing.number_of_file(given["app_cert"])


class TestPaying:
    def ask(self, company, device: Device, **changes) -> dict[str, str]:
        asked = PaymentAsked(NUMBER, Money(MINOR), "视频会员", device, **changes)
        said = company.provider.create(company.account, asked)
        return dict(parse_qsl(urlsplit(said.pay_url).query))

    def test_fits_where_alipay_opens(self, company):
        fits = {one for one in Device if company.provider.fits(company.account, one)}

        assert fits == {Device.DESKTOP, Device.PHONE, Device.ALIPAY}

    def test_P1_each_device_gets_its_page(self, company):
        for device, method in (
            (Device.DESKTOP, "alipay.trade.page.pay"),
            (Device.PHONE, "alipay.trade.wap.pay"),
            (Device.ALIPAY, "alipay.trade.wap.pay"),
        ):
            said = self.ask(company, device, back_url="https://shop.example/back")
            assert said["method"] == method
            assert said["notify_url"] == "http://shop.test/callbacks/payments/alipay/acc_x"
            assert said["return_url"] == "https://shop.example/back"

    def test_P1_or_a_code_where_only_that_is_contracted(self):
        with alipay.played(desktop="qr", phone="qr") as company:
            for device, opens in ((Device.DESKTOP, False), (Device.PHONE, True)):
                asked = PaymentAsked(NUMBER, Money(MINOR), "视频会员", device)
                said = company.provider.create(company.account, asked)
                assert said.qr_content.startswith(company.alipay.url)
                assert said.pay_url == (said.qr_content if opens else "")
            assert company.alipay.trades[NUMBER].minor == MINOR

    def test_says_times_as_china_has_them(self, company):
        at = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)

        said = self.ask(company, Device.DESKTOP, expires_at=at)

        assert json.loads(said["biz_content"])["time_expire"] == "2026-11-24 01:30:00"
        stamp = datetime.strptime(said["timestamp"] + "+0800", "%Y-%m-%d %H:%M:%S%z")
        assert abs(stamp - utc_now()) < timedelta(minutes=5)

    def test_cuts_a_title_that_would_make_the_address_too_long(self, company):
        asked = PaymentAsked(
            NUMBER, Money(MINOR), "腾讯视频" * 60, back_url="https://shop.example/" + "x" * 500
        )

        url = company.provider.create(company.account, asked).pay_url

        assert len(url) <= 2000
        content = json.loads(dict(parse_qsl(urlsplit(url).query))["biz_content"])
        assert content["subject"].startswith("腾讯视频")

    def test_a_refused_payment_says_so(self):
        with alipay.played(desktop="qr") as company:
            company.pay(MINOR)
            with pytest.raises(AccountRefused) as told:
                made(company)
            assert "ACQ.TRADE_HAS_SUCCESS" in str(told.value)


class TestNotices:
    def test_L9_what_was_changed_after_signing_is_no_message(self, company):
        for changes in (
            {"total_amount": "0.01"},
            {"trade_status": "TRADE_FINISHED"},
            {"out_trade_no": "Other123"},
            {"sign_type": "RSA"},
            {"sign_type": ""},
            {"sign": ""},
            {"more": "x"},
        ):
            with pytest.raises(BadSignature):
                company.provider.read_notice(company.account, company.forged(**changes), utc_now())

    @pytest.mark.parametrize(
        "changes", [{"app_id": "2021000000000009"}, {"seller_id": "2088621900000009"}]
    )
    def test_L9_nor_what_is_for_another_application_or_seller(self, company, changes):
        with pytest.raises(BadSignature):
            company.provider.read_notice(company.account, company.signed(**changes), utc_now())

    @pytest.mark.parametrize(
        "changes",
        [
            {"total_amount": "0.00"}, {"total_amount": "-1.00"}, {"total_amount": "1e3"},
            {"total_amount": "19.999"}, {"total_amount": "1,999.00"}, {"total_amount": ""},
            {"trade_no": ""}, {"notify_id": ""}, {"out_trade_no": ""}, {"trade_status": "PAID"},
            {"trans_currency": "XXX"}, {"out_trade_no": "a b"}, {"charset": "utf-7"},
        ],
    )  # fmt: skip
    def test_L9_nor_is_money_what_says_none(self, company, changes):
        with pytest.raises(BadNotice):
            company.provider.read_notice(company.account, company.signed(**changes), utc_now())

    def test_a_refund_is_no_second_payment(self, company):
        for changes in (
            {"refund_fee": "5.00", "out_biz_no": "Ref1", "gmt_refund": "2026-11-23 08:00:00"},
            {"refund_fee": "19.99", "trade_status": "TRADE_CLOSED"},
        ):
            heard = company.provider.read_notice(
                company.account, company.signed(**changes), utc_now()
            )
            assert isinstance(heard, Ignored)

    def test_finished_is_the_same_money_as_success(self, company):
        first, last = (
            company.provider.read_notice(
                company.account, company.signed(trade_status=status, trade_no="T1"), utc_now()
            )
            for status in ("TRADE_SUCCESS", "TRADE_FINISHED")
        )

        assert first.provider_number == last.provider_number
        assert (first.is_final, last.is_final) == (True, True)

    def test_closed_without_a_refund_is_not_final(self, company):
        message = company.signed(trade_status="TRADE_CLOSED")

        assert not company.provider.read_notice(company.account, message, utc_now()).is_final

    def test_reads_the_charset_that_was_asked_for(self, company):
        said = {**dict(parse_qsl(company.signed().body.decode())), "charset": "GBK"}
        said = {name: said[name] for name in said if not name.startswith("sign")}
        said["subject"] = "视频会员"
        # The same bytes, each as a letter: the signature is over bytes.
        letters = {name: value.encode("gbk").decode("latin-1") for name, value in said.items()}
        text = signing.notice_text(letters)
        sign = signing.sign(alipay.keys()["alipay_private_key"], text.encode("latin-1"))
        body = urlencode({**said, "sign_type": "RSA2", "sign": sign}, encoding="gbk").encode()

        heard = company.provider.read_notice(company.account, IncomingMessage(body=body), utc_now())

        assert heard.is_final

    def test_a_field_twice_is_no_message(self, company):
        body = company.message().body

        for twice in (body + b"&total_amount=0.01", b"total_amount=0.01&" + body):
            with pytest.raises(BadSignature):
                company.provider.read_notice(
                    company.account, IncomingMessage(body=twice), utc_now()
                )

    def test_while_alipays_key_changes_both_count(self, company):
        present = company.account.secrets[keys.PUBLIC_KEY]
        other = alipay.keys()["app_public_key"]
        account = replace(
            company.account,
            secrets={**company.account.secrets, keys.PUBLIC_KEY: (other, *present)},
        )

        assert company.provider.read_notice(account, company.message(), utc_now()).is_final
