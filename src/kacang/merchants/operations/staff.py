"""Staff: who works for a merchant, and as what (I1)."""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection
from django.db.models import Q

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import Membership, User
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound
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
        role: One of `Role`.
        actor: Who invites.
        password: For a new account; a random one is made when it is empty.

    Raises:
        BadEmail, BadRole: What was given.
        AlreadyStaff: A membership exists; enable it instead.
    """
    try:
        with acting_as(merchant_id):
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
    _check(email, role)
    user = User.objects.filter(email=email).first()
    initial = "" if user else password or new_password()
    if user is None:
        user = User.objects.create_user(email, initial, name=name.strip()[:80])
    member = Membership.objects.create(
        merchant_id=merchant_id, uid=new_uid("mem"), user=user, role=role
    )
    audit.record(
        merchant_id=merchant_id, actor=actor, action="staff.add",
        object_kind="staff", object_uid=member.uid, after={"role": role},
    )  # fmt: skip
    return Invited(member.uid, user.pk, email, initial)


def _check(email: str, role: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise BadEmail from None
    if role not in Role.values:
        raise BadRole


def change_role(*, merchant_id: int, uid: str, role: str, actor: Actor) -> None:
    """Give a member of staff another role. It counts from their next request.

    Raises:
        UnknownStaff, BadRole: What was given.
        LastOwner: No active owner would remain.
    """
    if role not in Role.values:
        raise BadRole
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, leaves_owners=role != Role.OWNER)
        if member.role == role:
            return
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.change_role",
            object_kind="staff", object_uid=uid,
            before={"role": member.role}, after={"role": role},
        )  # fmt: skip
        Membership.objects.filter(merchant_id=merchant_id, id=member.pk).update(role=role)


def disable_staff(*, merchant_id: int, uid: str, actor: Actor, now: datetime | None = None) -> None:
    """End somebody's work here, from their next request on. Their traces stay.

    Raises:
        UnknownStaff: Nobody here has this id.
        LastOwner: No active owner would remain.
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, leaves_owners=True)
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
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, leaves_owners=False)
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
        WorksElsewhere: One merchant must not take over an account that others rely on (L28).
    """
    with acting_as(merchant_id):
        member = _locked(merchant_id, uid, leaves_owners=False)
        user = User.objects.select_for_update().get(id=member.user_id)
        with connection.cursor() as cursor:
            cursor.execute("select workplaces(%s::bigint)", [user.pk])
            (places,) = cursor.fetchone()
            if places != 1 or user.is_operator:
                raise WorksElsewhere
            cursor.execute("delete from mfa_authenticator where user_id = %s", [user.pk])
        password = new_password()
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(
            merchant_id=merchant_id, actor=actor, action="staff.renew_sign_in",
            object_kind="staff", object_uid=uid,
        )  # fmt: skip
    return password


def _locked(merchant_id: int, uid: str, *, leaves_owners: bool) -> Membership:
    """Lock all active owners and the one meant, in order of their ids, and return that one.

    Two owners who disable each other at once wait here for each other: the second then sees
    that it would be the last.
    """
    rows = list(
        Membership.objects.filter(merchant_id=merchant_id)
        .filter(_active_owner_or(uid))
        .order_by("id")
        .select_for_update(of=("self",))
        .select_related("user")
    )
    member = next((row for row in rows if row.uid == uid), None)
    if member is None:
        raise UnknownStaff
    owners = [row for row in rows if _is_active_owner(row)]
    if leaves_owners and owners == [member]:
        raise LastOwner
    return member


def _active_owner_or(uid: str) -> Q:
    return Q(uid=uid) | Q(role=Role.OWNER, disabled_at=None, user__is_active=True)


def _is_active_owner(row: Membership) -> bool:
    return row.role == Role.OWNER and row.disabled_at is None and row.user.is_active
