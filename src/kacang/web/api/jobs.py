"""How far long work is."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from kacang.outbox import queries as work
from kacang.web.api.answers import answer, utc
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.paging import Id
from kacang.web.api.schemas import Job

router = Router(tags=["jobs"])
reads = BearerKey("jobs:read")


@router.get("/jobs/{job_id}", response=Job, auth=reads, operation_id="read_job")
def job(request: HttpRequest, job_id: Id) -> HttpResponse:
    """Show how far an import or a generation is, and in the end what came of it."""
    return answer(job_of(caller_of(request).merchant_id, job_id))


def job_of(merchant_id: int, uid: str) -> Job:
    """Tell of a job.

    Raises:
        UnknownWork: There is none.
    """
    found = work.work(merchant_id=merchant_id, uid=uid)
    return Job.model_construct(
        id=found.uid,
        kind=found.kind,
        state=found.state.name.lower(),
        done=found.done,
        total=found.total,
        result=dict(found.result),
        error=found.error or None,
        created_at=utc(found.created_at),
        finished_at=utc(found.finished_at),
    )
