"""Made-up content for the shop's pages of the style guide."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from kacang.shared.money import Money
from kacang.web.design import parts
from kacang.web.design.samples import LONG, events

PAYING = "https://shop.example/pay/E20261123143208"


class ShopSample(forms.Form):
    """Contact fields of the shop; the address is wrong on purpose."""

    phone = forms.CharField(
        label="手机号", widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"})
    )
    email = forms.EmailField(label="邮箱", required=False)
    password = forms.CharField(label="查单密码", required=False, help_text="6 位以上，查单时使用。")


@dataclass(frozen=True, slots=True)
class SampleGood:
    """A tile of the sample shop."""

    title: str
    kind: str
    price: Money
    url: str = "/design/shop/"
    image: str = ""
    from_price: bool = False
    sold: int = 0
    flag: str = ""
    is_out: bool = False


def shop(request: HttpRequest) -> dict[str, Any]:
    """Return what the shop's style guide shows; `?brand=` tries a colour."""
    return {
        "shop": parts.ShopShell(
            "小鹿数卡旗舰店",
            "/design/shop/",
            "/design/shop/",
            request.GET.get("brand", ""),
            notice="11 月 24 日 02:00–02:30 系统维护，期间付款会稍后自动发货。",
            links=[
                parts.ShopLink("购买须知", "/design/shop/"),
                parts.ShopLink("联系客服", "/design/shop/"),
                parts.ShopLink("隐私说明", "/design/shop/"),
            ],
            is_trial=True,
        ),
        "cats": [
            parts.ShopLink("全部", "/design/shop/", "layout-grid", on=True),
            parts.ShopLink("视频会员", "/design/shop/"),
            parts.ShopLink("话费充值", "/design/shop/"),
            parts.ShopLink("提货卡", "/design/shop/"),
            parts.ShopLink("软件激活", "/design/shop/"),
        ],
        "goods": [
            SampleGood(
                "视频会员 · 年卡（12 个月）自动发货",
                "video",
                Money(2500),
                from_price=True,
                sold=12340,
                flag="热卖",
            ),
            SampleGood(LONG, "gift", Money(50000), sold=86),
            SampleGood("大闸蟹提货卡 · 8 只装", "crab", Money(58800), is_out=True, sold=612),
            SampleGood("咖啡兑换券 · 5 张", "coffee", Money(7900)),
        ],
        "price": Money(19800),
        "was": Money(25800),
        "total": Money(18300),
        "discount": Money(-1500),
        "form": ShopSample({"phone": "", "email": "x"}),
        "fresh": ShopSample(),
        "events": events(timezone.now()),
        "steps": ["验证卡密", "填写收货信息", "等待发货"],
        "pay_text": PAYING,
        "now": timezone.now(),
        "delivered": [("VIPA 8827 3016", "7KQ4-M2XR-90TD-9K2D"), ("VIPA 8827 3017", "A" * 48)],
    }
