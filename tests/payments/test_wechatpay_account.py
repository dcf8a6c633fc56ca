"""L9: what can be an account at WeChat Pay, and for whom it is."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kacang.payments.companies import registry
from kacang.payments.messages import BadSecrets
from kacang.payments.ports import Device
from tests.payments import wechat
from tests.payments.wechat import WechatCompany


@pytest.fixture
def company() -> Iterator[WechatCompany]:
    with wechat.running() as running:
        yield running


class TestAccount:
    def test_is_found_by_its_entry_point(self):
        assert registry.provider("wechatpay").name == "wechatpay"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("mchid", ""), ("mchid", "16abc"), ("appid", "gh_1234567890abcdef"), ("serial_no", ""),
            ("serial_no", "not hexadecimal at all, but long enough"), ("verification", "none"),
            ("public_key_id", ""), ("public_key_id", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
            ("public_key", ""), ("public_key", "-----BEGIN PUBLIC KEY-----"), ("native", "maybe"),
            ("gateway", "api.mch.weixin.qq.com"), ("gateway", "ftp://api.mch.weixin.qq.com"),
        ],
    )  # fmt: skip
    def test_L9_refuses_what_cannot_be_one(self, company, name, value):
        with pytest.raises(BadSecrets) as refused:
            company.provider.check_secrets(
                company.account.secrets, {**company.account.options, name: value or " "}
            )
        assert refused.value.detail == {"field": name}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("private_key", "{certificate}"), ("private_key", "{public}"), ("private_key", "x"),
            ("api_v3_key", "a" * 31), ("api_v3_key", "a" * 33), ("api_v3_key", "钥" * 32),
            ("api_v3_key", "a" * 31 + "\n"), ("app_secret", "short"),
        ],
    )  # fmt: skip
    def test_L9_refuses_secrets_that_are_none(self, company, name, value):
        named = {
            "{certificate}": wechat.keys()["certificate"]["certificate"],
            "{public}": wechat.keys()["merchant_public_key"],
        }
        secrets = {**company.account.secrets, name: (named.get(value, value),)}

        with pytest.raises(BadSecrets) as refused:
            company.provider.check_secrets(secrets, company.account.options)
        assert refused.value.detail == {"field": name}

    def test_certificates_need_no_public_key(self, company):
        options = {**company.account.options, "public_key": "", "public_key_id": ""}

        company.provider.check_secrets(
            company.account.secrets, {**options, "verification": "certificates"}
        )
        with pytest.raises(BadSecrets):
            company.provider.check_secrets(company.account.secrets, options)

    def test_jsapi_needs_the_app_secret(self, company):
        secrets = {**company.account.secrets, "app_secret": ()}

        with pytest.raises(BadSecrets):
            company.provider.check_secrets(secrets, company.account.options)
        company.provider.check_secrets(secrets, {**company.account.options, "jsapi": "no"})

    def test_the_real_host_is_the_default(self, company):
        wanted = {field.name: field.default for field in company.provider.fields}

        assert wanted["gateway"] == "https://api.mch.weixin.qq.com"
        assert (wanted["native"], wanted["jsapi"], wanted["h5"]) == ("yes", "no", "no")

    def test_fits_the_products_that_are_opened(self, company):
        def fitting(**options: str) -> set[Device]:
            account = wechat.without(company.account, **options)
            return {each for each in Device if company.provider.fits(account, each)}

        assert fitting() == {Device.DESKTOP, Device.PHONE, Device.WECHAT}
        assert fitting(jsapi="no", h5="no") == {Device.DESKTOP}
        assert fitting(native="no", jsapi="") == {Device.PHONE}
        bare = replace(company.account, secrets={})
        assert not any(company.provider.fits(bare, each) for each in Device)

    def test_shows_no_secret(self, company):
        shown = repr(company.account) + repr(company.provider)

        for secret in company.account.secrets.values():
            assert secret[0] not in shown
