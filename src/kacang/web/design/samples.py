"""Made-up content for the style guide: long names, large numbers, empty states."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from kacang.shared.money import Money
from kacang.web.design import parts
from kacang.web.design.shell import NavGroup, NavItem, Shell

LONG = (
    "高铁出行礼品卡 500 元（电子卡，全国通用，可与优惠券同时使用，限本人激活）Platinum Edition 2026"
)


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """A row of the sample list."""

    number: str
    at: datetime
    title: str
    kind: str
    sku: str
    buyer: str
    phone: str
    paid: Money
    way: str
    source: str
    state: str
    quantity: int = 1
    tag: str = ""


class SignIn(forms.Form):
    """Fields of the sample page for signing in."""

    email = forms.EmailField(label="邮箱")
    password = forms.CharField(label="密码", widget=forms.PasswordInput)


class Sample(forms.Form):
    """One field of each sort; `note` and `price` are wrong on purpose."""

    name = forms.CharField(label="批次名称", help_text="只有员工能看到。")
    price = forms.CharField(label="进价")
    kind = forms.ChoiceField(label="商品类型", choices=[("code", "卡密"), ("topup", "直充")])
    note = forms.CharField(label="备注", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    file = forms.FileField(label="文件", required=False)
    dated = forms.DateField(
        label="有效期至", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ways = forms.MultipleChoiceField(
        label="接口权限",
        choices=[("read", "读取订单"), ("write", "下单和取消订单")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    order = forms.ChoiceField(
        label="发卡顺序",
        choices=[("first", "先进先出"), ("random", "随机")],
        widget=forms.RadioSelect,
        required=False,
    )
    frozen = forms.BooleanField(label="先冻结，核对后再开售", required=False)

    def clean_price(self) -> str:
        """Refuse, to show how that looks."""
        raise forms.ValidationError("请填写大于 0 的金额，例如 19.80。")


def _orders(now: datetime) -> list[SampleOrder]:
    def at(minutes: int) -> datetime:
        return now - timedelta(minutes=minutes)

    return [
        SampleOrder(
            "20261123 7KQ4M2XR9D", at(3), "视频会员 · 年卡", "video", "自动发货 / 12 个月", "林**",
            "138****2716", Money(19800), "微信支付", "小程序商城", "paid", tag="老客",
        ),
        SampleOrder(
            "20261123 2M9X8TLW0P", at(6), "大闸蟹提货卡 · 8 只装", "crab",
            "实体卡 / 公 4.0 两 母 3.0 两", "苏州云帆科技", "企业采购", Money(1176000), "对公转账",
            "分销 · 江南礼品", "shipped", 20, "企业",
        ),
        SampleOrder(
            "20261123 9M4K7DQX2A", at(90), LONG, "gift", "电子卡 / 有效期 3 年", "黄**",
            "135****1188", Money(50000), "微信支付", "分销 · 蜂鸟数卡", "pending",
        ),
        SampleOrder(
            "20261122 5C8RT3PL9W", at(1500), "办公软件激活码 · 家庭版", "key", "自动发货 / 6 设备",
            "Z**", "zhao***@mail.com", Money(29800), "支付宝", "H5 商城", "refunding",
            tag="首单",
        ),
        SampleOrder(
            "20261120 8TLW5CR99M", at(4400), "游戏点券 1000 点", "game", "直充 / 安卓 · iOS",
            "徐**", "150****9931", Money(9680), "支付宝", "开放接口", "on_hold",
        ),
        SampleOrder(
            "20251107 0458JN04ZZ", at(550000), "咖啡兑换券 · 5 张", "coffee", "自动发货 / 全国门店",
            "马**", "133****4057", Money(7900), "余额", "小程序商城", "completed",
        ),
    ]  # fmt: skip


def _shell(here: str) -> Shell:
    def item(name: str, label: str, icon: str, key: str = "", badge: int = 0) -> NavItem:
        return NavItem(
            name, label, icon, "/design/", key=key, badge=badge, alarming=name == "vault"
        )

    return Shell(
        merchant_name="小鹿数卡旗舰店",
        merchant_line="演示店铺",
        merchant_kind="demo",
        person_name="陆晓雨",
        person_role="店主",
        home_url="/design/",
        here=here,
        unread=8,
        notices_url="/design/",
        shop_url="/design/shop/",
        logout_url="/design/",
        search_url="",
        groups=[
            NavGroup(
                [
                    item("home", "概览", "home", "h"),
                    item("orders", "订单", "shopping-bag", "o", 23),
                    item("aftersales", "售后工单", "headset", badge=5),
                ]
            ),
            NavGroup(
                [
                    item("products", "商品", "box", "p"),
                    item("vault", "卡密库存", "key", "k", 4),
                    item("pickup", "提货卡", "ticket"),
                ],
                "商品与库存",
            ),
            NavGroup(
                [
                    item("ledger", "财务对账", "report-money", "f"),
                    item("staff", "员工与权限", "shield-check"),
                    item("settings", "设置", "settings"),
                ],
                "财务与系统",
            ),
        ],
        create=[item("order", "手工开单", "plus"), item("import", "导入卡密", "upload")],
        commands=[item("order", "手工开单", "plus"), item("import", "导入卡密", "upload")],
        account=[item("account", "登录与安全", "lock")],
    )


def _chart() -> parts.Chart:
    hours = [f"{hour:02d}:00" for hour in range(24)]
    today = [1.2, 0.8, 0.5, 0.3, 0.3, 0.6, 1.9, 3.8, 6.2, 8.1, 9.4, 10.6, 11.8, 9.7, 8.9]
    before = [
        1.1,
        0.9,
        0.6,
        0.4,
        0.3,
        0.5,
        1.5,
        3.1,
        5.4,
        7.3,
        8.2,
        9.6,
        10.9,
        8.8,
        7.9,
        7.2,
        7.8,
        8.6,
        9.9,
        11.2,
        12.1,
        10.4,
        6.8,
        3.2,
    ]
    orders = [14.0, 9, 6, 4, 3, 7, 22, 44, 72, 94, 109, 123, 137, 112, 103]
    return parts.Chart(
        "trend",
        "支付趋势",
        hours,
        [
            parts.Series("支付订单", orders, "bar", second_axis=True),
            parts.Series("昨日支付金额", before, "dashed"),
            parts.Series("今日支付金额", today, "area"),
        ],
        unit="万元",
    )


def _rank() -> parts.Chart:
    labels = ["小程序商城", "H5 商城", "分销渠道", "开放接口", "企业采购"]
    amounts = [48210.5, 36120, 24880, 11070, 8360]
    return parts.Chart("sources", "渠道占比", labels, [parts.Series("支付金额", amounts)], "rank")


def _figures() -> list[parts.Figure]:
    course = (32, 38, 35, 44, 41, 52, 49, 60, 57, 66, 62, 74)
    return [
        parts.Figure(
            "支付金额", "¥128,640.50", "昨日 ¥114,450.20", "12.4%", course=course, help="含分销"
        ),
        parts.Figure("支付订单", "1,482", "昨日 1,371", "8.1%", course=course),
        parts.Figure("客单价", "¥86.80", "昨日 ¥83.48", "3.9%", course=course),
        parts.Figure(
            "自动发货成功率", "99.87%", "昨日 99.92%", "0.05%", rises=False, course=course
        ),
    ]


def _todo() -> list[parts.Todo]:
    return [
        parts.Todo("package", "待发货", 23, "/design/", "最久已等 42 分钟"),
        parts.Todo("truck-delivery", "提货待寄", 17, "/design/", "今日 16:00 截单"),
        parts.Todo("headset", "售后待处理", 5, "/design/", "1 单将超时"),
        parts.Todo("alert-triangle", "库存预警", 4, "/design/", "2 个商品已售罄", alarming=True),
        parts.Todo(
            "map-pin-exclamation", "串货预警", 2, "/design/", "近 24 小时新增", alarming=True
        ),
        parts.Todo("wallet", "提现待审", 0, "/design/", "没有待审"),
    ]


def finished_job() -> parts.JobCard:
    """Return a job card that has ended."""
    return parts.JobCard("导出订单", "done", 1482, 1482, result_url="/design/")


def events(now: datetime) -> list[parts.Event]:
    """Return a short history, the newest first."""
    return [
        parts.Event("等待人工确认：新客单笔限额触发风控复核", now, "系统", now=True),
        parts.Event("买家付款 ¥198.00", now - timedelta(minutes=4), "微信支付", tone="ok"),
        parts.Event("下单，锁定库存 1 条", now - timedelta(days=1), "小程序商城"),
    ]


def console(request: HttpRequest) -> dict[str, Any]:
    """Return what the console's style guide shows."""
    now = timezone.now()
    bound = Sample({"name": "B20261118-02", "price": "-1", "kind": "code"})
    return {
        "shell": _shell("orders"),
        "orders": [] if request.GET.get("empty") else _orders(now),
        "now": now,
        "tabs": [
            parts.Tab("全部", "/design/", 1482, on=True),
            parts.Tab("待付款", "/design/", 12),
            parts.Tab("待发货", "/design/", 23),
            parts.Tab("运输中", "/design/", 148),
            parts.Tab("售后中", "/design/", 5),
            parts.Tab("已完成", "/design/", 1271),
            parts.Tab("高额待发货", "/design/", 4, starred=True),
        ],
        "chips": [parts.Chip("下单时间", "近 7 天", "/design/")],
        "pages": parts.Pages("/design/?cursor=b", "/design/?cursor=a", 1482),
        "todo": _todo(),
        "figures": _figures(),
        "chart": _chart(),
        "rank": _rank(),
        "events": events(now),
        "job": parts.JobCard(
            "正在导出订单",
            "running",
            948,
            1482,
            "/design/job/",
            "还需约 6 秒",
            cancel_url="/design/job/",
        ),
        "failed_job": parts.JobCard("生成卡密", "failed", 310, 1000, note="磁盘已满"),
        "steps": ["上传", "检查", "入库"],
        "form": bound,
        "amount": Money(-123450),
        "title": LONG,
    }
