"""Merchants, their people, keys, settings and the log of who did what."""

from enum import IntEnum
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kacang.merchants.permissions import CUSTOM, Reach, Role
from kacang.merchants.store_models import Store, StoreClerk
from kacang.merchants.visit_models import OperatorEntry, SecondFactorUse, Visit, VisitRequest

__all__ = [
    "ApiKey", "AuditEntry", "CustomRole", "DataKey", "Host", "KeyPurpose", "LogSeal", "Membership",
    "Merchant", "MerchantKind", "OperatorEntry", "RoleGrant", "SecondFactorUse", "Setting",
    "SignInPlace", "Store", "StoreClerk", "User", "UserManager", "Visit", "VisitRequest",
]  # fmt: skip


class MerchantKind(models.TextChoices):
    """What a merchant is for, for ever (rule 14)."""

    LIVE = "live"
    TEST = "test"
    DEMO = "demo"


class Merchant(models.Model):
    """One shop's business. Everything that it owns names it."""

    uid = models.CharField(max_length=32, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=4, choices=MerchantKind)
    twin_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT)
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    # Fixed by the first order (rule 13): until then it may be changed.
    currency = models.CharField(max_length=4, default="CNY")
    currency_fixed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "merchant"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=MerchantKind.values), name="merchant_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Host(models.Model):
    """A host name under which a merchant's shop is reached (rule 29)."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_constraint=False)
    name = models.CharField(max_length=253, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "host"

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users; e-mail addresses are kept in lower case."""

    def create_user(self, email: str, password: str, **fields: object) -> "User":
        """Store a new user with a hashed password."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by e-mail address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who works: one per e-mail address in the installation (rule 20)."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=80)
    language = models.CharField(max_length=8, default="zh-hans")
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    # How the console looks to them on every device: as the system says, light, dark.
    theme = models.CharField(max_length=6, default="system")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """A user's work for one merchant, in one role (I1).

    `role` is one of `Role`, or CUSTOM: then `custom_role` says what it may do.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    role = models.CharField(max_length=20)
    custom_role = models.ForeignKey(
        "CustomRole", on_delete=models.PROTECT, null=True, db_constraint=False
    )
    # When somebody whose role demands a second factor must have set it up.
    second_factor_by = models.DateTimeField(null=True)
    # When they said that they need no list of first steps any more.
    steps_hidden_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "membership"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=Role.values, custom_role=None)
                | Q(role=CUSTOM, custom_role__isnull=False),
                name="membership_role_known",
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class CustomRole(models.Model):
    """A role that a merchant made: what it may do, to whose orders, and what it never sees (I1)."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=40)
    permissions = ArrayField(models.CharField(max_length=40))
    reach = models.CharField(max_length=10, choices=Reach, default=Reach.ALL)
    # The orders' channels that a reach of CHANNELS covers.
    channels = ArrayField(models.CharField(max_length=10), default=list)
    # Which of the buyer's details stay masked, whatever the role may do.
    hidden = ArrayField(models.CharField(max_length=10), default=list)
    needs_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "custom_role"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "name"],
                condition=Q(archived_at=None),
                name="custom_role_name_once",
            ),
            models.CheckConstraint(condition=Q(reach__in=Reach.values), name="custom_role_reach"),
        ]

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """A permission, or a whole role, that somebody has on top of their own until a time (I1)."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, db_constraint=False)
    # One of the three.
    permission = models.CharField(max_length=40, blank=True)
    preset = models.CharField(max_length=20, blank=True)
    custom_role = models.ForeignKey(
        CustomRole, on_delete=models.PROTECT, null=True, db_constraint=False
    )
    reason = models.CharField(max_length=300)
    granted_by = models.CharField(max_length=120)
    until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "role_grant"
        indexes = [models.Index(fields=["merchant", "membership"], name="role_grant_of_member")]

    def __str__(self) -> str:
        return self.uid


class SignInPlace(models.Model):
    """A kind of device and a network from which somebody signed in before: a new one is told."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    device = models.CharField(max_length=60)
    network = models.CharField(max_length=50)
    first_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "sign_in_place"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "device", "network"], name="sign_in_place_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.network}"


class ApiKey(models.Model):
    """A machine's way in. The key itself is shown once; only its hash is kept (J1)."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    # "kc_live_ab3f…": enough to tell keys apart, useless to guess the rest.
    hint = models.CharField(max_length=24)
    key_hash = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    addresses = ArrayField(models.CharField(max_length=50), default=list)
    rate_per_minute = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "api_key"

    def __str__(self) -> str:
        return self.hint


class Setting(models.Model):
    """One value that a merchant chose; names, types and defaults are in `settings.py` here."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_constraint=False)
    name = models.CharField(max_length=60)
    value = models.JSONField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "setting"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "name"], name="setting_once"),
        ]

    def __str__(self) -> str:
        return self.name


class KeyPurpose(IntEnum):
    """What a data key does."""

    CIPHER = 1
    FINGERPRINT = 2


class DataKey(models.Model):
    """A merchant's key, wrapped under the master key (V4). The highest number seals.

    `retired_at`: a rotation found nothing any more that is sealed under it. It is kept all the
    same: an older copy of a row opens for ever.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, db_constraint=False)
    number = models.PositiveIntegerField()
    purpose = models.SmallIntegerField()
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "data_key"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="data_key_once"),
            models.CheckConstraint(condition=Q(purpose__in=(1, 2)), name="data_key_purpose_known"),
        ]

    def __str__(self) -> str:
        return f"key {self.number}"


class AuditEntry(models.Model):
    """Who did what, when, from where (I3). Added, never changed; partitioned by month.

    The table also has `xid`, the transaction that wrote the row, by which the sealer knows what
    can no longer change (rule 23).
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, db_constraint=False)
    at = models.DateTimeField()
    # "user", "key", "buyer", "system", "command"
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=120)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=30)
    object_uid = models.CharField(max_length=60)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=300)
    address = models.CharField(max_length=50)
    # On which visit it was done. It came after the first seals, and is not under them.
    visit = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        db_table = "audit_entry"
        managed = False

    def __str__(self) -> str:
        return f"{self.action} {self.object_uid}"


class LogSeal(models.Model):
    """A root hash over a range of a log, chained to the seal before it (rule 23)."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, db_constraint=False)
    log = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    # Rows with `from_xid` <= xid < `until_xid` and an id above `from_id`, in order of (xid, id).
    # `from_id` moves only when the server's count of transactions began anew, after a restore.
    from_xid = models.BigIntegerField()
    until_xid = models.BigIntegerField()
    from_id = models.BigIntegerField(default=0)
    # The highest id and the earliest time so far in this log, and in this seal.
    last_id = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    entries = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "log_seal"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "log", "number"], name="log_seal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.log} {self.number}"
