"""What is said about withdrawals, and why one cannot be (F3)."""

from dataclasses import dataclass
from datetime import datetime

from kacang.shared.errors import Conflict, Invalid, NotFound, Refused
from kacang.shared.money import Money
from kacang.wallets.models import PayoutTo, WithdrawalState

__all__ = [
    "BadDestination",
    "BadPayout",
    "DayFull",
    "Destination",
    "NotWithdrawable",
    "OutOfLimits",
    "OwnApproval",
    "OwnDeposit",
    "Payout",
    "PayoutTo",
    "UnknownWithdrawal",
    "WithdrawalReasonMissing",
    "WithdrawalState",
    "WithdrawalView",
]  # fmt: skip


class UnknownWithdrawal(NotFound):
    """The merchant, or this customer, has no such withdrawal."""

    code = "wallets.unknown_withdrawal"


class NotWithdrawable(Refused):
    """The shop pays nothing out of wallets."""

    code = "wallets.not_withdrawable"


class BadDestination(Invalid):
    """Whereto is not said, or not in a way that money could go there."""

    code = "wallets.bad_destination"


class OutOfLimits(Invalid):
    """It is less or more than is paid out at once."""

    code = "wallets.out_of_limits"


class DayFull(Conflict):
    """With it, more would be asked for of this wallet today than a day allows."""

    code = "wallets.day_full"


class OwnDeposit(Refused):
    """Who has put money into the wallet does not approve so much of what goes out."""

    code = "wallets.own_deposit"


class OwnApproval(Refused):
    """Two people approve so much, and this is the same one."""

    code = "wallets.own_approval"


class WithdrawalReasonMissing(Invalid):
    """A refusal, a payout that failed and a look at a destination have their reason."""

    code = "wallets.reason_missing"


class BadPayout(Invalid):
    """A payout has its number, a time that has come, and a fee that is an amount."""

    code = "wallets.bad_payout"


@dataclass(frozen=True, slots=True)
class Destination:
    """Whereto money is paid: personal data, sealed at once and opened only for a reason.

    Args:
        kind: A bank account, an Alipay account, or words.
        holder: Whose account it is; not with words.
        bank: Which bank, and which branch; only with a bank account.
        number: The account, or the words.
    """

    kind: PayoutTo
    number: str
    holder: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawalWish:
    """What a customer asks for.

    Args:
        amount: Above nothing, in the wallet's currency.
        to: Whereto.
        once: The form's own name: sent again it asks for nothing more.
        language: What their mails speak.
    """

    amount: Money
    to: Destination
    once: str
    language: str


@dataclass(frozen=True, slots=True)
class Payout:
    """What was really paid, and how it is found at the bank.

    Args:
        ref: The bank's or company's number of it.
        at: When.
        fee: What it cost the merchant, besides; zero when nothing.
        proof: A picture or PDF, as `payments.proofs.picture_or_pdf` reads it: type and content.
    """

    ref: str
    at: datetime
    fee: Money
    proof: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """A withdrawal as it stands. `first_by`: one of two people has approved it."""

    uid: str
    wallet_uid: str
    owner_ref: str
    state: WithdrawalState
    amount: Money
    to_kind: PayoutTo
    to_mask: str
    language: str
    asked_at: datetime
    first_by: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    payout_ref: str
    paid_by: str
    paid_at: datetime | None
    fee: Money
    has_proof: bool
    ended_at: datetime | None
