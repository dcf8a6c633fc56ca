"""Merchants' own accounts at companies that carry short messages (N1).

Django finds these tables through the room's `models`.
"""

from django.db import models
from django.db.models import Q


class SenderAccount(models.Model):
    """One account at one company. Its key's secret is sealed; a removed one is no row any more."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    company = models.CharField(max_length=20)
    # Which channel it carries: "sms", "wechat".
    channel = models.CharField(max_length=10)
    key_id = models.CharField(max_length=120)
    secret = models.BinaryField()
    app = models.CharField(max_length=60, blank=True)
    sign_name = models.CharField(max_length=40, blank=True)
    # Event, or event and language → [code, [our names in the order of its places]].
    templates = models.JSONField(default=dict)
    is_on = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sender_account"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "company"], name="sender_account_once_a_company"
            ),
            # One account carries a channel at a time.
            models.UniqueConstraint(
                fields=["merchant", "channel"],
                condition=Q(is_on=True),
                name="sender_account_one_on",
            ),
        ]

    def __str__(self) -> str:
        return self.uid
