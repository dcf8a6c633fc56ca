"""What each member of staff has read of the console's notices (N1).

Django finds these tables through the room's `models`.
"""

from django.db import models


class NoticeSeen(models.Model):
    """Up to which notice a member has read all: what they marked at once."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    member_uid = models.CharField(max_length=32)
    upto_id = models.BigIntegerField()

    class Meta:
        db_table = "notice_seen"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "member_uid"], name="notice_seen_once"),
        ]

    def __str__(self) -> str:
        return f"{self.member_uid} {self.upto_id}"


class NoticeRead(models.Model):
    """A single notice that a member has read. Gone once it is too old to count as new."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    member_uid = models.CharField(max_length=32)
    message_id = models.BigIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        db_table = "notice_read"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "member_uid", "message_id"], name="notice_read_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_uid} {self.message_id}"
