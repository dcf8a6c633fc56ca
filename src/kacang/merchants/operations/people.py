"""What concerns a person at all the merchants they work for."""

from datetime import timedelta

from django.utils.translation import check_for_language

from kacang.merchants import audit, queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry, User
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid

NAME_LENGTH_MAX = 80


class BadProfile(Invalid):
    """A name that is empty or too long, or a language that there is not."""

    code = "staff.bad_profile"


def audit_person(
    *, user_id: int, actor: Actor, action: str, once_within: timedelta | None = None
) -> None:
    """Record in each merchant of a person what happened to their account (signing in, ...).

    Must not run inside a transaction: each merchant's row is one of its own. With
    `once_within`, a merchant that was told in that time is not told again.
    """
    for membership in queries.memberships_of(user_id=user_id):
        with acting_as(membership.merchant_id):
            if (
                once_within
                and AuditEntry.objects.filter(
                    merchant_id=membership.merchant_id,
                    object_uid=membership.uid,
                    action=action,
                    at__gt=utc_now() - once_within,
                ).exists()
            ):
                continue
            audit.record(
                merchant_id=membership.merchant_id,
                actor=actor,
                action=action,
                object_kind="staff",
                object_uid=membership.uid,
            )


def change_profile(*, user_id: int, name: str, language: str) -> None:
    """Change what a person is called and in which language they read.

    Raises:
        BadProfile: The name is empty or too long, or there is no such language.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH_MAX or not check_for_language(language):
        raise BadProfile
    User.objects.filter(id=user_id).update(name=name, language=language)
