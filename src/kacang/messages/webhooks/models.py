"""Addresses of other systems that are told what happens, and what they were told (J2).

Django finds these tables through the room's `models`.
"""

from enum import IntEnum

from django.db import models
from django.db.models import Q


class EndpointState(IntEnum):
    """Whether an address is told."""

    ON = 0
    OFF = 1  # by a person
    BROKEN = 2  # by itself: it failed for too long, or said that it is gone


class HookState(IntEnum):
    """Where one message to one address is."""

    WAITING = 0
    SENT = 1
    FAILED = 2


HOOK_STEPS = {
    HookState.WAITING: frozenset({HookState.SENT, HookState.FAILED}),
    # A person may have it sent again, whatever became of it.
    HookState.SENT: frozenset({HookState.WAITING}),
    HookState.FAILED: frozenset({HookState.WAITING}),
}


class WebhookEndpoint(models.Model):
    """One address. A removed one stays, without its secrets, for the log's sake."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    url = models.CharField(max_length=500)
    note = models.CharField(max_length=120, blank=True)
    # Which events it is told of; empty: all.
    events = models.JSONField(default=list)
    secret = models.BinaryField()
    # Signs too until then, so that the other side can change over.
    old_secret = models.BinaryField(null=True)
    old_until = models.DateTimeField(null=True)
    state = models.SmallIntegerField(default=EndpointState.ON)
    # Failures in a row, since when, and until when nothing is tried.
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_endpoint"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in EndpointState]),
                name="webhook_endpoint_state_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["merchant", "id"],
                condition=Q(removed_at__isnull=True),
                name="webhook_endpoint_present",
            )
        ]

    def __str__(self) -> str:
        return self.uid


class WebhookMessage(models.Model):
    """One event to one address: the same id and the same words at every try."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.PROTECT, db_constraint=False, db_index=False
    )
    event = models.CharField(max_length=40)
    # One message per event and thing, however often the job that asks for it runs.
    once = models.CharField(max_length=120)
    # Ids, numbers and amounts; never a secret, never who the buyer is.
    data = models.JSONField(default=dict)
    state = models.SmallIntegerField(default=HookState.WAITING)
    tries = models.SmallIntegerField(default=0)
    # What the last try was answered (0: nothing), and why that is no success.
    status = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_message"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "endpoint", "once"], name="webhook_message_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in HookState]),
                name="webhook_message_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "endpoint", "-id"], name="webhook_message_recent"),
            models.Index(
                fields=["merchant", "endpoint", "-id"],
                condition=Q(state=HookState.FAILED),
                name="webhook_message_failed",
            ),
        ]

    def __str__(self) -> str:
        return self.uid


class WebhookTry(models.Model):
    """One call to an address: what was answered, and how long it took. Rows are only added."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    message_uid = models.CharField(max_length=32)
    status = models.SmallIntegerField()
    error = models.CharField(max_length=40, blank=True)
    milliseconds = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "webhook_try"
        managed = False

    def __str__(self) -> str:
        return f"{self.message_uid} {self.status}"
