"""What keeps messages back: rules of events, counters, and what people do not want (N1).

Django finds these tables through the room's `models`.
"""

from django.db import models
from django.db.models import Q


class MessageRule(models.Model):
    """How an event is held back, where a merchant says otherwise than the house."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    event = models.CharField(max_length=40)
    # Whether it passes the quiet hours.
    is_urgent = models.BooleanField()
    # How many a recipient gets a day by one channel; 0: as the setting says.
    daily_max = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "message_rule"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "event"], name="message_rule_once"),
            models.CheckConstraint(
                condition=Q(daily_max__gte=0, daily_max__lte=1000), name="message_rule_max_fits"
            ),
        ]

    def __str__(self) -> str:
        return self.event


class MessageCount(models.Model):
    """How many messages of an event somebody got on a day by a channel. Gone after three days."""

    merchant = models.ForeignKey(
        "merchants.Merchant", models.PROTECT, db_constraint=False, db_index=False
    )
    day = models.DateField()
    event = models.CharField(max_length=40)
    channel = models.CharField(max_length=10)
    address_print = models.BinaryField()
    used = models.SmallIntegerField()

    class Meta:
        db_table = "message_count"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "day", "event", "channel", "address_print"],
                name="message_count_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.day} {self.used}"


class MessageOptOut(models.Model):
    """Somebody does not want to be told of an event; known by a print of the address alone."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    address_print = models.BinaryField()
    event = models.CharField(max_length=40)
    since = models.DateTimeField()

    class Meta:
        db_table = "message_opt_out"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "address_print", "event"], name="message_opt_out_once"
            ),
        ]

    def __str__(self) -> str:
        return self.event


class MemberSwitch(models.Model):
    """Whether a member of staff wants an event told by a channel, where not as the house has it."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    member_uid = models.CharField(max_length=32)
    event = models.CharField(max_length=40)
    channel = models.CharField(max_length=10)
    is_on = models.BooleanField()

    class Meta:
        db_table = "member_switch"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "member_uid", "event", "channel"], name="member_switch_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_uid} {self.event} {self.channel} {self.is_on}"
