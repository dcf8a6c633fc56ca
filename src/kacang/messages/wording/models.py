"""A merchant's own words for a message, each version kept (N1).

Django finds these tables through the room's `models`.
"""

from django.db import models


class MessageWording(models.Model):
    """One version. The newest counts; one without a body goes back to the house's words."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    event = models.CharField(max_length=40)
    channel = models.CharField(max_length=10)
    language = models.CharField(max_length=8)
    version = models.IntegerField()
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    made_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "message_wording"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "event", "channel", "language", "version"],
                name="message_wording_version_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.channel} {self.language} {self.version}"


class MessageSwitch(models.Model):
    """Whether a merchant wants an event told by a channel, where it is not as the house has it."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    event = models.CharField(max_length=40)
    channel = models.CharField(max_length=10)
    is_on = models.BooleanField()

    class Meta:
        db_table = "message_switch"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "event", "channel"], name="message_switch_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.channel} {self.is_on}"
