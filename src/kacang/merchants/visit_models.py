"""Visits to a merchant's console, the operator's requests and log, codes that were used (I1, I3).

Django finds these tables through the room's `models`.
"""

from django.db import models
from django.db.models import Q


class Visit(models.Model):
    """Somebody looks at a merchant's console as another one would (I1): for a while, with a reason.

    `member` is as whom; without one it is as a role (`preset` or `custom_role`), or, for the
    operator of the installation, as an owner.
    """

    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.CASCADE, db_constraint=False
    )
    uid = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey("merchants.User", on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)
    member = models.ForeignKey(
        "merchants.Membership", on_delete=models.CASCADE, null=True, db_constraint=False
    )
    preset = models.CharField(max_length=20, blank=True)
    custom_role = models.ForeignKey(
        "merchants.CustomRole", on_delete=models.CASCADE, null=True, db_constraint=False
    )
    may_change = models.BooleanField(default=False)
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # Who ended it before its time, where it was not the visitor.
    ended_by = models.CharField(max_length=120, blank=True, default="")
    # By what the form that began it is known: sent twice, it is one visit.
    once = models.CharField(max_length=40, blank=True, default="")
    # By what consent the operator came.
    request = models.ForeignKey(
        "merchants.VisitRequest", on_delete=models.CASCADE, null=True, db_constraint=False
    )

    class Meta:
        db_table = "visit"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "once"], condition=~Q(once=""), name="visit_once"
            ),
        ]
        indexes = [
            # The pages of the operator's visits: of a merchant, and of an operator.
            models.Index(
                fields=["merchant", "-id"], condition=Q(kind="operator"), name="visit_of_operator"
            ),
            models.Index(
                fields=["user", "-id"], condition=Q(kind="operator"), name="visit_by_operator"
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class VisitRequest(models.Model):
    """The operator asks to look into a merchant who wants to be asked (I1).

    It waits until `until`; once allowed, one visit may begin until `allowed_until`.
    """

    WAITING, ALLOWED, REFUSED, WITHDRAWN = "waiting", "allowed", "refused", "withdrawn"

    merchant = models.ForeignKey(
        "merchants.Merchant", on_delete=models.CASCADE, db_constraint=False
    )
    uid = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey("merchants.User", on_delete=models.CASCADE)
    reason = models.CharField(max_length=300)
    may_change = models.BooleanField(default=False)
    minutes = models.SmallIntegerField()
    state = models.CharField(max_length=10, default=WAITING)
    asked_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True, default="")
    allowed_until = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "visit_request"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "allowed", "refused", "withdrawn")),
                name="visit_request_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="allowed") | Q(allowed_until__isnull=False),
                name="visit_request_has_end",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="visit_request_recent"),
            models.Index(fields=["user", "-id"], name="visit_request_by_operator"),
        ]

    def __str__(self) -> str:
        return self.uid


class OperatorEntry(models.Model):
    """What an operator did as such, and who made them one (I3). Added, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    # Who did it: an operator, or a command.
    actor_label = models.CharField(max_length=120)
    action = models.CharField(max_length=60)
    # Of whom, where that is another person.
    person = models.CharField(max_length=254, blank=True, default="")
    merchant_uid = models.CharField(max_length=32, blank=True, default="")
    merchant_name = models.CharField(max_length=80, blank=True, default="")
    object_uid = models.CharField(max_length=32, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    address = models.CharField(max_length=50, blank=True, default="")

    class Meta:
        db_table = "operator_entry"

    def __str__(self) -> str:
        return f"{self.action} {self.object_uid}"


class SecondFactorUse(models.Model):
    """A code of an authenticator app that somebody typed: it opens nothing a second time."""

    user = models.ForeignKey("merchants.User", on_delete=models.CASCADE)
    code_print = models.CharField(max_length=64)
    used_at = models.DateTimeField()

    class Meta:
        db_table = "second_factor_use"
        constraints = [
            models.UniqueConstraint(fields=["user", "code_print"], name="second_factor_use_once"),
        ]

    def __str__(self) -> str:
        return self.code_print[:8]
