"""What a merchant fills in for an account at WeChat Pay, and what it must look like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from kacang.payments.adapters.wechatpay import signing
from kacang.payments.ports import AccountField, AccountInfo, BadSecrets, Device

PRIVATE_KEY, V3_KEY, APP_SECRET = "private_key", "api_v3_key", "app_secret"
KEYS, CERTIFICATES, BOTH = "keys", "certificates", "both"
YES_NO, NO_YES = ("yes", "no"), ("no", "yes")
GATEWAY = "https://api.mch.weixin.qq.com"
SIGN_IN = "https://open.weixin.qq.com"
TOKENS = "https://api.weixin.qq.com"
V3_KEY_BYTES = 32
# One, and the one before while it is being changed.
VALUES_MAX = 2

FIELDS = (
    AccountField(
        "mchid", "Merchant number", "商户号",
        hint="pay.weixin.qq.com, Account centre, Merchant information",
        hint_zh="微信支付商户平台 → 账户中心 → 商户信息",
    ),
    AccountField(
        "appid", "App ID", "AppID",
        hint="The official account or mini program that is bound to the merchant number",
        hint_zh="与商户号绑定的公众号或小程序：商户平台 → 产品中心 → AppID 账号管理",
    ),
    AccountField(
        "serial_no", "Serial number of the merchant certificate", "商户 API 证书序列号",
        hint="Account centre, API security, Merchant API certificate, Manage",
        hint_zh="账户中心 → API 安全 → 商户 API 证书 → 管理证书",
    ),
    AccountField(
        PRIVATE_KEY, "Merchant private key", "商户 API 私钥", is_secret=True, is_long=True,
        hint="The whole of the file apiclient_key.pem",
        hint_zh="证书工具生成的 apiclient_key.pem 的全部内容",
    ),
    AccountField(
        V3_KEY, "APIv3 key", "APIv3 密钥", is_secret=True,
        hint="32 characters: Account centre, API security, APIv3 key",
        hint_zh="32 个字符：账户中心 → API 安全 → APIv3 密钥",
    ),
    AccountField(
        "verification", "How WeChat Pay signs", "验签方式",
        choices=(KEYS, CERTIFICATES, BOTH), default=KEYS,
        hint="Both: while the merchant number changes over from certificates to the public key",
        hint_zh="新商户用微信支付公钥，老商户用平台证书；切换期间选「两者」",
    ),
    AccountField(
        "public_key_id", "Public key ID", "微信支付公钥 ID", is_required=False,
        hint="Begins with PUB_KEY_ID_: Account centre, API security, WeChat Pay public key",
        hint_zh="以 PUB_KEY_ID_ 开头：账户中心 → API 安全 → 微信支付公钥",
    ),
    AccountField(
        "public_key", "WeChat Pay public key", "微信支付公钥", is_required=False, is_long=True,
        hint="The whole of the file pub_key.pem, from the same page",
        hint_zh="同一页面下载的 pub_key.pem 的全部内容",
    ),
    AccountField(
        "native", "Native payment (QR code)", "Native 支付（扫码）", choices=YES_NO, default="yes",
        hint="Product centre, My products", hint_zh="产品中心 → 我的产品，已开通才选「是」",
    ),
    AccountField(
        "jsapi", "JSAPI payment (inside WeChat)", "JSAPI 支付（微信内）",
        choices=NO_YES, default="no",
        hint="Product centre; the shop's address is a payment directory there",
        hint_zh="产品中心；并在开发配置里登记支付授权目录，在公众号里登记网页授权域名",
    ),
    AccountField(
        "h5", "H5 payment (browser of a phone)", "H5 支付（手机浏览器）",
        choices=NO_YES, default="no",
        hint="Product centre; the shop's domain is registered there",
        hint_zh="产品中心；并在开发配置里登记 H5 支付域名",
    ),
    AccountField(
        APP_SECRET, "App secret of the official account", "公众号 AppSecret",
        is_secret=True, is_required=False,
        hint="For JSAPI: mp.weixin.qq.com, Settings and development, Basic configuration",
        hint_zh="JSAPI 支付需要：微信公众平台 → 设置与开发 → 基本配置",
    ),
    AccountField(
        "gateway", "Address of the interface", "接口地址", is_required=False, default=GATEWAY,
        hint="Leave it empty unless WeChat Pay names another", hint_zh="通常留空",
    ),
    AccountField(
        "sign_in", "Address of the sign-in page", "网页授权地址", is_required=False,
        default=SIGN_IN, hint="Leave it empty", hint_zh="通常留空",
    ),
    AccountField(
        "tokens", "Address of the official account's interface", "公众号接口地址",
        is_required=False, default=TOKENS, hint="Leave it empty", hint_zh="通常留空",
    ),
)  # fmt: skip
DEFAULTS = {each.name: each.default for each in FIELDS}
_FORMS = {
    "mchid": re.compile(r"[0-9]{8,12}"),
    "appid": re.compile(r"wx[0-9A-Za-z]{16}"),
    "serial_no": re.compile(r"[0-9A-Fa-f]{30,40}"),
}
_PUBLIC_KEY_ID = re.compile(r"PUB_KEY_ID_[0-9]{20,64}")
_APP_SECRET = re.compile(r"[0-9A-Za-z]{32}")
_PRODUCT_OF = {Device.DESKTOP: "native", Device.PHONE: "h5", Device.WECHAT: "jsapi"}


@dataclass(frozen=True, slots=True)
class Merchant:
    """An account, taken apart. Never log it.

    Args:
        place: Equal only for the same account with the same keys, for what is remembered of it.
        private_key: What we sign with, in PEM.
        v3_keys: What WeChat encrypts with, 32 bytes each, the newest first.
        public_keys: WeChat's own keys in PEM by their id.
        has_certificates: Whether platform certificates count.
        products: Those that the merchant has opened.
        urls: Base URLs by name, without a final slash.
    """

    place: tuple[object, ...] = field(repr=False)
    mchid: str
    appid: str
    serial_no: str
    private_key: str = field(repr=False)
    v3_keys: tuple[bytes, ...] = field(repr=False)
    app_secret: str = field(repr=False)
    public_keys: Mapping[str, str]
    has_certificates: bool
    products: frozenset[str]
    urls: Mapping[str, str]

    def product_for(self, device: Device) -> str | None:
        """Return how a buyer on this device pays, if the merchant has opened that product."""
        product = _PRODUCT_OF.get(device)
        return product if product in self.products else None


def merchant_of(account: AccountInfo) -> Merchant:
    """Take an account apart.

    Raises:
        BadSecrets: A secret without which nothing can be signed or believed is missing.
    """
    options = {name: option(account.options, name) for name in DEFAULTS}
    mode = options["verification"]
    v3_keys = tuple(key.encode() for key in account.secrets.get(V3_KEY, ()))
    private_keys = account.secrets.get(PRIVATE_KEY, ())
    if not v3_keys or any(len(key) != V3_KEY_BYTES for key in v3_keys) or not private_keys:
        raise BadSecrets
    public = {options["public_key_id"]: options["public_key"]}
    has_certificates = mode in {CERTIFICATES, BOTH}
    return Merchant(
        place=(account.merchant_id, account.uid, options["mchid"], options["gateway"], *v3_keys),
        mchid=options["mchid"],
        appid=options["appid"],
        serial_no=options["serial_no"],
        private_key=private_keys[0],
        v3_keys=v3_keys,
        app_secret=next(iter(account.secrets.get(APP_SECRET, ())), ""),
        public_keys=public if mode != CERTIFICATES and options["public_key_id"] else {},
        has_certificates=has_certificates,
        products=frozenset(
            name for name in ("native", "jsapi", "h5") if options[name] == "yes"
        ),
        urls={name: options[name].rstrip("/") for name in ("gateway", "sign_in", "tokens")},
    )  # fmt: skip


def option(options: Mapping[str, Any], name: str) -> str:
    """Return what was filled in, or what it is when left empty."""
    return str(options.get(name) or "").strip() or DEFAULTS[name]


def check(secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]) -> None:
    """Refuse what cannot be an account at WeChat Pay.

    Raises:
        BadSecrets: `field` says which one.
    """
    _check_keys(secrets)
    _check_public_key(options)
    _check_products(secrets, options)
    for name, form in _FORMS.items():
        if not form.fullmatch(option(options, name)):
            _bad(name)
    for name in ("gateway", "sign_in", "tokens"):
        parts = urlsplit(option(options, name))
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query:
            _bad(name)


def _check_keys(secrets: Mapping[str, tuple[str, ...]]) -> None:
    for name in (PRIVATE_KEY, V3_KEY):
        if not 1 <= len(secrets.get(name, ())) <= VALUES_MAX:
            _bad(name)
    if any(signing.private_key(pem) is None for pem in secrets[PRIVATE_KEY]):
        _bad(PRIVATE_KEY)
    for key in secrets[V3_KEY]:
        if len(key.encode()) != V3_KEY_BYTES or not key.isascii() or not key.isprintable():
            _bad(V3_KEY)


def _check_public_key(options: Mapping[str, Any]) -> None:
    mode = option(options, "verification")
    if mode not in {KEYS, CERTIFICATES, BOTH}:
        _bad("verification")
    if mode == CERTIFICATES:
        return
    if not _PUBLIC_KEY_ID.fullmatch(option(options, "public_key_id")):
        _bad("public_key_id")
    if signing.public_key(option(options, "public_key")) is None:
        _bad("public_key")


def _check_products(secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]) -> None:
    opened = {name: option(options, name) for name in ("native", "jsapi", "h5")}
    for name, said in opened.items():
        if said not in YES_NO:
            _bad(name)
    if "yes" not in opened.values():
        _bad("native")
    given = secrets.get(APP_SECRET, ())
    if opened["jsapi"] == "yes" and not given:
        _bad(APP_SECRET)
    if any(not _APP_SECRET.fullmatch(each) for each in given):
        _bad(APP_SECRET)


def _bad(name: str) -> NoReturn:
    raise BadSecrets(field=name)
