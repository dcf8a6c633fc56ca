"""Wallet balance: the buyer pays from what the merchant owes them (P1, F3).

The company here is the merchant's own room of wallets. It is never asked: taking the money from
the wallet and settling the order are one transaction, whose message is signed with a secret of
our own like that of any company (L9).
"""

from datetime import datetime

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

NAME = "wallet"


class Balance(Ourselves):
    """A merchant's wallets, as `PaymentProvider` wants them."""

    name = NAME
    fields = (
        AccountField(
            SECRET, "Signing secret", "签名密钥", is_secret=True, is_required=False,
            hint="Made by itself: it signs what wallets pay.",
            hint_zh="系统自动生成，用于为余额支付签名。",
        ),
    )  # fmt: skip

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Say how much: there is nowhere to go."""
        return PayInstructions(facts={"amount": payment.amount.plain})


def paid(account: AccountInfo, *, number: str, amount: Money, now: datetime) -> IncomingMessage:
    """Return the signed message that a wallet has paid a payment: always the same one.

    Raises:
        BadSecrets: The account has no secret to sign with.
    """
    secrets = account.secrets.get(SECRET, ())
    if not secrets:
        raise BadSecrets
    said = {
        "id": f"balance_{number}",
        "payment_id": number,
        "provider_number": number,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "status": plain_messages.PAID,
    }
    return plain_messages.written(secrets[0], said, now)
