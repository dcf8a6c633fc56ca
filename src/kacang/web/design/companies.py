"""Payment companies as people call them, and their pictures. Unknown ones go by their own name."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, str | Promise] = {
    "sandbox": _("Sandbox"),
    "free": _("Free"),
    "wechatpay": _("WeChat Pay"),
    "alipay": _("Alipay"),
    "stripe": _("Bank cards (Stripe)"),
    "epay": _("Epay protocol"),
    "epusdt": _("USDT (epusdt)"),
    "btcpay": _("Bitcoin (BTCPay Server)"),
    "bank_transfer": _("Bank transfer"),
    "wallet": _("Balance"),
}
# What each is for, where a merchant chooses a company.
LINES: dict[str, Promise] = {
    "sandbox": _("A cashier for trials that behaves like a real one and moves no money."),
    "wechatpay": _("QR code, inside WeChat, and in the browser of a phone."),
    "alipay": _("QR code, on a computer, and in the browser of a phone."),
    "stripe": _("Visa, Mastercard and other cards, worldwide."),
    "epay": _("Any gateway that speaks the epay protocol."),
    "epusdt": _("USDT to a wallet of your own."),
    "btcpay": _("Bitcoin and Lightning to a server of your own."),
    "bank_transfer": _("The buyer transfers, a person confirms."),
    "wallet": _("From what a customer has paid in before."),
}
ICONS: dict[str, str] = {
    "sandbox": "tool",
    "wechatpay": "brand-wechat",
    "alipay": "brand-alipay",
    "epusdt": "coin",
    "btcpay": "currency-bitcoin",
    "bank_transfer": "building-bank",
    "wallet": "wallet",
}
# Beyond the letters of its name, the colour of a company's badge.
BADGES = frozenset(
    {
        "sandbox",
        "wechatpay",
        "alipay",
        "stripe",
        "epay",
        "epusdt",
        "btcpay",
        "bank_transfer",
        "wallet",
    }
)


def company_name(provider: str) -> str:
    """Return what people call a company."""
    return str(NAMES.get(provider, provider))


def company_line(provider: str) -> str:
    """Return what a company is for, in a sentence, or ""."""
    return str(LINES.get(provider, ""))


def company_icon(provider: str) -> str:
    """Return the name of a company's icon."""
    return ICONS.get(provider, "credit-card")


def company_badge(provider: str) -> str:
    """Return the class of a company's badge, or "" for a plain one."""
    return f"co-{provider.replace('_', '-')}" if provider in BADGES else ""
