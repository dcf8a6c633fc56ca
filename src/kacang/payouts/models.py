"""Who gets a share of what is sold, statements of it by period, and what was paid (结算, F4)."""

from enum import IntEnum

from django.db import models


class Party(IntEnum):
    """Who is on the other side of an agreement."""

    PLATFORM = 1  # the installation's operator, who takes a fee from a merchant


class Period(IntEnum):
    """How long a statement's time is, in the merchant's zone (rule 24)."""

    DAY = 1
    WEEK = 2  # from Monday
    MONTH = 3


class StatementState(IntEnum):
    """Whether a statement is paid."""

    ISSUED = 1
    PAID = 2


class Agreement(models.Model):
    """What a party gets of a merchant's sales, from a day on.

    `rate_millionths` of what was earned (15,000 is 1.5 %), and `fixed_minor` for each sale; what
    is refunded takes its part of the rate back, not the fixed sum. At most one of a party and
    currency is in force.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    party = models.SmallIntegerField()
    # Which of them; 0 where there is one.
    owner = models.BigIntegerField(default=0)
    name = models.CharField(max_length=80)
    period = models.SmallIntegerField()
    rate_millionths = models.IntegerField()
    fixed_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=4)
    # How long after the end of a period its statement is made: refunds come in meanwhile.
    hold_days = models.SmallIntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    # Transfers up to this one are counted; later ones are looked at.
    counted_to = models.BigIntegerField(default=0)

    class Meta:
        db_table = "agreement"
        managed = False

    def __str__(self) -> str:
        return self.uid


class Statement(models.Model):
    """What a party gets for a period. `ends_on` is the first day that is not in it."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    agreement = models.ForeignKey(Agreement, models.PROTECT, db_constraint=False)
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.SmallIntegerField(default=StatementState.ISSUED)
    lines = models.IntegerField(default=0)
    base_minor = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)
    # What earlier statements had too little, because refunds were more than sales.
    carried_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=4)
    issued_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "statement"
        managed = False

    def __str__(self) -> str:
        return self.uid


class Payout(models.Model):
    """Money that was given to a party for a statement, as a person has recorded it."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    statement = models.ForeignKey(Statement, models.PROTECT, db_constraint=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=4)
    # The bank's own number of it.
    reference = models.CharField(max_length=120)
    recorded_by = models.CharField(max_length=120)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "payout"
        managed = False

    def __str__(self) -> str:
        return self.uid
