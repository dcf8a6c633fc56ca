"""Who operates the installation, what they did as such, and their codes that were used (I1, I3)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from kacang.merchants.audit import Actor
from kacang.merchants.models import OperatorEntry, SecondFactorUse, User
from kacang.merchants.operations.staff import check_email, new_password
from kacang.merchants.queries.operator import NotAnOperator
from kacang.shared.errors import TooMany

# Longer than a code is taken: half a minute, and as much before and after for wrong clocks.
CODE_KEPT = timedelta(minutes=3)
TRIES = 5
_USED = """
insert into second_factor_use (user_id, code_print, used_at)
values (%(user)s::bigint, %(print)s::text, %(now)s::timestamptz)
on conflict (user_id, code_print) do update set used_at = excluded.used_at
where second_factor_use.used_at < %(before)s::timestamptz
returning id
"""


class TooManyCodes(TooMany):
    """Too many codes were typed within a few minutes."""

    code = "operator.too_many_codes"


@dataclass(frozen=True, slots=True)
class Act:
    """What stands in the operators' log: of which merchant and thing, and why."""

    action: str
    merchant_uid: str = ""
    merchant_name: str = ""
    object_uid: str = ""
    reason: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class NewOperator:
    """Somebody who operates now. `password` is shown once; "" when they had an account."""

    email: str
    password: str
    has_second_factor: bool


def note(actor: Actor, act: Act) -> None:
    """Add a line to the operators' log, inside the caller's transaction."""
    assert connection.in_atomic_block
    OperatorEntry.objects.create(
        actor_label=actor.label[:120], action=act.action, person=act.person[:254],
        merchant_uid=act.merchant_uid, merchant_name=act.merchant_name, object_uid=act.object_uid,
        reason=act.reason[:300], address=actor.address[:50],
    )  # fmt: skip


def add_operator(*, email: str, name: str, actor: Actor) -> NewOperator:
    """Make somebody an operator, with an account made for them if they have none.

    Only a command at the machine itself calls this. Until they have set up a second factor, the
    operators' pages lead to that and open nothing.

    Raises:
        BadEmail: This is not an address.
    """
    email = email.strip().lower()
    check_email(email)
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email).first()
        password = "" if user else new_password()
        if user is None:
            user = User.objects.create_user(email, password, name=(name.strip() or email)[:80])
        if not user.is_operator:
            user.is_operator = True
            user.save(update_fields=["is_operator"])
            note(actor, Act("operator.add", person=email))
        return NewOperator(email, password, _has_second_factor(user.pk))


def remove_operator(*, email: str, actor: Actor) -> None:
    """Take it from somebody: their visits end with it, at once.

    Raises:
        NotAnOperator: They are none.
    """
    with transaction.atomic():
        user = (
            User.objects.select_for_update()
            .filter(email=email.strip().lower(), is_operator=True)
            .first()
        )
        if user is None:
            raise NotAnOperator
        user.is_operator = False
        user.save(update_fields=["is_operator"])
        note(actor, Act("operator.remove", person=user.email))


def check_tries(*, user_id: int, now: datetime) -> None:
    """Refuse somebody who typed too many codes within three minutes, right or wrong.

    Raises:
        TooManyCodes: As it says.
    """
    lately = SecondFactorUse.objects.filter(user_id=user_id, used_at__gte=now - CODE_KEPT)
    if lately.count() >= TRIES:
        raise TooManyCodes(retry_seconds=int(CODE_KEPT.total_seconds()))


def use_code(*, user_id: int, code: str, now: datetime) -> bool:
    """Say that a code of somebody's app is used; return whether it was not before.

    It is known in the whole installation: people work for several merchants, or for none.
    """
    printed = hashlib.sha256(f"{user_id}/{''.join(code.split())}".encode()).hexdigest()
    before = now - CODE_KEPT
    with transaction.atomic():
        SecondFactorUse.objects.filter(user_id=user_id, used_at__lt=before).delete()
        with connection.cursor() as cursor:
            cursor.execute(_USED, {"user": user_id, "print": printed, "now": now, "before": before})
            return cursor.fetchone() is not None


def _has_second_factor(user_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select operator_may(%s::bigint)", [user_id])
        (found,) = cursor.fetchone()
    return bool(found)
