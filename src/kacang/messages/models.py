"""What was told to whom: stored as template and ids, rendered when sent (rule 27)."""

from enum import IntEnum

from django.db import models
from django.db.models import Q

from kacang.messages.bell.models import NoticeRead, NoticeSeen
from kacang.messages.restraint.models import (
    MemberSwitch,
    MessageCount,
    MessageOptOut,
    MessageRule,
)
from kacang.messages.senders.models import SenderAccount
from kacang.messages.webhooks.models import WebhookEndpoint, WebhookMessage, WebhookTry
from kacang.messages.wording.models import MessageSwitch, MessageWording

__all__ = [
    "MESSAGE_STEPS", "MemberSwitch", "Message", "MessageCount", "MessageOptOut", "MessageRule",
    "MessageState", "MessageSwitch", "MessageWording", "NoticeRead", "NoticeSeen",
    "SenderAccount", "WebhookEndpoint", "WebhookMessage", "WebhookTry",
]  # fmt: skip


class MessageState(IntEnum):
    """Where a message is."""

    WAITING = 0
    SENT = 1  # taken by the server, or by the company
    FAILED = 2
    DELIVERED = 3  # the company says that it reached the phone
    SKIPPED = 4  # on purpose: `error` says why


MESSAGE_STEPS = {
    MessageState.WAITING: frozenset({MessageState.SENT, MessageState.FAILED, MessageState.SKIPPED}),
    # A person may have it tried again; of what nobody knew, the company may say that it arrived.
    MessageState.FAILED: frozenset({MessageState.WAITING, MessageState.DELIVERED}),
    MessageState.SENT: frozenset({MessageState.DELIVERED, MessageState.FAILED}),
    MessageState.DELIVERED: frozenset[MessageState](),
    MessageState.SKIPPED: frozenset[MessageState](),
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
    # Of text messages: the company and whose account ("": the operator's), the company's number,
    # as how many it counts, and what one of those cost then, in thousandths of the currency.
    company = models.CharField(max_length=20, blank=True)
    account = models.CharField(max_length=32, blank=True)
    company_number = models.CharField(max_length=64, blank=True)
    parts = models.SmallIntegerField(default=0)
    price_milli = models.IntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    # When the company is asked what became of it, and how often it was.
    report_at = models.DateTimeField(null=True)
    report_asks = models.SmallIntegerField(default=0)
    # Until when it is quiet; and whether a person asked for it, who waits.
    held_until = models.DateTimeField(null=True)
    is_asked_for = models.BooleanField(default=False)

    class Meta:
        db_table = "message"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "channel", "once", "recipient"], name="message_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=(0, 1, 2, 3, 4)), name="message_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="message_recent"),
            # Behind the bell, which every page of the console asks; they are few.
            models.Index(
                fields=["merchant", "-created_at", "-id"],
                condition=Q(channel="in_app"),
                name="message_notices",
            ),
            # The desk looks for these at every visit, and they are few.
            models.Index(fields=["merchant", "-id"], condition=Q(state=2), name="message_failed"),
            models.Index(fields=["merchant", "recipient", "-id"], name="message_recipient"),
            # What text messages cost is summed by month.
            models.Index(
                fields=["merchant", "sent_at"],
                condition=Q(channel="sms", sent_at__isnull=False),
                name="message_texted",
            ),
            models.Index(
                fields=["merchant", "report_at"],
                condition=Q(report_at__isnull=False),
                name="message_to_report",
            ),
            models.Index(
                fields=["company_number"],
                condition=~Q(company_number=""),
                name="message_company_number",
            ),
        ]

    def __str__(self) -> str:
        return self.uid
