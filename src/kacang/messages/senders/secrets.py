"""Accounts' secrets between the row, where they are sealed, and who signs with them."""

from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.messages.senders.models import SenderAccount
from kacang.outbox.rotating import SealedTable

TABLE, SECRET = "sender_account", "secret"
SEALED = (
    SealedTable(
        table=TABLE,
        columns={SECRET: SECRET},
        bound_to=TABLE,
        place="convert_to(t.uid, 'UTF8')",
    ),
)


def seal(merchant_id: int, uid: str, secret: str) -> bytes:
    """Return a secret as it is stored, tied to the account `uid`."""
    return sealing_cipher(merchant_id).seal(TABLE, SECRET, secret.encode(), uid.encode())


def opened(row: SenderAccount) -> str:
    """Undo `seal`."""
    cipher = cipher_for(row.merchant_id)
    return cipher.open(TABLE, SECRET, bytes(row.secret), row.uid.encode()).decode()
