"""What a BTCPay Server remembers of invoices. Amounts are decimals of the invoice's currency."""

import secrets
import string
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_LETTERS = string.ascii_letters + string.digits


def new_id(length: int = 22) -> str:
    """Return a random name, as the server gives them."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


@dataclass
class Invoice:
    """One invoice. `until`: when the server stops watching for coins, in Unix seconds."""

    amount: Decimal
    currency: str
    metadata: dict[str, Any]
    back_url: str
    until: int
    expires: int
    status: str = "New"
    besides: str = "None"
    paid: Decimal = Decimal(0)
    id: str = field(default_factory=new_id)

    def receive(self, amount: Decimal) -> None:
        """Take coins in that are worth `amount`, and say what that makes of the invoice."""
        self.paid += amount
        if self.paid < self.amount:
            self.status, self.besides = "Expired", "PaidPartial"
        else:
            self.status = "Settled"
            self.besides = "PaidOver" if self.paid > self.amount else "None"

    def stop_watching(self) -> None:
        """Let the time pass in which coins may still come."""
        self.until = int(time.time()) - 1

    def told(self, url: str) -> dict[str, Any]:
        """Return the invoice as the API does."""
        return {
            "id": self.id,
            "amount": str(self.amount),
            "paidAmount": str(self.paid),
            "currency": self.currency,
            "type": "Standard",
            "checkoutLink": f"{url}/i/{self.id}",
            "createdTime": int(time.time()),
            "expirationTime": self.expires,
            "monitoringExpiration": self.until,
            "status": self.status,
            "additionalStatus": self.besides,
            "metadata": self.metadata,
            "archived": False,
        }
