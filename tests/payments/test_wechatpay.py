"""WeChat Pay's adapter against the company, a real server that shares no code with it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from kacang.payments.ports import (
    AccountRefused,
    Device,
    PaymentAsked,
    ProviderSilent,
    QueryState,
    RefundRefused,
    RefundState,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.company import RefundWay
from simulators.payments.wechatpay import Deed
from simulators.payments.wechatpay.speaking import Way
from tests.payments import wechat
from tests.payments.contract import MINOR, NUMBER, PaymentContract, made
from tests.payments.wechat import AMOUNT, REF, WechatCompany, create, paid


@pytest.fixture
def company() -> Iterator[WechatCompany]:
    with wechat.running() as running:
        yield running


def asked(company):
    """What the company was last asked."""
    return json.loads(company.server.calls[-1].body)


class TestWechatPay(PaymentContract):
    """The contract, with WeChat Pay's public key."""


class TestWithCertificates(PaymentContract):
    """The contract, with platform certificates."""

    @pytest.fixture
    def company(self) -> Iterator[WechatCompany]:
        options = {"verification": "certificates", "public_key": "", "public_key_id": ""}
        with wechat.running(**options) as running:
            running.server.signs_with = Way.CERTIFICATE
            yield running


class TestCreate:
    def test_a_desk_gets_a_code(self, company):
        said = create(company, title="视频会员 年卡 × 1", address="203.0.113.7")

        assert said.qr_content == f"{company.server.url}/cashier/{NUMBER}"
        assert asked(company) == {
            "appid": wechat.keys()["appid"],
            "mchid": wechat.keys()["mchid"],
            "description": "视频会员 年卡 × 1",
            "out_trade_no": NUMBER,
            "notify_url": "http://shop.test/callbacks/payments/wechatpay/acc_wechat",
            "amount": {"total": MINOR, "currency": "CNY"},
            "scene_info": {"payer_client_ip": "203.0.113.7"},
        }

    def test_a_phone_gets_an_address_that_leads_back(self, company):
        back = "https://shop.example/o/1?a=b&c=d"

        said = create(company, device=Device.PHONE, back_url=back, address="203.0.113.7")

        assert parse_qs(urlsplit(said.pay_url).query)["redirect_url"] == [back]
        assert asked(company)["scene_info"]["h5_info"] == {"type": "Wap"}

    def test_inside_wechat_the_page_gets_a_signed_call(self, company):
        said = create(company, device=Device.WECHAT, payer="oBuyer_1")

        assert asked(company)["payer"] == {"openid": "oBuyer_1"}
        assert not said.qr_content
        company.server.pay_in_app(said.in_app, Deed.LOSE)
        answer = company.provider.query(company.account, REF, utc_now())
        assert answer.state is QueryState.PAID

    def test_who_is_not_known_or_has_no_product_gets_a_code(self, company):
        account = wechat.without(company.account, h5="no")

        unknown = create(company, device=Device.WECHAT)
        phone = company.provider.create(account, PaymentAsked(NUMBER, AMOUNT, device=Device.PHONE))

        assert unknown.qr_content
        assert phone.qr_content == unknown.qr_content

    def test_without_any_product_nothing_is_asked(self, company):
        account = wechat.without(company.account, native="no", jsapi="no")

        with pytest.raises(AccountRefused):
            company.provider.create(account, PaymentAsked(NUMBER, AMOUNT))
        assert company.server.calls == []

    def test_titles_are_cut_and_of_one_line(self, company):
        create(company, title="卡\n密" + "长" * 200)

        assert asked(company)["description"] == "卡 密" + "长" * 124

    @pytest.mark.parametrize(("minutes", "least", "most"), [(30, 29, 31), (0, 1, 2), (-10, 1, 2)])
    def test_ends_when_the_order_does_but_not_at_once(self, company, minutes, least, most):
        create(company, expires_at=utc_now() + timedelta(minutes=minutes))

        left = datetime.fromisoformat(asked(company)["time_expire"]) - datetime.now(UTC)
        assert timedelta(minutes=least) <= left <= timedelta(minutes=most)

    def test_asking_again_after_silence_gives_the_same(self, company):
        company.server.mood.mute = 1
        with pytest.raises(ProviderSilent):
            create(company)

        assert create(company) == create(company)
        assert len(company.server.books.trades) == 1

    def test_another_amount_under_the_same_number_is_refused(self, company):
        create(company)

        with pytest.raises(AccountRefused, match="OUT_TRADE_NO_USED"):
            company.provider.create(company.account, PaymentAsked(NUMBER, Money(1)))

    def test_what_is_paid_meanwhile_is_asked_about(self, company):
        create(company)
        company.pay(MINOR)

        with pytest.raises(ProviderSilent):
            create(company)


class TestKnowsBuyers:
    def test_sends_the_browser_and_learns_who_it_is(self, company):
        back = "https://shop.example/pay/wechat?n=1"
        url = company.provider.sign_in_url(company.account, back, "state-1")
        page = urlsplit(url)
        given = parse_qs(page.query)

        assert given["redirect_uri"] == [back]
        assert (given["scope"], given["state"]) == (["snsapi_base"], ["state-1"])
        assert page.fragment == "wechat_redirect"
        went = company.provider._http.get(url.partition("#")[0])
        code = parse_qs(urlsplit(went.headers["location"]).query)["code"][0]
        (openid,) = company.server.codes.values()
        assert company.provider.buyer_of(company.account, code) == openid

    def test_a_code_serves_once(self, company):
        code = company.server.sign_in("oBuyer")
        company.provider.buyer_of(company.account, code)

        for each in (code, "made-up"):
            with pytest.raises(AccountRefused, match="40029"):
                company.provider.buyer_of(company.account, each)

    def test_says_no_secret_when_it_fails(self, company, caplog):
        caplog.set_level("INFO")
        company.server.mood.is_silent = True

        with pytest.raises(ProviderSilent) as silent:
            company.provider.buyer_of(company.account, "code")

        said = f"{silent.value!r} {silent.value.__cause__!r}"
        assert wechat.keys()["app_secret"] not in said


class TestQuery:
    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ("NOTPAY", QueryState.PENDING), ("USERPAYING", QueryState.PENDING),
            ("CLOSED", QueryState.FAILED), ("PAYERROR", QueryState.FAILED),
            ("REVOKED", QueryState.FAILED), ("REFUND", QueryState.FAILED),
        ],
    )  # fmt: skip
    def test_says_what_the_company_says(self, company, state, expected):
        ref = made(company)
        company.server.books.trades[NUMBER].state = state

        assert company.provider.query(company.account, ref, utc_now()).state is expected

    def test_what_was_never_made_is_unknown(self, company):
        answer = company.provider.query(company.account, REF, utc_now())

        assert answer.state is QueryState.UNKNOWN

    @pytest.mark.parametrize(
        "changes",
        [
            {"out_trade_no": "Another12345"}, {"mchid": "1600000000"}, {"appid": "wx" + "0" * 16},
            {"amount": {"total": 0, "currency": "CNY"}},
        ],
    )  # fmt: skip
    def test_L9_an_answer_about_something_else_is_none(self, company, changes):
        ref = made(company)
        company.pay(MINOR)
        trade = company.server.books.trades[NUMBER]
        trade.asked = {**trade.asked, **changes}
        trade.total = changes.get("amount", {}).get("total", MINOR)

        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, ref, utc_now())

    def test_L9_an_answer_that_wechat_has_not_signed_is_none(self, company):
        ref = made(company)
        company.pay(MINOR)
        company.server.is_probing = True
        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, ref, utc_now())

        company.server.is_probing = False
        company.server.keys = {
            **wechat.keys(),
            "platform_private_key": wechat.strange_keys()["platform_private_key"],
        }
        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, ref, utc_now())

    def test_a_wrong_key_is_silence_about_payments_and_no_secret(self, company):
        ref = made(company)
        stranger = replace(
            company.account,
            secrets={
                **company.account.secrets,
                "private_key": (wechat.strange_keys()["private_key"],),
            },
        )
        for call in (company.provider.query, company.provider.close):
            with pytest.raises(ProviderSilent, match="SIGN_ERROR") as silent:
                call(stranger, ref, utc_now())
            assert "PRIVATE" not in repr(silent.value)
        for probe in (company.provider.probe,):
            with pytest.raises(AccountRefused, match="SIGN_ERROR"):
                probe(stranger, utc_now())

    def test_closing_what_is_paid_does_nothing(self, company):
        ref = made(company)
        company.pay(MINOR)

        company.provider.close(company.account, ref, utc_now())

        assert company.provider.query(company.account, ref, utc_now()).state is QueryState.PAID


class TestProbe:
    @pytest.mark.parametrize(
        "options", [{"mchid": "1699999999"}, {"serial_no": "A" * 40}], ids=["mchid", "serial"]
    )
    def test_P1_says_what_is_wrong_with_the_account(self, company, options):
        company.provider.probe(company.account, utc_now())

        with pytest.raises(AccountRefused):
            company.provider.probe(wechat.without(company.account, **options), utc_now())

    def test_P1_a_busy_company_is_silent(self, company):
        company.server.mood.broken = 1

        with pytest.raises(ProviderSilent):
            company.provider.probe(company.account, utc_now())
        company.provider.probe(company.account, utc_now())


class TestRefund:
    def test_P4_waits_then_is_done(self, company):
        refund = paid(company)
        company.server.mood.refunds = RefundWay.PENDING

        asked_for = company.provider.refund(company.account, refund, utc_now())
        company.server.finish_refunds()
        later = company.provider.query_refund(company.account, refund, utc_now())

        assert (asked_for.state, later.state) == (RefundState.PENDING, RefundState.DONE)
        assert asked_for.provider_ref == later.provider_ref

    def test_P4_waits_then_fails_and_says_why(self, company):
        refund = paid(company)
        company.server.mood.refunds = RefundWay.FAILS_LATER
        company.provider.refund(company.account, refund, utc_now())
        company.server.finish_refunds()

        later = company.provider.query_refund(company.account, refund, utc_now())

        assert (later.state, later.why) == (RefundState.FAILED, "ABNORMAL")

    def test_P4_once_whatever_happens_on_the_way(self, company):
        refund = paid(company)
        for way in ("mute", "broken"):
            setattr(company.server.mood, way, 1)
            with pytest.raises(ProviderSilent):
                company.provider.refund(company.account, refund, utc_now())

        done = company.provider.refund(company.account, refund, utc_now())

        assert done.state is RefundState.DONE
        assert company.refunded() == 500

    def test_P4_without_balance_the_company_says_so(self, company):
        refund = paid(company)
        company.server.books.is_broke = True

        with pytest.raises(RefundRefused, match="NOTENOUGH: 基本账户余额不足"):
            company.provider.refund(company.account, refund, utc_now())
        assert company.refunded() == 0

    def test_P4_what_was_never_asked_is_unknown(self, company):
        refund = paid(company)

        answer = company.provider.query_refund(company.account, refund, utc_now())

        assert answer.state is RefundState.UNKNOWN

    def test_P4_the_same_number_with_another_amount_is_refused(self, company):
        refund = paid(company)
        company.provider.refund(company.account, refund, utc_now())

        with pytest.raises(RefundRefused, match="INVALID_REQUEST"):
            company.provider.refund(company.account, replace(refund, amount=Money(600)), utc_now())
        assert company.refunded() == 500

    def test_P4_reasons_are_cut(self, company):
        refund = replace(paid(company), reason="为" * 200)

        company.provider.refund(company.account, refund, utc_now())

        assert asked(company)["reason"] == "为" * 80
