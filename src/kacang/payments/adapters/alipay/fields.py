"""What a person fills in for an account at Alipay, and where it is found there."""

from kacang.payments.adapters.alipay.gateway import GATEWAY
from kacang.payments.adapters.alipay.keys import (
    ALIPAY_CERT,
    APP_CERT,
    KEYS,
    MODES,
    PRIVATE_KEY,
    PUBLIC_KEY,
    ROOT_CERT,
)
from kacang.payments.ports import AccountField


def _pem(name: str, label: str, label_zh: str, *hints: str) -> AccountField:
    hint, hint_zh = hints
    return AccountField(
        name,
        label,
        label_zh,
        is_secret=True,
        is_required=name == PRIVATE_KEY,
        is_long=True,
        hint=hint,
        hint_zh=hint_zh,
    )


FIELDS: tuple[AccountField, ...] = (
    AccountField(
        "app_id",
        "APPID",
        "APPID",
        hint="16 digits: Alipay Open Platform, console, the application.",
        hint_zh="16 位数字：支付宝开放平台 → 控制台 → 应用详情。",
    ),
    AccountField(
        "seller_id",
        "Seller's PID",
        "卖家 PID",
        hint="16 digits that begin with 2088: Alipay for merchants, account, merchant information.",
        hint_zh="2088 开头的 16 位数字：商家平台 → 账号中心 → 商户信息。",
    ),
    AccountField(
        "mode",
        "Signing with",
        "签名方式",
        is_required=False,
        choices=MODES,
        default=KEYS,
        hint="As chosen in the application's development settings.",
        hint_zh="与应用「开发设置 → 接口加签方式」一致。",
    ),
    _pem(
        PRIVATE_KEY,
        "Application's private key",
        "应用私钥",
        "Made with Alipay's key tool; PEM or one line of base64.",
        "由支付宝密钥工具生成；PEM 或一行 base64 均可。",
    ),
    _pem(
        PUBLIC_KEY,
        "Alipay's public key (keys)",
        "支付宝公钥（公钥方式）",
        "Shown after the application's public key is uploaded; not the application's own.",
        "上传应用公钥后由支付宝给出，不是应用公钥。",
    ),
    _pem(
        APP_CERT,
        "Application's certificate (certificates)",
        "应用公钥证书（证书方式）",
        "appCertPublicKey_….crt",
        "appCertPublicKey_….crt 的全部内容",
    ),
    _pem(
        ALIPAY_CERT,
        "Alipay's certificate (certificates)",
        "支付宝公钥证书（证书方式）",
        "alipayCertPublicKey_RSA2.crt",
        "alipayCertPublicKey_RSA2.crt 的全部内容",
    ),
    _pem(
        ROOT_CERT,
        "Alipay's root certificates (certificates)",
        "支付宝根证书（证书方式）",
        "alipayRootCert.crt",
        "alipayRootCert.crt 的全部内容",
    ),
    AccountField(
        "desktop",
        "On a computer",
        "电脑上",
        is_required=False,
        choices=("page", "qr"),
        default="page",
        hint="Alipay's page, or a QR code on ours (face-to-face payment).",
        hint_zh="页面：电脑网站支付，跳到支付宝；二维码：当面付，在本站页面扫码。",
    ),
    AccountField(
        "phone",
        "On a phone",
        "手机上",
        is_required=False,
        choices=("wap", "qr"),
        default="wap",
        hint="Alipay's page for phones, or the QR code's address, which opens the app.",
        hint_zh="手机网页：手机网站支付；二维码：当面付，用二维码的地址唤起支付宝。",
    ),
    AccountField(
        "gateway",
        "Gateway",
        "网关地址",
        is_required=False,
        default=GATEWAY,
        hint="Change it for Alipay's own sandbox only.",
        hint_zh="只有使用支付宝沙箱时才需要改。",
    ),
)
