"""Companies' bills, and where they differ from what we saw (对账, F2)."""

from enum import IntEnum

from django.db import models


class BillState(IntEnum):
    """How far a bill is."""

    WAITING = 0  # to be fetched, or read
    READ = 1  # its rows are here, and set beside ours
    FAILED = 2  # it could not be got or read; a person looks, or it is tried again
    CLOSED = 3  # the day is locked: nothing about it changes any more


BILL_STEPS = {
    BillState.WAITING: frozenset({BillState.READ, BillState.FAILED}),
    # Read again: the company has made it anew, or a person has sent another file.
    BillState.READ: frozenset({BillState.READ, BillState.CLOSED}),
    BillState.FAILED: frozenset({BillState.WAITING, BillState.READ, BillState.FAILED}),
    BillState.CLOSED: frozenset[BillState](),
}


class DifferenceKind(IntEnum):
    """In what a bill and our books differ."""

    OURS_ONLY = 1
    THEIRS_ONLY = 2  # a lost callback, mostly
    AMOUNT = 3
    STATE = 4


class Movement(IntEnum):
    """What moved: `what` of a row."""

    PAYMENT = 0
    REFUND = 1


class Resolution(IntEnum):
    """What became of a difference."""

    HEALED = 1  # it is gone: the company was asked, or another day's bill has it
    TAKEN_IN = 2  # the row was settled like a notice
    EXPLAINED = 3  # a person has said why it is right


class Bill(models.Model):
    """A company's bill of one day of its zone, for one account.

    `totals` says by currency what it sums to: `{"CNY": {"paid": [count, minor], "refunded":
    [count, minor], "fee": minor}}`. `fee_transfers` are the ledger's rows
    of its fees: `{"CNY": [transfer id, minor]}`.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    account_id = models.BigIntegerField()
    day = models.DateField()
    # The day's bounds in the company's zone.
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.SmallIntegerField(default=BillState.WAITING)
    # Whether the company gave it to us by itself; what a person has sent proves nothing.
    is_fetched = models.BooleanField(default=True)
    file_name = models.CharField(max_length=120, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    # Of the numbered readings the one whose rows count, and the last that was begun.
    reading = models.IntegerField(default=0)
    readings = models.IntegerField(default=0)
    rows = models.IntegerField(default=0)
    totals = models.JSONField(default=dict)
    fee_transfers = models.JSONField(default=dict)
    # The code of what went wrong.
    problem = models.CharField(max_length=60, blank=True)
    tries = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "bill"
        managed = False

    def __str__(self) -> str:
        return self.uid


class Difference(models.Model):
    """One thing in which a bill and our books differ. It stays when it is resolved."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    bill = models.ForeignKey(Bill, models.PROTECT, db_constraint=False)
    account_id = models.BigIntegerField()
    kind = models.SmallIntegerField()
    what = models.SmallIntegerField()
    provider_number = models.CharField(max_length=128)
    # Of rows with the same number in one bill: which.
    copy = models.IntegerField(default=1)
    payment_number = models.CharField(max_length=64, blank=True)
    refund_number = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=4)
    theirs_minor = models.BigIntegerField(null=True)
    ours_minor = models.BigIntegerField(null=True)
    line = models.IntegerField(null=True)
    found_at = models.DateTimeField()
    resolution = models.SmallIntegerField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "difference"
        managed = False

    def __str__(self) -> str:
        return f"{self.kind} {self.provider_number}"
