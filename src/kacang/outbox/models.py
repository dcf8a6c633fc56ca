"""What is still to be done, and what was already answered.

`Outbox`: news of hot transactions, turned into jobs by the relay. `Idempotency`: answers given
to machines, kept so that a repeat gets the same one. `Work`: long jobs that people watch.
`SealedFile`: what they read and write, encrypted, for a while.
"""

from enum import IntEnum

from django.db import models
from django.db.models import Q


class Outbox(models.Model):
    """One thing that happened, for whoever listens. Written by hand in SQL, drained in batches."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "outbox"
        managed = False

    def __str__(self) -> str:
        return self.kind


class Idempotency(models.Model):
    """The answer to one `Idempotency-Key` of one API key (rule 15)."""

    pk = models.CompositePrimaryKey("merchant_id", "api_key_id", "key")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    api_key = models.ForeignKey("merchants.ApiKey", models.PROTECT, db_constraint=False)
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    status = models.SmallIntegerField(null=True)
    response = models.JSONField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency"
        managed = False

    def __str__(self) -> str:
        return self.key


class WorkState(IntEnum):
    """Where a long job is."""

    WAITING = 0
    RUNNING = 1
    DONE = 2
    FAILED = 3
    CANCELLED = 4


WORK_STEPS = {
    WorkState.WAITING: frozenset({WorkState.RUNNING, WorkState.CANCELLED, WorkState.FAILED}),
    WorkState.RUNNING: frozenset({WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED}),
    WorkState.DONE: frozenset[WorkState](),
    WorkState.FAILED: frozenset[WorkState](),
    WorkState.CANCELLED: frozenset[WorkState](),
}


class Work(models.Model):
    """A long job that somebody started and watches: import, generation, export."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=40)
    state = models.SmallIntegerField(default=WorkState.WAITING)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    # What it was told and what came of it: ids, counts, names; never a secret.
    arguments = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=60, blank=True)
    cancel_asked = models.BooleanField(default=False)
    actor_label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "work"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in WorkState]), name="work_state_known"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="work_recent")]

    def __str__(self) -> str:
        return self.uid


class SealedFile(models.Model):
    """A file that is kept encrypted under the merchant's key until it expires (rule 27)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    purpose = models.CharField(max_length=30)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "sealed_file"

    def __str__(self) -> str:
        return self.uid


class SealedChunk(models.Model):
    """One piece of a sealed file, at most 1 MiB of plaintext."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    file = models.ForeignKey(SealedFile, models.CASCADE, db_constraint=False)
    number = models.IntegerField()
    body = models.BinaryField()

    class Meta:
        db_table = "sealed_chunk"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "file", "number"], name="sealed_chunk_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"
