"""Which refusals of WeChat Pay pass by themselves, which are the account's, and which a word."""

from collections.abc import Iterator

import pytest

from kacang.payments.ports import AccountRefused, ProviderSilent, RefundRefused
from kacang.shared.clock import utc_now
from simulators.payments.wechatpay.books import No
from tests.payments import wechat
from tests.payments.wechat import REF, WechatCompany, create, paid


@pytest.fixture
def company() -> Iterator[WechatCompany]:
    with wechat.running() as running:
        yield running


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (500, "SYSTEM_ERROR"), (400, "SYSTEMERROR"), (429, "FREQUENCY_LIMITED"),
            (429, "FREQUENCY_LIMIT_EXCEED"), (500, "BANK_ERROR"), (403, "BIZERR_NEED_RETRY"),
            (400, "INVALID_REQ_TOO_MUCH"), (503, ""),
        ],
    )  # fmt: skip
    def test_P3_what_passes_is_silence(self, company, status, code):
        refund = paid(company)
        calls = (
            lambda: create(company),
            lambda: company.provider.query(company.account, REF, utc_now()),
            lambda: company.provider.close(company.account, REF, utc_now()),
            lambda: company.provider.refund(company.account, refund, utc_now()),
            lambda: company.provider.query_refund(company.account, refund, utc_now()),
            lambda: company.provider.probe(company.account, utc_now()),
        )
        for call in calls:
            company.server.refusals.append(No(status, code, "系统繁忙"))
            with pytest.raises(ProviderSilent):
                call()
        assert company.refunded() == 0

    @pytest.mark.parametrize("is_signed", [True, False])
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (401, "SIGN_ERROR"), (403, "NO_AUTH"), (403, "NOAUTH"), (404, "MCH_NOT_EXISTS"),
            (400, "APPID_MCHID_NOT_MATCH"),
        ],
    )  # fmt: skip
    def test_P1_what_is_the_accounts_is_believed_signed_or_not(
        self, company, status, code, is_signed
    ):
        refund = paid(company)
        company.server.signs_refusals = is_signed
        for call in (
            lambda: create(company),
            lambda: company.provider.refund(company.account, refund, utc_now()),
            lambda: company.provider.probe(company.account, utc_now()),
        ):
            company.server.refusals.append(No(status, code, "无权限"))
            with pytest.raises(AccountRefused, match=f"{code}: 无权限"):
                call()
        assert company.refunded() == 0

    @pytest.mark.parametrize("code", ["NOT_ENOUGH", "USER_ACCOUNT_ABNORMAL", "REQUEST_BLOCKED"])
    def test_P4_what_is_about_the_refund_is_a_word_only_when_it_is_signed(self, company, code):
        refund = paid(company)
        for is_signed, kind in ((True, RefundRefused), (False, ProviderSilent)):
            company.server.signs_refusals = is_signed
            company.server.refusals.append(No(403, code, "余额不足"))
            with pytest.raises(kind):
                company.provider.refund(company.account, refund, utc_now())
        assert company.refunded() == 0

    def test_L8_unknown_is_a_word_only_when_it_is_signed(self, company):
        company.server.signs_refusals = False

        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, REF, utc_now())
