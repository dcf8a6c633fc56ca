"""Refunds, and what companies say of them (P4). Django finds these tables through `models`."""

from enum import IntEnum

from django.db import models


class RefundStatus(IntEnum):
    """How far giving money back has come."""

    REQUESTED = 0  # waits for somebody who may approve it
    APPROVED = 1  # to be sent to the company, or to be paid by hand
    SENT = 2  # the company may know of it; what it did is asked until it is known
    DONE = 3
    FAILED = 4  # the company will not: a person decides
    REJECTED = 5
    DROPPED = 6  # given up, or followed by another
    TOLD = 7  # the company says that it gave back what we do not know of, or have no room for


_R = RefundStatus
REFUND_STEPS = {
    _R.REQUESTED: frozenset({_R.APPROVED, _R.REJECTED}),
    # Into a wallet it is done at once.
    _R.APPROVED: frozenset({_R.SENT, _R.DONE, _R.DROPPED}),
    _R.SENT: frozenset({_R.DONE, _R.FAILED}),
    # The company may pay after all, and a person may pay by hand.
    _R.FAILED: frozenset({_R.DONE, _R.DROPPED}),
    _R.TOLD: frozenset({_R.DONE}),
    _R.DONE: frozenset[RefundStatus](),
    _R.REJECTED: frozenset[RefundStatus](),
    _R.DROPPED: frozenset[RefundStatus](),
}


class RefundWay(IntEnum):
    """How money goes back."""

    ORIGIN = 0  # by the company, to where it came from
    BY_HAND = 1  # a person pays it and says so
    OUTSIDE = 2  # at the company's own website; we only heard of it
    WALLET = 3  # into the buyer's wallet in the shop


class RefundHeard(IntEnum):
    """What a company's message about a refund led to."""

    WAITING = 0
    ACTED = 1
    REPEATED = 2
    NOT_FINAL = 3
    CONTRADICTS = 4  # of another amount, or of one that is settled the other way


class Refund(models.Model):
    """Money of one receipt that goes back. `number` is unique in the installation.

    What was asked for never changes, by privilege; how far it has come does.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    number = models.CharField(max_length=32)
    order_id = models.BigIntegerField(null=True)
    account = models.ForeignKey("payments.Account", models.PROTECT, db_constraint=False)
    # Null: the company told of it, and nobody knows of which payment.
    receipt = models.ForeignKey("payments.Receipt", models.PROTECT, null=True, db_constraint=False)
    state = models.SmallIntegerField(default=RefundStatus.REQUESTED)
    way = models.SmallIntegerField(default=RefundWay.ORIGIN)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    # Whether it is an order's money, or money in suspense.
    fits = models.BooleanField(default=True)
    # What becomes of the order's cards: a `Cards` of the orders' room.
    cards = models.SmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    request_uid = models.CharField(max_length=64, blank=True)
    asked_kind = models.CharField(max_length=10)
    asked_id = models.BigIntegerField(null=True)
    asked_by = models.CharField(max_length=120, blank=True)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    # Why it was rejected, given up, or how it was paid by hand.
    decision = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    provider_ref = models.CharField(max_length=128, blank=True)
    # Why it failed, in the company's words.
    said = models.CharField(max_length=300, blank=True)
    follows = models.ForeignKey("self", models.PROTECT, null=True, db_constraint=False)
    # When the company is asked next, and how often it was.
    ask_at = models.DateTimeField(null=True)
    asked = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "refund"
        managed = False

    def __str__(self) -> str:
        return self.number


class RefundMessage(models.Model):
    """A company's message about a refund as it came, stored once per id and account."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey("payments.Account", models.PROTECT, db_constraint=False)
    notice_id = models.CharField(max_length=128)
    refund_number = models.CharField(max_length=64, blank=True)
    provider_number = models.CharField(max_length=128, blank=True)
    payment_number = models.CharField(max_length=64, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    state = models.CharField(max_length=8)
    raw = models.TextField()
    received_at = models.DateTimeField()
    acted_at = models.DateTimeField(null=True)
    heard = models.SmallIntegerField(default=RefundHeard.WAITING)
    tries = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "refund_message"
        managed = False

    def __str__(self) -> str:
        return self.notice_id
