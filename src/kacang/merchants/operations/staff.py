"""Staff: who works for a merchant, and as what (I1)."""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection
from django.db.models import Q

from kacang.merchants import audit, queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import CustomRole, Membership, User
from kacang.merchants.permissions import CUSTOM, Role
from kacang.merchants.powers import Powers, powers
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound, Refused
from kacang.shared.ids import new_uid

PASSWORD_LENGTH = 16
# Without letters that look alike: the password is read out or typed from a screen once.
PASSWORD_LETTERS = "".join(set(string.ascii_letters + string.digits) - set("0O1lI"))


class UnknownStaff(NotFound):
    """Nobody of this merchant's staff has this id."""

    code = "staff.unknown"


class AlreadyStaff(Conflict):
    """This person already works here, or did and was disabled."""

    code = "staff.already"


class LastOwner(Conflict):
    """Nobody could undo it: the last active owner cannot leave."""

    code = "staff.last_owner"


class BadEmail(Invalid):
    """This is not an e-mail address."""

    code = "staff.bad_email"


class BadRole(Invalid):
    """There is no such role."""

    code = "staff.bad_role"


class BeyondOwn(Refused):
    """Nobody gives what they do not have, nor takes from somebody who has more."""

    code = "staff.beyond_own"


class WorksElsewhere(Conflict):
    """The account belongs to other merchants too: only its owner may renew it."""

    code = "staff.works_elsewhere"


@dataclass(frozen=True, slots=True)
class Invited:
    """A new member of staff. `password` is shown once; "" when the person had an account."""

    uid: str
    user_id: int
    email: str
    password: str


def new_password() -> str:
    """Return a random password, 92 bits."""
    return "".join(secrets.choice(PASSWORD_LETTERS) for _ in range(PASSWORD_LENGTH))


def add_staff(
    *, merchant_id: int, email: str, name: str, role: str, actor: Actor, password: str = ""
) -> Invited:
    """Let somebody work for the merchant, with an account made for them if they have none.

    Args:
        merchant_id: For whom.
        email: One account per address in the installation (rule 20).
        name: Taken for a new account only.
        role: One of `Role`, or the uid of a role that the merchant made.
        actor: Who invites.
        password: For a new account; a random one is made when it is empty.

    Raises:
        BadEmail, BadRole: What was given.
        BeyondOwn: The role may do what `actor` may not.
        AlreadyStaff: A membership exists; enable it instead.
    """
    try:
        with acting_as(merchant_id):
            check_gives(merchant_id, actor, find_role(merchant_id, role).powers())
            return admit(
                merchant_id=merchant_id, email=email, name=name, role=role, actor=actor,
                password=password,
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyStaff from error


def admit(
    *, merchant_id: int, email: str, name: str, role: str, actor: Actor, password: str = ""
) -> Invited:
    """Do what `add_staff` says inside the caller's transaction, which acts as the merchant."""
    email = email.strip().lower()
    check_email(email)
    wanted = find_role(merchant_id, role)
    user = User.objects.filter(email=email).first()
    initial = "" if user else password or new_password()
    if user is None:
        user = User.objects.create_user(email, initial, name=name.strip()[:80])
    member = Membership.objects.create(
        merchant_id=merchant_id,
        uid=new_uid("mem"),
        user=user,
        role=wanted.role,
        custom_role=wanted.custom,
    )
    audit.record(
        merchant_id=merchant_id, actor=actor, action="staff.add",
        object_kind="staff", object_uid=member.uid, after={"role": wanted.word},
    )  # fmt: skip
    return Invited(member.uid, user.pk, email, initial)


def check_email(email: str) -> None:
    """Raise BadEmail unless this is an e-mail address."""
    try:
        validate_email(email)
    except ValidationError:
        raise BadEmail from None


@dataclass(frozen=True, slots=True)
class FoundRole:
    """A role by its name or uid: a preset one, or one that the merchant made."""

    role: str
    custom: CustomRole | None = None

    @property
    def word(self) -> str:
        """What the log calls it."""
        return self.custom.name if self.custom else self.role

    def powers(self) -> Powers:
        """What it gives, whoever the member is."""
        return powers(role=self.role, custom=details_of(self.custom))


def details_of(role: CustomRole | None) -> dict[str, Any] | None:
    """Return a custom role as `powers` reads it."""
    if role is None:
        return None
    names = ("permissions", "reach", "channels", "hidden")
    return {name: getattr(role, name) for name in names}


def find_role(merchant_id: int, role: str) -> FoundRole:
    """Return the role of this name or uid, locked against being changed meanwhile.

    Raises:
        BadRole: There is none, or it was archived.
    """
    if role in Role.values:
        return FoundRole(role)
    custom = (
        CustomRole.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=role, archived_at=None)
        .first()
    )
    if custom is None:
        raise BadRole
    return FoundRole(CUSTOM, custom)


def check_gives(merchant_id: int, actor: Actor, *wanted: Powers) -> None:
    """Demand that a person who gives or takes powers has them all by their own role.

    What they were given for a while does not count. Commands and the system may give anything.

    Raises:
        BeyondOwn: They lack some.
    """
    if actor.kind != "user":
        return
    giver = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("custom_role")
        .filter(merchant_id=merchant_id, user_id=actor.id or 0, disabled_at=None)
        .filter(user__is_active=True)
        .first()
    )
    own = powers_of(giver) if giver else Powers(frozenset())
    if not all(own.covers(one) for one in wanted):
        raise BeyondOwn


def powers_of(member: Membership) -> Powers:
    """Return what the role of a member gives, without what was given for a while."""
    return FoundRole(member.role, member.custom_role).powers()


def change_role(*, merchant_id: int, uid: str, role: str, actor: Actor) -> None:
    """Give a member of staff another role. It counts from their next request.

    Raises:
        UnknownStaff, BadRole: What was given.
        BeyondOwn: Their role, or the new one, may do what `actor` may not.
        LastOwner: No active owner would remain.
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, actor, leaves_owners=role != Role.OWNER)
        wanted = find_role(merchant_id, role)
        check_gives(merchant_id, actor, powers_of(member), wanted.powers())
        if (member.role, member.custom_role) == (wanted.role, wanted.custom):
            return
        before = FoundRole(member.role, member.custom_role)
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.change_role",
            object_kind="staff", object_uid=uid,
            before={"role": before.word}, after={"role": wanted.word},
        )  # fmt: skip
        Membership.objects.filter(merchant_id=merchant_id, id=member.pk).update(
            role=wanted.role, custom_role=wanted.custom
        )


def disable_staff(*, merchant_id: int, uid: str, actor: Actor, now: datetime | None = None) -> None:
    """End somebody's work here, from their next request on. Their traces stay.

    Raises:
        UnknownStaff: Nobody here has this id.
        BeyondOwn: They may do what `actor` may not.
        LastOwner: No active owner would remain.
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, actor, leaves_owners=True)
        check_gives(merchant_id, actor, powers_of(member))
        if member.disabled_at is not None:
            return
        Membership.objects.filter(merchant_id=merchant_id, id=member.pk).update(
            disabled_at=now or utc_now()
        )
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.disable",
            object_kind="staff", object_uid=uid,
        )  # fmt: skip


def enable_staff(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Let somebody who was disabled work here again, in the role they had.

    Raises:
        UnknownStaff: Nobody here has this id.
        BeyondOwn: They may do what `actor` may not.
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, actor, leaves_owners=False)
        check_gives(merchant_id, actor, powers_of(member))
        if member.disabled_at is None:
            return
        Membership.objects.filter(merchant_id=merchant_id, id=member.pk).update(disabled_at=None)
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.enable",
            object_kind="staff", object_uid=uid,
        )  # fmt: skip


def renew_sign_in(*, merchant_id: int, uid: str, actor: Actor) -> str:
    """Give somebody who cannot sign in a new random password, without second factor.

    All their sessions end. Returns the password, which is shown once.

    Raises:
        UnknownStaff: Nobody here has this id.
        BeyondOwn: They may do what `actor` may not: it would be a way to become them.
        WorksElsewhere: One merchant must not take over an account that others rely on (L28).
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, actor, leaves_owners=False)
        check_gives(merchant_id, actor, powers_of(member))
        user = User.objects.select_for_update().get(id=member.user_id)
        if not queries.works_here_only(user_id=user.pk) or user.is_operator:
            raise WorksElsewhere
        with connection.cursor() as cursor:
            cursor.execute("delete from mfa_authenticator where user_id = %s", [user.pk])
        password = new_password()
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.renew_sign_in",
            object_kind="staff", object_uid=uid,
        )  # fmt: skip
    return password


def may_end_sessions(*, merchant_id: int, uid: str, actor: Actor) -> int:
    """Return the person whose sessions `actor` may end all; it is written down.

    Raises:
        UnknownStaff: Nobody here has this id.
        BeyondOwn: They may do what `actor` may not.
        WorksElsewhere: Their sessions are others' business too.
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, actor, leaves_owners=False)
        check_gives(merchant_id, actor, powers_of(member))
        if not queries.works_here_only(user_id=member.user_id):
            raise WorksElsewhere
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.end_sessions",
            object_kind="staff", object_uid=uid,
        )  # fmt: skip
    return member.user_id


def _locked(merchant_id: int, uid: str, actor: Actor, *, leaves_owners: bool) -> Membership:
    """Lock all active owners, the one meant and who acts, in order of their ids; return the meant.

    Two owners who disable each other at once wait here for each other: the second then sees
    that it would be the last. Who acts is locked too: a role lost meanwhile gives nothing more.
    """
    rows = list(
        Membership.objects.filter(merchant_id=merchant_id)
        .filter(_active_owner_or(uid, actor))
        .order_by("id")
        .select_for_update(of=("self",))
        .select_related("user", "custom_role")
    )
    member = next((row for row in rows if row.uid == uid), None)
    if member is None:
        raise UnknownStaff
    owners = [row for row in rows if _is_active_owner(row)]
    if leaves_owners and owners == [member]:
        raise LastOwner
    return member


def _active_owner_or(uid: str, actor: Actor) -> Q:
    known = Q(uid=uid) | Q(role=Role.OWNER, disabled_at=None, user__is_active=True)
    return known | Q(user_id=actor.id or 0) if actor.kind == "user" else known


def _is_active_owner(row: Membership) -> bool:
    return row.role == Role.OWNER and row.disabled_at is None and row.user.is_active
