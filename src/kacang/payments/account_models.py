"""What is kept beside an account: its health, its limits' sums, its history, its calls (P1, P5).

Django finds these tables through `models`.
"""

from enum import IntEnum

from django.db import models


class Health(IntEnum):
    """What an account's last payments and calls say of it (P5)."""

    GOOD = 0
    PAUSED = 1  # it fails: others are taken, where there are any
    TRYING = 2  # it answers again: it gets a part of its share until it has proved itself


HEALTH_STEPS = {
    Health.GOOD: frozenset({Health.PAUSED}),
    Health.PAUSED: frozenset({Health.TRYING}),
    Health.TRYING: frozenset({Health.GOOD, Health.PAUSED}),
}


class AccountProduct(models.Model):
    """A product that an account may be paid for; an account that names none takes all."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey("payments.Account", models.CASCADE, db_constraint=False)
    product = models.ForeignKey("catalog.Product", models.PROTECT, db_constraint=False)

    class Meta:
        db_table = "account_product"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "account", "product"], name="account_product_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.product_id}"


class AccountDay(models.Model):
    """What an account took in on a day, as far as `counted_to`, the last receipt in the sum.

    Kept by a job, for accounts with a limit per day: the sale itself counts nothing.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey("payments.Account", models.CASCADE, db_constraint=False)
    day = models.DateField()
    received_minor = models.BigIntegerField(default=0)
    counted_to = models.BigIntegerField(default=0)

    class Meta:
        db_table = "account_day"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "account", "day"], name="account_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.received_minor}"


class AccountEventKind(IntEnum):
    """What happened to an account by itself."""

    PAUSED = 0
    TRIED = 1
    WELL = 2
    PROBED = 3
    PROBE_FAILED = 4


class AccountEvent(models.Model):
    """The history of an account: probes, and switches that nobody made. Rows are only added."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account = models.ForeignKey("payments.Account", models.CASCADE, db_constraint=False)
    kind = models.SmallIntegerField()
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        db_table = "account_event"
        indexes = [models.Index(fields=["merchant", "account", "-id"], name="account_event_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in AccountEventKind]),
                name="account_event_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}"


class CallKind(IntEnum):
    """What a company was called for."""

    CREATE = 0
    QUERY = 1
    CLOSE = 2
    PROBE = 3


class CallResult(IntEnum):
    """What came of a call."""

    ANSWERED = 0
    SILENT = 1
    REFUSED = 2


class ProviderCall(models.Model):
    """A call to a company about an account: how long it took, and what was said in short."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    account_id = models.BigIntegerField()
    payment_id = models.BigIntegerField(null=True)
    kind = models.SmallIntegerField()
    result = models.SmallIntegerField()
    milliseconds = models.IntegerField()
    said = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "provider_call"
        managed = False

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.result}"
