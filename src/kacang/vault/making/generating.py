"""Making card secrets: so many of a pattern, none twice, none that the vault has (V1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.ahead import one_ahead
from kacang.shared.ciphers import MerchantCipher
from kacang.shared.errors import Invalid
from kacang.vault.imports.import_jobs import JOB, guarded
from kacang.vault.imports.intake import (
    Arrival,
    Purchase,
    card_sku,
    close_batch,
    open_batch,
    stored_purchase,
)
from kacang.vault.imports.loading import CHUNK, SealedRows, load_cards, prints_of, seal_rows
from kacang.vault.imports.undoing import take_back
from kacang.vault.making.patterns import check_strength, make_codes, read_pattern
from kacang.vault.making.serials import (
    NumbersTaken,
    SecretNumbers,
    SerialRange,
    refuse_taken,
    stored_range,
)
from kacang.vault.models import Batch
from kacang.vault.reading.lines import Entry

GENERATE = "vault.generate"
COUNT_MAX = 1_000_000
# Numbers need not be hard to guess, but there must be enough of them to find free ones.
NUMBER_ROOM = 2


class BadCount(Invalid):
    """Between one and a million codes are made at once."""

    code = "vault.bad_count"


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """How many codes, of which pattern; with numbers too when `number_pattern` is given.

    Or with numbers that count up: a code for each of them, however many `count` says.
    """

    sku_uid: str
    count: int
    pattern: str
    number_pattern: str = ""
    serial: SerialRange | None = None
    purchase: Purchase = field(default_factory=Purchase)


@dataclass(frozen=True, slots=True)
class _Set:
    """Codes that were made, each once, and the same sealed."""

    entries: list[Entry]
    prints: list[bytes]
    sealed: SealedRows


def generate_cards(*, merchant_id: int, actor: Actor, request: GenerateRequest) -> str:
    """Start the job that makes exactly `count` codes; return the job's uid.

    Raises:
        UnknownSku: There is none.
        BadCount, BadPattern, BadPurchase: As they say.
        WeakPattern: Codes of this pattern could be found by guessing.
        BadSerial, SecretNumbers: As they say. Numbers that are taken end the job instead.
    """
    count = _checked_count(request)
    serial = request.serial
    with acting_as(merchant_id):
        sku = card_sku(merchant_id, request.sku_uid)
        if serial and sku.number_is_secret:
            raise SecretNumbers
        arguments: Mapping[str, Any] = {
            "sku": sku.uid,
            "count": count,
            "pattern": request.pattern,
            "number_pattern": "" if serial else request.number_pattern,
            "serial": serial.stored() if serial else {},
            "purchase": request.purchase.checked().stored(),
        }
        uid = work.start(
            merchant_id=merchant_id,
            kind=GENERATE,
            arguments=arguments,
            actor=actor,
            total=count,
        )
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="cards.generate",
            object_kind="sku",
            object_uid=sku.uid,
            after={"job": uid, "count": count},
        )
        enqueue(
            "vault.run_generate",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def _checked_count(request: GenerateRequest) -> int:
    count = request.count
    if request.serial:
        count = request.serial.checked(COUNT_MAX).count
    if not 0 < count <= COUNT_MAX:
        raise BadCount(limit=COUNT_MAX)
    has_numbers = bool(request.number_pattern or request.serial)
    check_strength(read_pattern(request.pattern), count, beside_number=has_numbers)
    if request.number_pattern and not request.serial:
        numbers = read_pattern(request.number_pattern)
        if numbers.room < count * NUMBER_ROOM:
            raise BadCount(limit=numbers.room // NUMBER_ROOM)
    return count


def run_generate(*, merchant_id: int, work_uid: str) -> None:
    """Make the codes of a job, or the rest of them after a crash."""
    guarded(merchant_id, work_uid, _generate)


def _generate(merchant_id: int, task: Task) -> None:
    sku = catalog.sku(merchant_id=merchant_id, uid=task.arguments["sku"])
    batch, checkpoint = _batch(merchant_id, task, sku)
    try:
        _make(merchant_id, task, batch, checkpoint)
    except NumbersTaken as error:
        # All the numbers or none.
        take_back(merchant_id=merchant_id, batch_id=batch.pk)
        work.fail(merchant_id=merchant_id, uid=task.uid, error=error.code, result=error.detail)


def _make(merchant_id: int, task: Task, batch: Batch, checkpoint: Mapping[str, Any]) -> None:
    wanted = int(task.arguments["count"])
    sku = catalog.sku(merchant_id=merchant_id, uid=task.arguments["sku"])
    made = int(checkpoint["made"])
    while made < wanted:
        # What was there already is made up for by another round.
        for some in one_ahead(_sets(cipher_for(merchant_id), sku, task.arguments, (made, wanted))):
            with acting_as(merchant_id):
                made += _stock(batch, sku, some)
                if batch.serial and made < checkpoint["made"] + len(some.entries):
                    # Somebody brought in the same pair of number and code meanwhile.
                    raise NumbersTaken(count=checkpoint["made"] + len(some.entries) - made)
                reached = {**checkpoint, "made": made}
                stop = work.progress(
                    merchant_id=merchant_id,
                    uid=task.uid,
                    done=made,
                    checkpoint=reached,
                    expected=checkpoint,
                )
            checkpoint = reached
            if stop:
                take_back(merchant_id=merchant_id, batch_id=batch.pk)
                work.stop(merchant_id=merchant_id, uid=task.uid, result={"batch": batch.uid})
                return
    with acting_as(merchant_id):
        close_batch(merchant_id, batch.pk)
        audit.record(
            merchant_id=merchant_id,
            actor=Actor(JOB, None, task.actor_label),
            action="cards.stocked",
            object_kind="batch",
            object_uid=batch.uid,
            after={"number": batch.number, "cards": made, "job": task.uid},
        )
        result = {"stocked": made, "batch": batch.uid, "batch_number": batch.number}
        work.finish(merchant_id=merchant_id, uid=task.uid, result=result)


def _batch(merchant_id: int, task: Task, sku: SkuView) -> tuple[Batch, Mapping[str, Any]]:
    with acting_as(merchant_id):
        if task.checkpoint:
            batch_id = task.checkpoint["batch"]
            return Batch.objects.get(merchant_id=merchant_id, id=batch_id), task.checkpoint
        batch = open_batch(
            merchant=merchants.merchant(merchant_id=merchant_id),
            sku=sku,
            purchase=stored_purchase(task.arguments["purchase"]),
            arrival=Arrival("generate", task.id, task.actor_label),
        )
        if serial := stored_range(task.arguments.get("serial", {})):
            # `open_batch` holds the lock of bulk loads: of two such jobs one sees the other.
            refuse_taken(merchant_id, serial)
            batch.serial = serial.stored()
            batch.save(update_fields=["serial"])
        checkpoint = {"batch": batch.pk, "made": 0}
        work.progress(
            merchant_id=merchant_id, uid=task.uid, done=0, checkpoint=checkpoint, expected={}
        )
    return batch, checkpoint


def _sets(
    cipher: MerchantCipher, sku: SkuView, arguments: Mapping[str, Any], span: tuple[int, int]
) -> Iterator[_Set]:
    """Make the codes from place to place of a batch, a chunk at a time, sealed."""
    first, end = span
    serial = stored_range(arguments.get("serial", {}))
    for start in range(first, end, CHUNK):
        count = min(CHUNK, end - start)
        secrets = make_codes(read_pattern(arguments["pattern"]), count)
        numbers: list[str | None] = [None] * count
        if serial:
            numbers = list(serial.numbers(start, count))
        elif arguments["number_pattern"]:
            numbers = list(make_codes(read_pattern(arguments["number_pattern"]), count))
        until = stored_purchase(arguments["purchase"]).valid_until
        entries = [
            Entry(start + place, number, secret, until, "")
            for place, (number, secret) in enumerate(zip(numbers, secrets, strict=True))
        ]
        by_print = dict(zip(prints_of(cipher, entries), entries, strict=True))
        once, prints = list(by_print.values()), list(by_print)
        yield _Set(once, prints, seal_rows(cipher, sku, once, prints))


def _stock(batch: Batch, sku: SkuView, some: _Set) -> int:
    """Load a set and return how many of it were new."""
    before = batch.card_count
    load_cards(batch, sku, some.entries, some.prints, some.sealed)
    batch.refresh_from_db(fields=["card_count"])
    return batch.card_count - before
