"""Bank transfer: the buyer pays into the merchant's bank account, and the merchant says so (P1).

The company here is the merchant: nobody else can say whether the money is there. A member of the
staff who has seen it on the bank statement confirms it; the confirmation is a message like any
other company's, signed with a secret of our own that the account has (L9). So an account without a
secret cannot be confirmed by anybody, and a program of the merchant's that reads the bank's
statements may send the same message to our door.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from kacang.payments.adapters.ourselves import SECRET, Ourselves
from kacang.payments.companies import plain_messages
from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    BadSecrets,
    IncomingMessage,
    PayInstructions,
    PaymentAsked,
)
from kacang.shared.money import Money

NAME = "bank_transfer"
REFERENCE_LENGTH = 8
OPTION_MAX = 120


class BankTransfer(Ourselves):
    """A merchant's bank account, as `PaymentProvider` wants it."""

    name = NAME
    fields = (
        AccountField("bank", "Bank and branch", "开户银行"),
        AccountField("holder", "Account holder", "户名"),
        AccountField("number", "Account number", "银行账号"),
        AccountField(
            SECRET, "Signing secret", "签名密钥", is_secret=True, is_required=False,
            hint="Made by itself: it signs what your staff confirm.",
            hint_zh="系统自动生成，用于为员工的到账确认签名。",
        ),
    )  # fmt: skip

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Say where to, how much, and what to write beside it."""
        reference = reference_of(payment.number)
        facts = {
            **{name: str(account.options.get(name, "")) for name in ("bank", "holder", "number")},
            "amount": payment.amount.plain,
            "reference": reference,
        }
        return PayInstructions(provider_ref=reference, facts=facts)

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand a signing secret, and all that a buyer must copy."""
        super().check_secrets(secrets, options)
        for name in ("bank", "holder", "number"):
            value = options.get(name)
            if not isinstance(value, str) or not 0 < len(value.strip()) <= OPTION_MAX:
                raise BadSecrets(field=name)


def reference_of(number: str) -> str:
    """Return what the buyer writes beside a transfer: short, of capitals and digits."""
    return number[:REFERENCE_LENGTH].upper()


def confirmation(
    account: AccountInfo, *, number: str, bank_number: str, amount: Money, now: datetime
) -> IncomingMessage:
    """Return the signed message that money for a payment has come.

    The same money told twice is the same message; another payment or amount under the same
    number of the bank is another one, and settles as such (rule 11).

    Raises:
        BadSecrets: The account has no secret to sign with.
    """
    secrets = account.secrets.get(SECRET, ())
    if not secrets:
        raise BadSecrets
    told = f"{number}/{amount.minor}/{amount.currency}/{bank_number}".encode()
    said = {
        "id": "bank_" + blake2b(told, digest_size=16).hexdigest(),
        "payment_id": number,
        "provider_number": bank_number,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "status": plain_messages.PAID,
    }
    return plain_messages.written(secrets[0], said, now)
