"""A job that is started over HTTP and waited for, with its workers' memory watched."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from bench.installation import HOST, Installation
from bench.processes import MemoryWatch
from bench.stock import Shop

_GIVE_UP_SECONDS = 1200
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class JobDone:
    """A job as the merchant saw it; `done` counts what came of it."""

    seconds: float
    done: int
    web_megabytes: float
    worker_megabytes: float


def run_job(made: Installation, shop: Shop, path: str, *, count: str, **request: Any) -> JobDone:
    """Start a job by `POST path` and wait for its end.

    Args:
        made: What runs; its second process is the worker.
        shop: Whose job.
        path: The operation, as "/cards/import".
        count: Under which name the job's result counts what was done.
        request: What is sent, as httpx takes it.
    """

    def start(client: httpx.Client) -> str:
        sent = client.post(path.removeprefix("/"), **request)
        if sent.status_code != httpx.codes.ACCEPTED:
            raise RuntimeError(f"{sent.status_code} {sent.text[:500]}\n{made.log('web')}")
        return str(sent.json()["id"])

    return follow_job(made, shop, start, count=count)


def follow_job(
    made: Installation, shop: Shop, start: Callable[[httpx.Client], str], *, count: str
) -> JobDone:
    """Start a job in whatever way, which returns its id, and wait for its end; as `run_job`."""
    pids = {"web": made.processes[0].pid, "worker": made.processes[1].pid}
    head = {"Authorization": f"Bearer {shop.key}"}
    base = f"http://{HOST}:{made.port}/api/v1/"
    with (
        MemoryWatch(pids) as watch,
        httpx.Client(headers=head, timeout=60, base_url=base) as client,
    ):
        started = time.perf_counter()
        uid = start(client)
        job: dict[str, Any] = {"state": "waiting"}
        while job["state"] in {"waiting", "running"}:
            if time.perf_counter() - started > _GIVE_UP_SECONDS:
                raise RuntimeError(f"the job does not end: {job}\n{made.log('worker')}")
            time.sleep(_POLL_SECONDS)
            job = client.get(f"jobs/{uid}").json()
        took = time.perf_counter() - started
    if job["state"] != "done":
        raise RuntimeError(f"the job failed: {job}\n{made.log('worker')}")
    return JobDone(took, job["result"][count], watch.largest["web"], watch.largest["worker"])
