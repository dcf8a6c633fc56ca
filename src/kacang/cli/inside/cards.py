"""Card secrets from the command line: the same jobs as in the console, watched to their end."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.catalog.queries import UnknownSku
from kacang.cli.inside.actor import operator
from kacang.merchants import queries as merchants
from kacang.outbox import files
from kacang.outbox import queries as work
from kacang.outbox.queries import WorkState, WorkView
from kacang.vault import operations as vault
from kacang.vault.operations import GenerateRequest, ImportRequest

_PIECE = 1024 * 1024
_LOOK_SECONDS = 0.2
# A worker looks for jobs each second; when none has begun by now, we do it ourselves.
_WORKER_SECONDS = 3.0

Show = Callable[[WorkView], None]
Run = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Started:
    """A job that was queued, and how it is run where no worker lives."""

    merchant_id: int
    uid: str
    run: Run


def merchant_of_sku(sku_uid: str) -> int:
    """Return whose SKU this is, or raise UnknownSku."""
    for merchant_id in merchants.all_merchant_ids():
        if catalog.skus_by_uid(merchant_id=merchant_id, uids=[sku_uid]):
            return merchant_id
    raise UnknownSku


def start_import(path: Path, request: ImportRequest) -> Started:
    """Seal a file and start loading it."""
    merchant_id = merchant_of_sku(request.sku_uid)
    with path.open("rb") as file:
        file_uid = files.store(
            merchant_id=merchant_id,
            purpose="import",
            name=path.name,
            content=iter(lambda: file.read(_PIECE), b""),
        )
    uid = vault.import_cards(
        merchant_id=merchant_id, actor=operator(), file_uid=file_uid, request=request
    )
    return Started(merchant_id, uid, run_import)


def start_generation(request: GenerateRequest) -> Started:
    """Start making codes."""
    merchant_id = merchant_of_sku(request.sku_uid)
    uid = vault.generate_cards(merchant_id=merchant_id, actor=operator(), request=request)
    return Started(merchant_id, uid, run_generation)


def run_import(merchant_id: int, uid: str) -> None:
    """Load the file of a job here and now."""
    vault.run_import(merchant_id=merchant_id, work_uid=uid)


def run_generation(merchant_id: int, uid: str) -> None:
    """Make the codes of a job here and now."""
    vault.run_generate(merchant_id=merchant_id, work_uid=uid)


def watch(started: Started, show: Show) -> WorkView:
    """Show how far a job is until it has ended; do it here when no worker does."""
    began = time.monotonic()
    own: Thread | None = None
    while True:
        found = work.work(merchant_id=started.merchant_id, uid=started.uid)
        show(found)
        if found.has_ended:
            break
        waits = found.state == WorkState.WAITING and time.monotonic() - began > _WORKER_SECONDS
        if own is None and waits:
            own = Thread(target=_run_here, args=[started], daemon=True)
            own.start()
        time.sleep(_LOOK_SECONDS)
    if own is not None:
        own.join()
    return found


def _run_here(started: Started) -> None:
    try:
        started.run(started.merchant_id, started.uid)
    finally:
        connection.close()
