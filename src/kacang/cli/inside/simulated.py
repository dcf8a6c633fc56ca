"""A demo merchant's accounts at simulated companies: made at the first start, kept true after."""

import json
from pathlib import Path
from typing import Any, Protocol

import httpx
from django.conf import settings

from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.messages.ports import Template
from kacang.messages.senders import operations as senders
from kacang.messages.senders import queries as sender_queries
from kacang.messages.senders import reports
from kacang.messages.senders.operations import AccountDraft
from kacang.messages.wording import operations as wording
from kacang.messages.wording.variables import SMS
from kacang.payments import operations as payments
from kacang.payments.accounts.details import account_details
from kacang.payments.companies import registry
from kacang.payments.operations import AccountChange, NewAccount
from kacang.shared.clock import utc_now

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
# What the demo shop tells by text message, and whom of its staff.
TEXTED = ("order.delivered", "order.shipped", "order.waiting", "order.refunded")
STAFF_PHONE = "+8613800138000"


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


def wire_senders(*, merchant_id: int, slug: str, kept: Kept, file: Path, actor: Actor) -> None:
    """Make an account for text messages at each company that the file tells of.

    At the first start the first one is switched on, with some events and a telephone for the
    staff; what a person has changed since stays.
    """
    have = {one.company for one in sender_queries.accounts(merchant_id=merchant_id)}
    is_first = not kept.of("merchants", slug, "texts")
    for needed in json.loads(file.read_text("utf-8")):
        company = needed["company"]
        if is_first and company not in have:
            _save_sender(merchant_id, needed, actor)
        found = sender_queries.account(merchant_id=merchant_id, company=company)
        if found is not None:
            url = reports.address_of(company, found.uid)
            said = httpx.post(needed["control"], data={"callback_url": url}, trust_env=False)
            said.raise_for_status()
    if not is_first:
        return
    first = json.loads(file.read_text("utf-8"))[0]["company"]
    senders.switch_account(merchant_id=merchant_id, company=first, on=True, actor=actor)
    for event in TEXTED:
        wording.switch(merchant_id=merchant_id, event=event, channel=SMS, on=True, actor=actor)
    merchants.change_settings(
        merchant_id=merchant_id, values={"sms_staff": STAFF_PHONE}, actor=actor
    )
    kept.note(True, "merchants", slug, "texts")  # noqa: FBT003 - JSON


def _save_sender(merchant_id: int, needed: dict[str, Any], actor: Actor) -> None:
    senders.save_account(
        merchant_id=merchant_id,
        company=needed["company"],
        draft=AccountDraft(
            key_id=needed["key_id"],
            secret=needed["secret"],
            app=needed["app"],
            sign_name=needed["sign_name"],
            templates={
                event: Template(code, tuple(names))
                for event, (code, names) in needed["templates"].items()
            },
        ),
        actor=actor,
        now=utc_now(),
    )


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
