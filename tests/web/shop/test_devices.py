"""P1: real browsers' names, and what WeChat Pay and Alipay then make of a payment."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory

from kacang.payments.ports import Device, PayInstructions, PaymentAsked
from kacang.shared.money import Money
from kacang.web.shop.devices import device_of
from tests.payments import alipay, wechat
from tests.payments.contract import MINOR

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 14; 2211133C) AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@dataclass(frozen=True)
class Held:
    """A browser's name, and what each company does there: "" is not offered."""

    name: str
    device: Device
    wechat: str
    alipay: str


HELD = {
    "WeChat on an iPhone": Held(
        f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/zh_CN",
        Device.WECHAT, "jsapi", "",
    ),
    "WeChat on Android": Held(
        f"{ANDROID} Version/4.0 Chrome/116.0.0.0 XWEB/1160117 Mobile Safari/537.36"
        " MicroMessenger/8.0.49.2600(0x28003156) WeChat/arm64 Weixin NetType/WIFI",
        Device.WECHAT, "jsapi", "",
    ),
    "Alipay on an iPhone": Held(
        f"{IPHONE} Mobile/15E148 AliApp(AP/10.6.0.6000) Nebula AlipayClient/10.6.0.6000",
        Device.ALIPAY, "", "wap",
    ),
    "Safari on an iPhone": Held(
        f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", Device.PHONE, "h5", "wap"
    ),
    "Chrome on Android": Held(
        f"{ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", Device.PHONE, "h5", "wap"
    ),
    "Chrome on Windows": Held(
        f"{WINDOWS} Chrome/126.0.0.0 Safari/537.36", Device.DESKTOP, "native", "page"
    ),
    "no name at all": Held("", Device.DESKTOP, "native", "page"),
}  # fmt: skip


def seen(held: Held) -> Device:
    return device_of(RequestFactory().get("/", HTTP_USER_AGENT=held.name))


def made_by(provider, account, device: Device) -> PayInstructions:
    payer = "oBuyer1" if device is Device.WECHAT else ""
    asked = PaymentAsked(
        f"Device{device.value}x1", Money(MINOR), "视频会员", device, payer=payer,
        address="203.0.113.7", back_url="https://shop.example/back",
    )  # fmt: skip
    made: PayInstructions = provider.create(account, asked)
    return made


@pytest.mark.parametrize("name", HELD)
class TestHeld:
    def test_P1_a_browsers_name_says_what_is_held(self, name):
        assert seen(HELD[name]) is HELD[name].device

    def test_P1_wechat_opens_inside_wechat_by_h5_or_as_a_code(self, name):
        held = HELD[name]
        with wechat.running() as company:
            offered = company.provider.fits(company.account, seen(held))
            assert offered is bool(held.wechat)
            if not offered:
                return
            said = made_by(company.provider, company.account, seen(held))

        kind = "jsapi" if said.in_app else "native" if said.qr_content else "h5"
        assert kind == held.wechat
        assert bool(said.pay_url) is (kind == "h5")

    def test_P1_alipay_opens_its_page_for_what_is_held(self, name):
        held = HELD[name]
        with alipay.played() as company:
            offered = company.provider.fits(company.account, seen(held))
            assert offered is bool(held.alipay)
            if not offered:
                return
            said = made_by(company.provider, company.account, seen(held))

        (method,) = parse_qs(urlsplit(said.pay_url).query)["method"]
        assert method == f"alipay.trade.{held.alipay}.pay"
