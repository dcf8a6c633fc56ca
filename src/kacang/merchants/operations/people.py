"""What concerns a person at all the merchants they work for."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import check_for_language

from kacang.merchants import audit, queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry, Membership, SignInPlace, User
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid

NAME_LENGTH_MAX = 80
THEMES = ("system", "light", "dark")


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


def second_factor_deadline(
    *, merchant_id: int, member_id: int, grace: timedelta, now: datetime
) -> datetime:
    """Return until when a member must have a second factor; the first look sets it."""
    with acting_as(merchant_id):
        mine = Membership.objects.filter(merchant_id=merchant_id, id=member_id)
        mine.filter(second_factor_by=None).update(second_factor_by=now + grace)
        found = mine.values_list("second_factor_by", flat=True).first()
    assert found is not None
    return found


def hide_first_steps(*, merchant_id: int, member_id: int, now: datetime | None) -> None:
    """Let a member see the list of first steps no more; None shows it again."""
    with acting_as(merchant_id):
        Membership.objects.filter(merchant_id=merchant_id, id=member_id).update(steps_hidden_at=now)


def change_profile(*, user_id: int, name: str, language: str, theme: str = "system") -> None:
    """Change what a person is called, in which language they read, and how pages look.

    Raises:
        BadProfile: The name is empty or too long, or there is no such language or look.
    """
    name = name.strip()
    fits = 0 < len(name) <= NAME_LENGTH_MAX and check_for_language(language) and theme in THEMES
    if not fits:
        raise BadProfile
    User.objects.filter(id=user_id).update(name=name, language=language, theme=theme)


def note_place(*, user_id: int, device: str, network: str) -> bool:
    """Note from where somebody signs in; say whether it is new to one who signed in before."""
    places = SignInPlace.objects.filter(user_id=user_id)
    is_first = not places.exists()
    with transaction.atomic():
        _, is_new = places.get_or_create(user_id=user_id, device=device[:60], network=network[:50])
    return is_new and not is_first


def forget_place(*, user_id: int, device: str, network: str) -> None:
    """Forget a place that was not theirs: whoever comes from there again is told of again."""
    SignInPlace.objects.filter(user_id=user_id, device=device, network=network).delete()
