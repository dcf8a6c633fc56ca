"""Roles that a merchant makes, and powers that somebody has for a while (I1)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import CustomRole, Membership, RoleGrant
from kacang.merchants.operations.staff import (
    BadRole,
    UnknownStaff,
    check_gives,
    details_of,
    find_role,
)
from kacang.merchants.permissions import CUSTOM, HIDEABLE, PERMISSIONS, WITHIN_REACH, Reach
from kacang.merchants.powers import Powers, powers
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid

NAME_MAX = 40
REASON_MAX = 300
ROLES_MAX = 50
GRANT_MAX = timedelta(days=90)
CHANNEL = re.compile(r"[a-z_]{1,10}")


class UnknownRole(NotFound):
    """The merchant has made no such role, or has put it away."""

    code = "roles.unknown"


class BadRoleDraft(Invalid):
    """The name is empty or too long, or a permission, reach or detail is none."""

    code = "roles.bad_draft"


class RoleNameTaken(Conflict):
    """The merchant has a role of this name."""

    code = "roles.name_taken"


class RoleInUse(Conflict):
    """Somebody works in this role, or has it for a while."""

    code = "roles.in_use"


class TooManyRoles(Conflict):
    """A merchant has at most ROLES_MAX roles of its own."""

    code = "roles.too_many"


class BadGrant(Invalid):
    """No reason, a time that is past or too far, or a permission that does not fit the member."""

    code = "roles.bad_grant"


class UnknownGrant(NotFound):
    """There is no such grant, or it is over."""

    code = "roles.unknown_grant"


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """What a role shall be. `channels` count where `reach` is CHANNELS."""

    name: str
    permissions: frozenset[str]
    reach: str = Reach.ALL
    channels: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    needs_second_factor: bool = False

    def checked(self) -> "RoleDraft":
        """Return it as it is kept: permissions that its reach does not allow are left out.

        Raises:
            BadRoleDraft: It cannot be.
        """
        name = " ".join(self.name.split())
        fits = (
            0 < len(name) <= NAME_MAX
            and name.isprintable()
            and self.permissions <= set(PERMISSIONS)
            and self.reach in Reach.values
            and self.hidden <= set(HIDEABLE)
            and all(CHANNEL.fullmatch(one) for one in self.channels)
            and (self.reach != Reach.CHANNELS or self.channels)
        )
        if not fits:
            raise BadRoleDraft
        held = self.permissions if self.reach == Reach.ALL else self.permissions & WITHIN_REACH
        channels = self.channels if self.reach == Reach.CHANNELS else frozenset()
        return RoleDraft(
            name, frozenset(held), self.reach, channels, self.hidden, self.needs_second_factor
        )

    @property
    def fields(self) -> dict[str, object]:
        """The columns of it."""
        return {
            "name": self.name,
            "permissions": sorted(self.permissions),
            "reach": self.reach,
            "channels": sorted(self.channels),
            "hidden": sorted(self.hidden),
            "needs_second_factor": self.needs_second_factor,
        }

    @property
    def powers(self) -> Powers:
        """What it gives, whoever the member is."""
        return powers(role=CUSTOM, custom=self.fields)


def create_role(*, merchant_id: int, draft: RoleDraft, actor: Actor) -> str:
    """Make a role; return its uid.

    Raises:
        BadRoleDraft, RoleNameTaken, TooManyRoles: As they say.
        BeyondOwn: It may do what `actor` may not.
    """
    draft = draft.checked()
    try:
        with acting_as(merchant_id):
            check_gives(merchant_id, actor, draft.powers)
            if CustomRole.objects.filter(merchant_id=merchant_id, archived_at=None).count() >= (
                ROLES_MAX
            ):
                raise TooManyRoles
            row = CustomRole.objects.create(
                merchant_id=merchant_id, uid=new_uid("rol"), **draft.fields
            )
            audit.record(
                merchant_id=merchant_id, actor=actor, action="roles.create",
                object_kind="role", object_uid=row.uid, after=draft.fields,
            )  # fmt: skip
    except IntegrityError as error:
        raise RoleNameTaken from error
    return row.uid


def edit_role(*, merchant_id: int, uid: str, draft: RoleDraft, actor: Actor) -> None:
    """Change a role, for all who work in it, from their next request on.

    Raises:
        UnknownRole, BadRoleDraft, RoleNameTaken: As they say.
        BeyondOwn: It may do, before or after, what `actor` may not.
    """
    draft = draft.checked()
    try:
        with acting_as(merchant_id):
            row = _locked(merchant_id, uid)
            check_gives(merchant_id, actor, _powers_of(row), draft.powers)
            new = draft.fields
            before = {name: getattr(row, name) for name in new}
            changed = [name for name in new if before[name] != new[name]]
            if not changed:
                return
            CustomRole.objects.filter(merchant_id=merchant_id, id=row.pk).update(**new)
            audit.record(
                merchant_id=merchant_id, actor=actor, action="roles.edit",
                object_kind="role", object_uid=uid,
                before={name: before[name] for name in changed},
                after={name: new[name] for name in changed},
            )  # fmt: skip
    except IntegrityError as error:
        raise RoleNameTaken from error


def archive_role(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> None:
    """Put a role away that nobody works in.

    Raises:
        UnknownRole, RoleInUse: As they say.
        BeyondOwn: It may do what `actor` may not.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        check_gives(merchant_id, actor, _powers_of(row))
        mine = {"merchant_id": merchant_id, "custom_role": row}
        # Also of people who are disabled: enabled again, they would have it.
        if (
            Membership.objects.filter(**mine).exists()
            or RoleGrant.objects.filter(**mine, ended_at=None, until__gt=now).exists()
        ):
            raise RoleInUse
        CustomRole.objects.filter(merchant_id=merchant_id, id=row.pk).update(archived_at=now)
        audit.record(
            merchant_id=merchant_id, actor=actor, action="roles.archive",
            object_kind="role", object_uid=uid, before={"name": row.name},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GrantDraft:
    """What somebody shall have for a while: a permission, or a role by name or uid."""

    reason: str
    until: datetime
    permission: str = ""
    role: str = ""


def grant(
    *, merchant_id: int, member_uid: str, draft: GrantDraft, actor: Actor, now: datetime
) -> str:
    """Give a member something on top of their role until a time; return the grant's uid.

    It ends by the clock: nothing has to run for it.

    Raises:
        UnknownStaff, BadRole, BadGrant: What was given.
        BeyondOwn: `actor` does not have it by their own role.
    """
    reason = draft.reason.strip()
    fits = 0 < len(reason) <= REASON_MAX and now < draft.until <= now + GRANT_MAX
    if not fits or (draft.permission in PERMISSIONS) == bool(draft.role):
        raise BadGrant
    with acting_as(merchant_id):
        member = (
            Membership.objects.select_related("custom_role")
            .filter(merchant_id=merchant_id, uid=member_uid, disabled_at=None)
            .first()
        )
        if member is None:
            raise UnknownStaff
        found = find_role(merchant_id, draft.role) if draft.role else None
        wanted = found.powers() if found else Powers(frozenset({draft.permission}))
        check_gives(merchant_id, actor, wanted)
        if not found and draft.permission not in _possible(member):
            raise BadGrant
        row = RoleGrant.objects.create(
            merchant_id=merchant_id, uid=new_uid("grt"), membership=member, reason=reason,
            permission=draft.permission, granted_by=actor.label[:120], until=draft.until,
            preset="" if found is None or found.custom else found.role,
            custom_role=found.custom if found else None,
        )  # fmt: skip
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.grant", object_kind="staff",
            object_uid=member_uid, reason=reason,
            after={
                **({"role": found.word} if found else {"permission": draft.permission}),
                "until": draft.until.isoformat(),
            },
        )  # fmt: skip
    return row.uid


def end_grant(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> None:
    """End what somebody was given for a while before its time.

    Raises:
        UnknownGrant: There is none, or it is over.
    """
    with acting_as(merchant_id):
        row = (
            RoleGrant.objects.select_for_update(of=("self",))
            .select_related("membership")
            .filter(merchant_id=merchant_id, uid=uid, ended_at=None, until__gt=now)
            .first()
        )
        if row is None:
            raise UnknownGrant
        RoleGrant.objects.filter(merchant_id=merchant_id, id=row.pk).update(ended_at=now)
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.end_grant",
            object_kind="staff", object_uid=row.membership.uid,
            before={"role": row.preset or "", "permission": row.permission},
        )  # fmt: skip


def _possible(member: Membership) -> frozenset[str]:
    """What a single permission may be for a member: within the reach of their role."""
    own = powers(role=member.role, custom=details_of(member.custom_role))
    return frozenset(PERMISSIONS) if own.reach is None else WITHIN_REACH


def _locked(merchant_id: int, uid: str) -> CustomRole:
    row = (
        CustomRole.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid, archived_at=None)
        .first()
    )
    if row is None:
        raise UnknownRole
    return row


def _powers_of(row: CustomRole) -> Powers:
    return powers(role=CUSTOM, custom=details_of(row))


__all__ = [
    "BadGrant", "BadRole", "BadRoleDraft", "GrantDraft", "RoleDraft", "RoleInUse", "RoleNameTaken",
    "TooManyRoles", "UnknownGrant", "UnknownRole", "archive_role", "create_role", "edit_role",
    "end_grant", "grant",
]  # fmt: skip
