"""Endpoints' secrets between the row, where they are sealed, and who signs with them."""

from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.messages.webhooks.models import WebhookEndpoint
from kacang.outbox.rotating import SealedTable

TABLE, SECRET, OLD = "webhook_endpoint", "secret", "old_secret"
SEALED = (
    SealedTable(
        table=TABLE,
        columns={SECRET: SECRET, OLD: OLD},
        bound_to=TABLE,
        place="convert_to(t.uid, 'UTF8')",
    ),
)


def seal(merchant_id: int, uid: str, secret: str, column: str = SECRET) -> bytes:
    """Return a secret as it is stored, tied to the endpoint `uid`."""
    return sealing_cipher(merchant_id).seal(TABLE, column, secret.encode(), uid.encode())


def opened(row: WebhookEndpoint, column: str = SECRET) -> str:
    """Undo `seal` for one column of a row that has it."""
    sealed = bytes(row.secret if column == SECRET else row.old_secret or b"")
    return cipher_for(row.merchant_id).open(TABLE, column, sealed, row.uid.encode()).decode()
