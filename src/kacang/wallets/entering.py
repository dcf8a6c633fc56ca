"""How a customer comes to their wallet: by a code sent to the address that owns it (rule 22).

Whether an address has a wallet is never said: everybody who asks is sent a code, and who brings
it back sees a wallet, perhaps an empty one. How often may be tried is counted by the faces.
"""

import hashlib
from datetime import timedelta

from django.db.models import Q

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.queue import enqueue
from kacang.shared.ciphers import same
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_token, new_uid
from kacang.wallets.models import EntryCode, Session

CODE_MINUTES = 10
CODES_MAX = 3
SESSION_HOURS = 12
DIGITS = 6


def request_code(*, merchant_id: int, owner_ref: str, language: str) -> None:
    """Have a one-time code sent to an e-mail address; after three unused ones, none."""
    with acting_as(merchant_id):
        live = EntryCode.objects.filter(
            merchant_id=merchant_id, owner_ref=owner_ref, expires_at__gt=utc_now()
        )
        if live.count() >= CODES_MAX:
            return
        row = EntryCode.objects.create(
            merchant_id=merchant_id,
            uid=new_uid("wco"),
            owner_ref=owner_ref,
            language=language,
            expires_at=utc_now() + timedelta(minutes=CODE_MINUTES),
        )
        enqueue("wallets.send_code", queue="mail", merchant_id=merchant_id, code_uid=row.uid)


def code_to_send(*, merchant_id: int, code_uid: str) -> tuple[str, str, str] | None:
    """Return (address, language, code) for the mail; None when the code is of no use any more."""
    with acting_as(merchant_id):
        row = EntryCode.objects.filter(
            merchant_id=merchant_id, uid=code_uid, expires_at__gt=utc_now(), used_at=None
        ).first()
    return None if row is None else (row.owner_ref, row.language, _code(merchant_id, row.uid))


def enter(*, merchant_id: int, owner_ref: str, code: str) -> str:
    """Take a code, once, and return the token of a session; "" when it is not one of theirs."""
    code = code.strip()[:20]
    with acting_as(merchant_id):
        live = EntryCode.objects.filter(
            Q(expires_at__gt=utc_now()),
            merchant_id=merchant_id,
            owner_ref=owner_ref,
            used_at=None,
        )
        for row in live:
            fits = same(code.encode(), _code(merchant_id, row.uid).encode())
            # Of two who bring the same code at once, one changes the row.
            if fits and live.filter(pk=row.pk).update(used_at=utc_now()):
                return _begin(merchant_id, owner_ref)
    return ""


def owner_of(*, merchant_id: int, token: str) -> str:
    """Return whose session a token is, "" when it is none or over."""
    if not token:
        return ""
    with acting_as(merchant_id):
        found = Session.objects.filter(
            merchant_id=merchant_id, token_hash=_hash(token), expires_at__gt=utc_now()
        )
        return found.values_list("owner_ref", flat=True).first() or ""


def leave(*, merchant_id: int, token: str) -> None:
    """End a session. May be repeated."""
    with acting_as(merchant_id):
        Session.objects.filter(merchant_id=merchant_id, token_hash=_hash(token)).delete()


def sweep(*, merchant_id: int) -> int:
    """Remove codes and sessions whose time is over; return how many."""
    with acting_as(merchant_id):
        gone = 0
        for rows in (EntryCode.objects, Session.objects):
            gone += rows.filter(merchant_id=merchant_id, expires_at__lt=utc_now()).delete()[0]
    return gone


def _begin(merchant_id: int, owner_ref: str) -> str:
    token = new_token()
    Session.objects.create(
        merchant_id=merchant_id,
        token_hash=_hash(token),
        owner_ref=owner_ref,
        expires_at=utc_now() + timedelta(hours=SESSION_HOURS),
    )
    return token


def _code(merchant_id: int, uid: str) -> str:
    keyed = cipher_for(merchant_id).fingerprint(b"wallet_code", uid.encode())
    return f"{int.from_bytes(keyed[:8], 'big') % 10**DIGITS:0{DIGITS}d}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token[:100].encode()).digest()
