"""What others may ask about long jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.outbox.models import Work, WorkState
from kacang.shared.errors import NotFound

LIMIT_MAX = 200

__all__ = ["UnknownWork", "WorkState", "WorkView", "is_followed", "work", "works"]


class UnknownWork(NotFound):
    """There is no such job."""

    code = "work.unknown"


@dataclass(frozen=True, slots=True)
class WorkView:
    """A long job as it stands. `error` is the code of a domain error, empty unless it failed."""

    uid: str
    kind: str
    state: WorkState
    done: int
    total: int
    result: Mapping[str, Any]
    error: str
    cancel_asked: bool
    actor_label: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    # What it was told: ids, names and choices; never a secret.
    arguments: Mapping[str, Any] = field(default_factory=dict)
    # What rows of other rooms name it by.
    id: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will change."""
        return self.state in (WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED)


def work(*, merchant_id: int, uid: str, lock: bool = False) -> WorkView:
    """Return one job, or raise UnknownWork; `lock`: it stands still until the caller has ended."""
    with acting_as(merchant_id):
        rows = Work.objects.filter(merchant_id=merchant_id, uid=uid)
        row = (rows.select_for_update(no_key=True) if lock else rows).first()
    if row is None:
        raise UnknownWork
    return _view(row)


def works(  # noqa: PLR0913 - what a list of jobs is narrowed by
    *,
    merchant_id: int,
    kinds: tuple[str, ...] = (),
    by: str = "",
    running: bool = False,
    state: WorkState | None = None,
    cursor: str = "",
    limit: int = 20,
) -> list[WorkView]:
    """Return the latest jobs, newest first; of some kinds, a state, or those that have not ended.

    `by` is the label of who started them; "" is anybody.
    `cursor` is the uid of the last job of the page before; one that is none is the start.
    """
    with acting_as(merchant_id):
        rows = Work.objects.filter(merchant_id=merchant_id)
        before = rows.filter(uid=cursor).values_list("id", flat=True).first() if cursor else None
        if before is not None:
            rows = rows.filter(id__lt=before)
        if by:
            rows = rows.filter(actor_label=by)
        if kinds:
            rows = rows.filter(kind__in=kinds)
        if state is not None:
            rows = rows.filter(state=state)
        if running:
            rows = rows.filter(state__in=(WorkState.WAITING, WorkState.RUNNING))
        return [_view(row) for row in rows.order_by("-id")[: min(limit, LIMIT_MAX)]]


def is_followed(*, merchant_id: int, kind: str, key: str, uid: str) -> bool:
    """Whether a job of this kind, that runs or is done, names job `uid` as its argument `key`."""
    states = (WorkState.WAITING, WorkState.RUNNING, WorkState.DONE)
    with acting_as(merchant_id):
        rows = Work.objects.filter(merchant_id=merchant_id, kind=kind, state__in=states)
        return rows.filter(**{f"arguments__{key}": uid}).exists()


def _view(row: Work) -> WorkView:
    return WorkView(
        uid=row.uid,
        kind=row.kind,
        state=WorkState(row.state),
        done=row.done,
        total=row.total,
        result=row.result,
        error=row.error,
        cancel_asked=row.cancel_asked,
        actor_label=row.actor_label,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        arguments=row.arguments,
        id=row.pk,
    )
