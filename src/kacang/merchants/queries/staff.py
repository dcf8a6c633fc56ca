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
    member_id: int
    custom_uid: str = ""
    custom_name: str = ""

    @property
    def role_label(self) -> Promise | str:
        """What people call the role."""
        return self.custom_name or Role(self.role).label

    @property
    def role_key(self) -> str:
        """How a form names the role."""
        return self.custom_uid or self.role

    @property
    def is_active(self) -> bool:
        """Whether they may work now."""
        return self.disabled_at is None


def staff(*, merchant_id: int) -> list[StaffInfo]:
    """Return everybody who works or worked for the merchant: active ones first, then by name."""
    with acting_as(merchant_id):
        rows = list(
            Membership.objects.filter(merchant_id=merchant_id)
            .select_related("user", "custom_role")
            .order_by("id")
        )
        with connection.cursor() as cursor:
            cursor.execute(_SECOND_FACTORS, [[row.user_id for row in rows]])
            secured = {row[0] for row in cursor.fetchall()}
    people = [
        StaffInfo(
            uid=row.uid, user_id=row.user_id, email=row.user.email, name=row.user.name,
            role=row.role, disabled_at=row.disabled_at, last_login=row.user.last_login,
            created_at=row.created_at, has_second_factor=row.user_id in secured,
            member_id=row.pk,
            custom_uid=row.custom_role.uid if row.custom_role else "",
            custom_name=row.custom_role.name if row.custom_role else "",
        )
        for row in rows
    ]  # fmt: skip
    return sorted(people, key=lambda one: (not one.is_active, one.name.lower(), one.email))


def has_hidden_first_steps(*, merchant_id: int, member_id: int) -> bool:
    """Whether a member said that they need no list of first steps."""
    with acting_as(merchant_id):
        mine = Membership.objects.filter(merchant_id=merchant_id, id=member_id)
        return mine.filter(steps_hidden_at__isnull=False).exists()


def works_here_only(*, user_id: int) -> bool:
    """Whether a person has worked for no other merchant than the one that asks."""
    with connection.cursor() as cursor:
        cursor.execute("select workplaces(%s::bigint)", [user_id])
        (places,) = cursor.fetchone()
    return bool(places == 1)
