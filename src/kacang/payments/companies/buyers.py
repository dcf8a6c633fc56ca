"""Signing the buyer in at a company that must know who pays, such as WeChat in its own app (P1)."""

from typing import Any, cast

from kacang.payments.accounts import routing
from kacang.payments.accounts.finding import account_of_uid, routes
from kacang.payments.accounts.routing import Sale
from kacang.payments.companies import outside, registry
from kacang.payments.ports import AccountInfo, Device, KnowsBuyers
from kacang.payments.queries import UnknownAccount

# Elsewhere nobody must be known: the company's app is opened by a QR code or a page.
OWN_APPS = frozenset({Device.WECHAT, Device.ALIPAY})


def account_to_sign_in(*, merchant_id: int, provider: str, sale: Sale) -> AccountInfo | None:
    """Return the account with which a buyer must sign in before paying, or None: none need.

    The payment must then be made at this very account: companies call a buyer differently
    for each.
    """
    company: Any = registry.providers().get(provider)
    if sale.device not in OWN_APPS or not hasattr(company, "sign_in_url"):
        return None
    found = routing.choose(routes(merchant_id=merchant_id), sale, provider=provider)
    return found.account if found else None


def sign_in_url(*, account: AccountInfo, back_url: str, state: str) -> str:
    """Return where the buyer's browser is sent, or "" when this account needs no sign-in."""
    return _company(account).sign_in_url(account, back_url, state)


def buyer_of(*, merchant_id: int, account_uid: str, code: str) -> str:
    """Return the company's name of the buyer who came back with `code`.

    The company is called; must not be called inside a transaction (L18).

    Raises:
        UnknownAccount: The merchant has no such account, or its company knows no buyers.
        ProviderSilent: The company did not answer.
        AccountRefused: The code is spent, made up, or another account's.
    """
    outside.refuse_in_transaction()
    account = account_of_uid(account_uid)
    company: Any = registry.providers().get(account.provider)
    if account.merchant_id != merchant_id or not hasattr(company, "buyer_of"):
        raise UnknownAccount
    return _company(account).buyer_of(account, code)


def _company(account: AccountInfo) -> KnowsBuyers:
    return cast("KnowsBuyers", registry.provider(account.provider))
