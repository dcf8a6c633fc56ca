"""What others may ask: which accounts a merchant has, and by which its messages go."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.messages import registry
from kacang.messages.ports import AccountSender, Keys, SmsSender, Template
from kacang.messages.senders import secrets as kept
from kacang.messages.senders.models import SenderAccount
from kacang.messages.wording.variables import SMS
from kacang.shared.errors import NotFound

# Whose account carries a message: "" is the operator's.
OPERATORS = ""


class UnknownAccount(NotFound):
    """The merchant has no such account."""

    code = "senders.unknown_account"


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant's account at a company, without its secret."""

    uid: str
    company: str
    channel: str
    key_id: str
    app: str
    sign_name: str
    templates: dict[str, Template]
    has_secret: bool
    is_on: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Carrier:
    """By whom a message goes: the sender, and whose account it is."""

    sender: SmsSender
    account: str = OPERATORS


def accounts(*, merchant_id: int) -> list[Account]:
    """Return a merchant's accounts by company."""
    with acting_as(merchant_id):
        rows = SenderAccount.objects.filter(merchant_id=merchant_id).order_by("company")
        return [_account(row) for row in rows]


def account(*, merchant_id: int, company: str) -> Account | None:
    """Return a merchant's account at a company, or None."""
    with acting_as(merchant_id):
        row = SenderAccount.objects.filter(merchant_id=merchant_id, company=company).first()
        return None if row is None else _account(row)


def can_text(merchant_id: int) -> bool:
    """Whether a merchant's text messages can be sent: by its own account, or the operator's."""
    if registry.sms_sender() is not None:
        return True
    with acting_as(merchant_id):
        return _on(merchant_id, SMS).exists()


def can_carry(merchant_id: int, channel: str) -> bool:
    """Whether a merchant has an account of its own that is on for a channel."""
    with acting_as(merchant_id):
        return _on(merchant_id, channel).exists()


def carrier(*, merchant_id: int, channel: str) -> Carrier | None:
    """Return by whom a merchant's messages of a channel go now: by its own account first."""
    with acting_as(merchant_id):
        row = _on(merchant_id, channel).first()
        if row is not None:
            return Carrier(_sender(row), row.uid)
    sender = registry.sms_sender() if channel == SMS else None
    return None if sender is None else Carrier(sender)


def carrier_of(*, merchant_id: int, uid: str) -> Carrier | None:
    """Return the account of this uid, switched on or not; "" is the operator's; None: gone."""
    if uid == OPERATORS:
        sender = registry.sms_sender()
        return None if sender is None else Carrier(sender)
    with acting_as(merchant_id):
        row = SenderAccount.objects.filter(merchant_id=merchant_id, uid=uid).first()
        return None if row is None or not row.secret else Carrier(_sender(row), uid)


def _on(merchant_id: int, channel: str) -> QuerySet[SenderAccount]:
    return SenderAccount.objects.filter(merchant_id=merchant_id, channel=channel, is_on=True)


def _sender(row: SenderAccount) -> AccountSender:
    keys = Keys(row.key_id, kept.opened(row), row.sign_name, templates_of(row), row.app)
    return registry.company(row.company).of(keys)


def templates_of(row: SenderAccount) -> dict[str, Template]:
    """Return the templates of a row."""
    return {key: Template(code, tuple(names)) for key, (code, names) in row.templates.items()}


def _account(row: SenderAccount) -> Account:
    return Account(
        uid=row.uid,
        company=row.company,
        channel=row.channel,
        key_id=row.key_id,
        app=row.app,
        sign_name=row.sign_name,
        templates=templates_of(row),
        has_secret=bool(row.secret),
        is_on=row.is_on,
        created_at=row.created_at,
    )
