"""A demo merchant's accounts at simulated companies: made at the first start, kept true after."""

import json
from pathlib import Path
from typing import Any, Protocol

import httpx
from django.conf import settings

from kacang.merchants.audit import Actor
from kacang.payments import operations as payments
from kacang.payments.accounts.details import account_details
from kacang.payments.companies import registry
from kacang.payments.operations import AccountChange, NewAccount

NAMES = {
    "wechatpay": "微信支付（模拟）",
    "alipay": "支付宝（模拟）",
    "stripe": "银行卡（模拟）",
    "epay": "易支付（模拟）",
    "epusdt": "USDT（模拟）",
    "btcpay": "比特币（模拟）",
}
# Behind the sandbox, in the order in which they come.
POSITION = 10


class Kept(Protocol):
    """What was noted at earlier starts."""

    def of(self, *names: str) -> Any:
        """Return what is noted under a path of names, or nothing."""

    def note(self, value: object, *names: str) -> None:
        """Write something down, for good."""


def wire(*, merchant_id: int, slug: str, kept: Kept, file: Path, actor: Actor) -> None:
    """Make an account at each company that the file tells of, or change the one that is there.

    What a person has renamed keeps its name.
    """
    for place, needed in enumerate(json.loads(file.read_text("utf-8"))):
        provider = needed["provider"]
        if provider not in registry.providers():
            continue
        uid = kept.of("merchants", slug, "simulators", provider)
        if uid:
            _change(merchant_id, uid, needed, actor)
            _tell(needed, provider, uid)
            continue
        new = NewAccount(
            provider=provider,
            name=NAMES.get(provider, provider),
            currency=needed["currency"],
            secrets=needed["secrets"],
            options=needed["options"],
            position=POSITION + place,
        )
        made = payments.create_account(merchant_id=merchant_id, account=new, actor=actor)
        payments.enable_account(merchant_id=merchant_id, uid=made.uid, actor=actor)
        kept.note(made.uid, "merchants", slug, "simulators", provider)
        _tell(needed, provider, made.uid)


def _tell(needed: dict[str, Any], provider: str, uid: str) -> None:
    """Say to a company where its messages go, as a person would at its website."""
    url = f"{settings.PUBLIC_URL}/callbacks/payments/{provider}/{uid}"
    httpx.post(needed["control"], data={"callback_url": url}, trust_env=False).raise_for_status()


def _change(merchant_id: int, uid: str, needed: dict[str, Any], actor: Actor) -> None:
    present = account_details(merchant_id=merchant_id, uid=uid)
    if dict(present.options) == needed["options"]:
        return
    change = AccountChange(
        name=present.row.name,
        options=needed["options"],
        position=present.position,
        limits=present.row.limits,
        fee_bp=present.fee_bp,
        fee_fixed_minor=present.fee_fixed_minor,
        networks=present.networks,
    )
    payments.change_account(merchant_id=merchant_id, uid=uid, change=change, actor=actor)
