"""Who works for a merchant."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.functional import Promise

from kacang.merchants.models import Membership
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as

_SECOND_FACTORS = """
    select distinct user_id from mfa_authenticator
    where type = 'totp' and user_id = any(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class StaffInfo:
    """One member of staff, as the list shows them."""

    uid: str
    user_id: int
    email: str
    name: str
    role: str
    disabled_at: datetime | None
    last_login: datetime | None
    created_at: datetime
    has_second_factor: bool

    @property
    def role_label(self) -> Promise | str:
        """What people call the role."""
        return Role(self.role).label

    @property
    def is_active(self) -> bool:
        """Whether they may work now."""
        return self.disabled_at is None


def staff(*, merchant_id: int) -> list[StaffInfo]:
    """Return everybody who works or worked for the merchant: active ones first, then by name."""
    with acting_as(merchant_id):
        rows = list(
            Membership.objects.filter(merchant_id=merchant_id).select_related("user").order_by("id")
        )
        with connection.cursor() as cursor:
            cursor.execute(_SECOND_FACTORS, [[row.user_id for row in rows]])
            secured = {row[0] for row in cursor.fetchall()}
    people = [
        StaffInfo(
            uid=row.uid, user_id=row.user_id, email=row.user.email, name=row.user.name,
            role=row.role, disabled_at=row.disabled_at, last_login=row.user.last_login,
            created_at=row.created_at, has_second_factor=row.user_id in secured,
        )
        for row in rows
    ]  # fmt: skip
    return sorted(people, key=lambda one: (not one.is_active, one.name.lower(), one.email))
