"""What a person fills in for an account at a gateway of 易支付, and what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kacang.payments.adapters.gateways import GATEWAY_FIELD, gateway_of
from kacang.payments.ports import AccountField, BadSecrets
from kacang.shared.outbound import Outbound

NAME = "epay"
V1, V2 = "v1", "v2"
PAGE, API = "page", "api"
CASHIER = "cashier"
KEY, PRIVATE_KEY, PLATFORM_KEY = "key", "private_key", "platform_key"
_PID = re.compile(r"[0-9A-Za-z_-]{1,32}")
FIELDS = (
    GATEWAY_FIELD,
    AccountField("pid", "Merchant number (pid)", "商户 ID（pid）"),
    AccountField(
        "version", "Version of the interface", "接口版本", is_required=False, choices=(V1, V2)
    ),
    AccountField(
        KEY,
        "Merchant key (V1)",
        "商户密钥（V1）",
        is_secret=True,
        is_required=False,
        hint="Of V1: the gateway's website shows it beside the merchant number.",
        hint_zh="V1 用：在网关网站的商户 ID 旁边。",
    ),
    AccountField(
        PRIVATE_KEY,
        "Merchant's private key (V2)",
        "商户私钥（V2）",
        is_secret=True,
        is_required=False,
        is_long=True,
        hint="Of V2: RSA of 2048 bits, in PEM or as the bare base64 that the website shows.",
        hint_zh="V2 用：RSA 2048 位，PEM 或网站上显示的 base64 均可。",
    ),
    AccountField(
        PLATFORM_KEY,
        "Platform's public key (V2)",
        "平台公钥（V2）",
        is_secret=True,
        is_required=False,
        is_long=True,
        hint="Of V2: what the gateway's messages are checked with.",
        hint_zh="V2 用：用来核对网关发来的消息。",
    ),
    AccountField(
        "type",
        "What the buyer pays with",
        "支付方式",
        is_required=False,
        choices=(CASHIER, "alipay", "wxpay", "qqpay", "usdt"),
        hint="The buyer can choose only at the gateway's page, by V1.",
        hint_zh="由买家在网关选择，仅限 V1 且跳转到网关页面。",
    ),
    AccountField(
        "way",
        "How the buyer gets there",
        "对接方式",
        is_required=False,
        choices=(PAGE, API),
        hint="By submit.php, or by mapi.php; V2 has one call for both.",
        hint_zh="跳转用 submit.php，二维码用 mapi.php；V2 为同一接口。",
    ),
    AccountField(
        "signed_values",
        "Which values this gateway signs",
        "签名取值",
        is_required=False,
        choices=("raw", "encoded"),
        hint="A few gateways (EzPay) sign percent-encoded values. V1 only.",
        hint_zh="少数网关（如 EzPay）对百分号编码后的值签名，仅 V1。",
    ),
    AccountField(
        "letters",
        "Letters of our signature",
        "签名大小写",
        is_required=False,
        choices=("lower", "upper"),
        hint="A few gateways want upper case. V1 only.",
        hint_zh="少数网关要求大写，仅 V1。",
    ),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """An account's options, checked."""

    base: str
    pid: str
    version: str
    type: str
    way: str
    is_encoded: bool
    is_upper: bool

    @property
    def type_sent(self) -> str:
        """What the gateway is told: nothing where the buyer chooses."""
        return "" if self.type == CASHIER else self.type


def terms_of(options: Mapping[str, Any], http: Outbound) -> Terms:
    """Read an account's options; what is left out has its default.

    Raises:
        BadSecrets: One is missing or not one of its choices; `field` names it.
    """
    pid = options.get("pid")
    if not isinstance(pid, str) or not _PID.fullmatch(pid):
        raise BadSecrets(field="pid")
    chosen = {field.name: _choice(options, field) for field in FIELDS if field.choices}
    terms = Terms(
        base=gateway_of(options, http),
        pid=pid,
        version=chosen["version"],
        type=chosen["type"],
        way=chosen["way"],
        is_encoded=chosen["signed_values"] == "encoded",
        is_upper=chosen["letters"] == "upper",
    )
    if terms.type == CASHIER and (terms.version, terms.way) != (V1, PAGE):
        raise BadSecrets(field="type")
    return terms


def _choice(options: Mapping[str, Any], field: AccountField) -> str:
    value = options.get(field.name) or field.choices[0]
    if value not in field.choices:
        raise BadSecrets(field=field.name)
    return str(value)
