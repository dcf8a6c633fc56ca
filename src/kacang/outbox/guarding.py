"""Running a long job so that it ends in a state that people understand."""

from collections.abc import Callable

from django.db import OperationalError

from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.work import Task
from kacang.shared.errors import DomainError
from kacang.shared.states import WrongState

BROKEN = "work.broken"
Run = Callable[[int, Task], None]


def guarded(merchant_id: int, work_uid: str, run: Run, *, clear_up: Run | None = None) -> None:
    """Run a job, for the first time or on from its checkpoint; nothing when it has ended.

    A domain error, or one that nobody expected, ends it with a code; the latter is raised too.
    What is wrong with the database is raised, for the queue to run the job again. `clear_up` is
    called in the transaction that says that the job has failed.
    """
    task = work.begin(merchant_id=merchant_id, uid=work_uid)
    if task is None:
        return
    try:
        run(merchant_id, task)
    except WrongState:
        # Another run of the same job is further, or it has ended: this one has undone its part.
        return
    except DomainError as error:
        with acting_as(merchant_id):
            if clear_up:
                clear_up(merchant_id, task)
            work.fail(
                merchant_id=merchant_id, uid=task.uid, error=error.code, result=dict(error.detail)
            )
    except OperationalError:
        raise
    except Exception:
        with acting_as(merchant_id):
            if clear_up:
                clear_up(merchant_id, task)
            work.fail(merchant_id=merchant_id, uid=task.uid, error=BROKEN, result={})
        raise
