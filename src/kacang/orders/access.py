"""Who may see an order's codes (rule 22, L10).

Number and contact show the state only. Codes need the access token of the browser or of a mail's
link, the order's password, or a one-time code that was sent to the contact.
"""

import hashlib
import secrets
from datetime import timedelta

from django.db import models

from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.orders.buying.drafts import hash_token
from kacang.orders.errors import UnknownOrder
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import AccessCode, AccessToken, Order
from kacang.orders.passwords import hash_password, password_fits
from kacang.orders.types import Credentials
from kacang.queue import enqueue
from kacang.risk import operations as risk
from kacang.risk.operations import Scope, Want
from kacang.shared.ciphers import same
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_token

CODE_MINUTES = 10
TOKEN_DAYS = 180
GUESSES_MAX = 10
GUESSES_SECONDS = 3600
CODES_MAX = 3


def check_access(*, merchant_id: int, number: str, credentials: Credentials) -> bool:
    """Say whether what a caller shows opens the order; never why not.

    Passwords and codes are counted per order: after GUESSES_MAX in an hour none is looked at.
    """
    with acting_as(merchant_id):
        order = Order.objects.filter(merchant_id=merchant_id, number=number).first()
        if order is None:
            # As much work as for one that exists: numbers cannot be told apart by time.
            if credentials.password:
                hash_password(credentials.password)
            return False
        if credentials.token and _token_fits(order, credentials.token):
            return True
        if not (credentials.password or credentials.code):
            return False
        want = Want(Scope.LOOKUPS_OF_ORDER, number, 1, GUESSES_MAX, GUESSES_SECONDS)
        if risk.take(merchant_id=merchant_id, wants=[want]):
            return False
        return password_fits(order, credentials.password) or _code_fits(order, credentials.code)


def new_access_token(*, merchant_id: int, number: str) -> str:
    """Make another token for an order, for the link of a mail or a repeated answer.

    Raises:
        UnknownOrder: There is no such order.
    """
    token = new_token()
    with acting_as(merchant_id):
        order = Order.objects.filter(merchant_id=merchant_id, number=number).first()
        if order is None:
            raise UnknownOrder
        AccessToken.objects.create(
            merchant_id=merchant_id,
            order_id=order.pk,
            token_hash=hash_token(token),
            expires_at=utc_now() + timedelta(days=TOKEN_DAYS),
        )
    return token


def request_code(*, merchant_id: int, number: str, contact: str) -> None:
    """Have a one-time code sent to the order's contact, if `contact` is it.

    Says nothing of whether it was: neither order numbers nor contacts can be tried out.
    """
    with acting_as(merchant_id):
        order = Order.objects.filter(merchant_id=merchant_id, number=number).first()
        if order is None or not contact or contact != order.email:
            return
        order = locked(merchant_id, number)
        recent = AccessCode.objects.filter(
            merchant_id=merchant_id,
            order_id=order.pk,
            expires_at__gt=utc_now(),
        )
        if recent.count() >= CODES_MAX:
            return
        code = f"{secrets.randbelow(10**6):06d}"
        row = AccessCode.objects.create(
            merchant_id=merchant_id,
            order_id=order.pk,
            code_hash=_hash_code(order, code),
            # Opened once more by whoever sends it, then of no use to anybody (rule 27).
            code_sealed=sealing_cipher(merchant_id).seal(
                "access_code", "code", code.encode(), number.encode()
            ),
            expires_at=utc_now() + timedelta(minutes=CODE_MINUTES),
        )
        enqueue("orders.send_code", queue="mail", merchant_id=merchant_id, code_id=row.pk)


def code_to_send(*, merchant_id: int, code_id: int) -> tuple[Order, str] | None:
    """Return the order and the one-time code that a mail is to bring; None when it has expired."""
    with acting_as(merchant_id):
        row = (
            AccessCode.objects.filter(
                merchant_id=merchant_id, id=code_id, expires_at__gt=utc_now(), used_at=None
            )
            .select_related("order")
            .first()
        )
    if row is None:
        return None
    opened = cipher_for(merchant_id).open(
        "access_code", "code", bytes(row.code_sealed), row.order.number.encode()
    )
    return row.order, opened.decode()


def _token_fits(order: Order, token: str) -> bool:
    hashed = hash_token(token[:100])
    if same(hashed, bytes(order.token_hash)):
        return True
    return AccessToken.objects.filter(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        token_hash=hashed,
        expires_at__gt=utc_now(),
    ).exists()


def _code_fits(order: Order, code: str) -> bool:
    if not code:
        return False
    # Used by changing the row: of two who bring the same code at once, one gets in.
    return (
        AccessCode.objects.filter(
            models.Q(expires_at__gt=utc_now()),
            merchant_id=order.merchant_id,
            order_id=order.pk,
            code_hash=_hash_code(order, code.strip()[:20]),
            used_at=None,
        ).update(used_at=utc_now())
        > 0
    )


def _hash_code(order: Order, code: str) -> bytes:
    return hashlib.sha256(f"{order.number}:{code}".encode()).digest()
