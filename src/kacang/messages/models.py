"""What was told to whom: stored as template and ids, rendered when sent (rule 27)."""

from enum import IntEnum

from django.db import models
from django.db.models import Q

from kacang.messages.webhooks.models import WebhookEndpoint, WebhookMessage, WebhookTry
from kacang.messages.wording.models import MessageSwitch, MessageWording

__all__ = [
    "MESSAGE_STEPS", "Message", "MessageState", "MessageSwitch", "MessageWording",
    "WebhookEndpoint", "WebhookMessage", "WebhookTry",
]  # fmt: skip


class MessageState(IntEnum):
    """Where a message is."""

    WAITING = 0
    SENT = 1
    FAILED = 2


MESSAGE_STEPS = {
    MessageState.WAITING: frozenset({MessageState.SENT, MessageState.FAILED}),
    # A person may have it tried again.
    MessageState.FAILED: frozenset({MessageState.WAITING}),
    MessageState.SENT: frozenset[MessageState](),
}


class Message(models.Model):
    """One message to one address by one channel (N1)."""

    merchant = models.ForeignKey(
        "merchants.Merchant", models.PROTECT, db_constraint=False, db_index=False
    )
    uid = models.CharField(max_length=32, unique=True)
    channel = models.CharField(max_length=10)  # "email", "in_app"
    event = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    # An address for e-mail; the membership's uid, or "" for everybody, in the app.
    recipient = models.CharField(max_length=254, blank=True)
    # What the template is filled from: ids and plain values, never a secret.
    context = models.JSONField(default=dict)
    # One message per event and thing, however often the job that asks for it runs.
    once = models.CharField(max_length=120)
    state = models.SmallIntegerField(default=MessageState.WAITING)
    tries = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "message"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "channel", "once", "recipient"], name="message_once"
            ),
            models.CheckConstraint(condition=Q(state__in=(0, 1, 2)), name="message_state_known"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="message_recent"),
            models.Index(
                fields=["merchant", "-id"],
                condition=Q(channel="in_app", read_at__isnull=True),
                name="message_unread",
            ),
            # The desk looks for these at every visit, and they are few.
            models.Index(fields=["merchant", "-id"], condition=Q(state=2), name="message_failed"),
            models.Index(fields=["merchant", "recipient", "-id"], name="message_recipient"),
        ]

    def __str__(self) -> str:
        return self.uid
