"""Cases that buyers open about what they bought, and what was said and decided (X1)."""

from enum import IntEnum

from django.db import models


class CaseState(IntEnum):
    """Whose turn it is."""

    NEW = 1  # nobody has looked at it
    OURS = 2  # the shop has to answer or decide
    BUYERS = 3  # the buyer was asked something
    DECIDED = 4  # and may still be opened again
    CLOSED = 5


_S = CaseState
CASE_STEPS = {
    _S.NEW: frozenset({_S.OURS, _S.BUYERS, _S.DECIDED, _S.CLOSED}),
    _S.OURS: frozenset({_S.BUYERS, _S.DECIDED, _S.CLOSED}),
    _S.BUYERS: frozenset({_S.OURS, _S.DECIDED, _S.CLOSED}),
    # A refund that was not approved after all comes back to the desk, as a reopened case does.
    _S.DECIDED: frozenset({_S.OURS, _S.CLOSED}),
    _S.CLOSED: frozenset({_S.OURS}),
}
# The shop's clock runs.
RUNNING = (CaseState.NEW, CaseState.OURS)
# Not to be opened a second time for the same unit.
OPEN = (*RUNNING, CaseState.BUYERS)


class CaseKind(IntEnum):
    """What is wrong, as the buyer says."""

    NOT_WORKING = 1
    USED = 2
    WRONG = 3
    DAMAGED = 4
    NOT_ARRIVED = 5
    OTHER = 6


class Decision(IntEnum):
    """What the shop does about it."""

    RESHIP = 1
    REFUND = 2
    REPLACE = 3
    REJECT = 4
    REPAIR = 5


class Author(IntEnum):
    """Who wrote a message of a case."""

    BUYER = 1
    STAFF = 2
    BOT = 3  # by itself, from how the order stands


class CaseEvent(IntEnum):
    """What the log of a case records."""

    OPENED = 1
    TAKEN = 2
    ANSWERED = 3
    BUYER_WROTE = 4
    DECIDED = 5
    CLOSED = 6
    CLOSED_SILENT = 7
    REOPENED = 8
    REMINDED = 9
    ESCALATED = 10
    RATED = 11
    CONTACT_SHOWN = 12
    REFUND_REFUSED = 13
    BOT_ANSWERED = 14
    PERSON_ASKED = 15


class FileKind(IntEnum):
    """What a piece of evidence is."""

    PICTURE = 1
    VIDEO = 2


class Case(models.Model):
    """One complaint about units of one order.

    `due_at` is the deadline that runs now, of the first answer or of the decision; `act_at` is
    when the clock has to look again: to remind, to escalate, to close.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    order = models.ForeignKey("orders.Order", models.PROTECT, db_constraint=False)
    request_uid = models.CharField(max_length=64)
    kind = models.SmallIntegerField()
    state = models.SmallIntegerField(default=CaseState.NEW)
    # A keyed fingerprint of the buyer's contact: finds former cases, names nobody.
    buyer_key = models.BinaryField(max_length=32, null=True)
    is_repeater = models.BooleanField(default=False)
    owner_uid = models.CharField(max_length=32, blank=True)
    owner_label = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    decide_by = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    # Since when the buyer's answer is waited for: the decision's clock stands still meanwhile.
    waiting_since = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    act_at = models.DateTimeField(null=True)
    # How often the staff was told that it is late: 1 reminded, 2 escalated.
    alarms = models.SmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    reopened = models.SmallIntegerField(default=0)
    decision = models.SmallIntegerField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=4, blank=True)
    # What the decision has made: {"refunds": [numbers], "cards": [uids], "pieces": n}.
    outcome = models.JSONField(default=dict)
    stars = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "after_sales_case"
        managed = False

    def __str__(self) -> str:
        return self.uid


class CaseUnit(models.Model):
    """A unit that a case is about. `is_open`: no second case may be opened for it."""

    pk = models.CompositePrimaryKey("merchant_id", "case_id", "line_id", "unit_no")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    case = models.ForeignKey(Case, models.PROTECT, db_constraint=False, related_name="units")
    line_id = models.BigIntegerField()
    unit_no = models.IntegerField()
    is_open = models.BooleanField(default=True)

    class Meta:
        db_table = "case_unit"
        managed = False

    def __str__(self) -> str:
        return f"{self.case_id} {self.line_id}/{self.unit_no}"


class CaseMessage(models.Model):
    """What somebody wrote. Sealed: buyers write their codes into it."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, db_constraint=False, related_name="messages")
    author = models.SmallIntegerField()
    author_label = models.CharField(max_length=120, blank=True)
    body = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "case_message"
        managed = False

    def __str__(self) -> str:
        return self.uid


class CaseFile(models.Model):
    """A picture or video of a case; the bytes are a sealed file that expires (rule 27)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    case = models.ForeignKey(Case, models.PROTECT, db_constraint=False, related_name="files")
    message = models.ForeignKey(CaseMessage, models.PROTECT, db_constraint=False)
    file_uid = models.CharField(max_length=32)
    kind = models.SmallIntegerField()
    content_type = models.CharField(max_length=40)
    size = models.IntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "case_file"
        managed = False

    def __str__(self) -> str:
        return self.uid


class CaseEntry(models.Model):
    """What happened to a case. Added, never changed."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    case = models.ForeignKey(Case, models.PROTECT, db_constraint=False, related_name="entries")
    event = models.SmallIntegerField()
    actor_kind = models.CharField(max_length=10)
    actor_label = models.CharField(max_length=120, blank=True)
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=50, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "case_entry"
        managed = False

    def __str__(self) -> str:
        return f"{self.case_id} {self.event}"


class QuickReply(models.Model):
    """An answer that the merchant gives often, in both languages, with names to be filled in."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    title = models.CharField(max_length=60)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "quick_reply"
        managed = False

    def __str__(self) -> str:
        return self.title
