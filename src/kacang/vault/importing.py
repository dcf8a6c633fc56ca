"""Taking in card secrets from a file: look first, then load (V2).

Both are jobs, which know the file by its sealed copy. A file is read in chunks. With good lines
kept, each chunk is a transaction that also saves how far the job is: a job that died is run
again, looks at what it had loaded, and goes on. With all or nothing, the whole file is looked at
first and then loaded in one transaction, so that no card of it can be sold before all are there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.queries import MerchantInfo
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid
from kacang.vault.intake import Purchase, stored_purchase
from kacang.vault.loading import CHUNK, SOLD, Known, prints_of
from kacang.vault.models import Batch
from kacang.vault.reading.layouts import Layout, Wishes, settle_layout, stored_layout
from kacang.vault.reading.lines import Entry, Fault, LineReader
from kacang.vault.reading.rows import LINES_MAX, BadFile, Row, Source
from kacang.vault.reading.sources import LINES_NAME, open_source
from kacang.vault.report import Tally, write_report

IMPORT = "vault.import"
CHECK = "vault.check"
PURPOSE = "import"
SAMPLE_ROWS = 200


class NothingToImport(Invalid):
    """No line was sent, or more than a million."""

    code = "vault.nothing_to_import"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What somebody wants done with a file.

    `keep_good`: load the good lines and report the others; else load all or nothing.
    `language` is that of the error workbook.
    """

    sku_uid: str
    purchase: Purchase = field(default_factory=Purchase)
    wishes: Wishes = field(default_factory=Wishes)
    keep_good: bool = True
    language: str = "zh-hans"


def seal_lines(*, merchant_id: int, lines: Sequence[str]) -> str:
    """Seal lines that were pasted or sent, one card each, and return the file's uid.

    A line may hold anything, line breaks too.

    Raises:
        NothingToImport: There are none, or more than a million.
        BadFile: A line holds half a surrogate pair, which no encoding can write.
    """
    if not 0 < len(lines) <= LINES_MAX:
        raise NothingToImport(limit=LINES_MAX)
    try:
        content = json.dumps(list(lines), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadFile(problem="encoding") from None
    return files.store(merchant_id=merchant_id, purpose=PURPOSE, name=LINES_NAME, content=content)


def check_import(*, merchant_id: int, actor: Actor, file_uid: str, request: ImportRequest) -> str:
    """Start the job that looks at a sealed file without loading it; return the job's uid.

    Raises:
        UnknownFile, UnknownSku: There is none.
        BadPurchase: What was said about the purchase cannot be.
    """
    return _start(CHECK, merchant_id, actor, file_uid, request)


def import_cards(*, merchant_id: int, actor: Actor, file_uid: str, request: ImportRequest) -> str:
    """Start the job that loads a sealed file into the vault; return the job's uid.

    Its result names the batch, counts by reason what was not taken, and has the uid of an error
    workbook as `error_file`. Imports of one merchant run one after the other.

    Raises:
        UnknownFile, UnknownSku: There is none.
        BadPurchase: What was said about the purchase cannot be.
    """
    return _start(IMPORT, merchant_id, actor, file_uid, request)


def _start(kind: str, merchant_id: int, actor: Actor, file_uid: str, request: ImportRequest) -> str:
    with acting_as(merchant_id):
        file = files.info(merchant_id=merchant_id, uid=file_uid)
        sku = catalog.sku(merchant_id=merchant_id, uid=request.sku_uid)
        wishes = request.wishes
        uid = work.start(
            merchant_id=merchant_id,
            kind=kind,
            actor=actor,
            arguments={
                "sku": sku.uid,
                "file": file.uid,
                "purchase": request.purchase.checked().stored(),
                "columns": None if wishes.columns is None else dict(wishes.columns),
                "has_header": wishes.has_header,
                "separator": wishes.separator,
                "keep_good": request.keep_good,
                "language": request.language,
            },
        )
        if kind == IMPORT:
            audit.record(
                merchant_id=merchant_id,
                actor=actor,
                action="cards.import",
                object_kind="sku",
                object_uid=sku.uid,
                after={"job": uid, "file": file.name, "supplier": request.purchase.supplier},
            )
        enqueue(
            "vault.run_import" if kind == IMPORT else "vault.run_check",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


@dataclass(slots=True)
class Chunk:
    """Some lines of a file: cards with their fingerprints, and what is wrong with the others."""

    entries: list[Entry] = field(default_factory=list)
    prints: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    blank: int = 0
    last_line: int = 0

    def sort_out(self, known: Mapping[bytes, Known]) -> list[Fault]:
        """Return the faults of those cards that the vault had already."""
        return [
            Fault(
                entry.line,
                -1,
                "duplicate_sold" if known[key].state in SOLD else "duplicate_in_vault",
            )
            for entry, key in zip(self.entries, self.prints, strict=True)
            if key in known
        ]


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was opened for a job, and how it is read."""

    merchant: MerchantInfo
    sku: SkuView
    task: Task
    source: Source
    layout: Layout
    purchase: Purchase

    def chunks(self) -> Iterator[Chunk]:
        """Read the file. What stands twice in it is a card once and a fault from then on."""
        cipher = cipher_for(self.merchant.id)
        seen: set[bytes] = set()
        rows = iter(self._rows())
        while taken := list(islice(rows, CHUNK)):
            chunk = self._sorted(taken)
            prints = prints_of(cipher, chunk.entries)
            fresh: list[Entry] = []
            for entry, key in zip(chunk.entries, prints, strict=True):
                if key in seen:
                    column = self.layout.columns["secret"]
                    chunk.faults.append(Fault(entry.line, column, "duplicate_in_file"))
                else:
                    seen.add(key)
                    fresh.append(entry)
                    chunk.prints.append(key)
            chunk.entries = fresh
            yield chunk

    def _rows(self) -> Iterator[Row]:
        rows = self.source.rows()
        if self.layout.has_header:
            # The heading is the first line that is not blank; blank ones before it count as such.
            for row in rows:
                if not row.is_blank:
                    break
                yield row
        yield from rows

    def _sorted(self, rows: list[Row]) -> Chunk:
        reader = LineReader(
            self.layout,
            now=utc_now(),
            time_zone=self.merchant.time_zone,
            valid_until=self.purchase.valid_until,
        )
        chunk = Chunk(last_line=rows[-1].line)
        for row in rows:
            if row.is_blank:
                chunk.blank += 1
                continue
            found = reader.read(row)
            if isinstance(found, Entry):
                chunk.entries.append(found)
            else:
                chunk.faults.append(found)
        return chunk

    def report(self, tally: Tally) -> str:
        """Seal the error workbook and return its uid; empty when all lines were good."""
        return write_report(
            merchant_id=self.merchant.id,
            tally=tally,
            source=self.source,
            layout=self.layout,
            language=self.task.arguments["language"],
        )

    def result(self, tally: Tally) -> dict[str, Any]:
        """Return the job's result: counts, layout, error workbook."""
        return {
            **tally.result(),
            "layout": self.layout.stored(),
            "numeric_cells": getattr(self.source, "numeric_cells", 0),
            "error_file": self.report(tally),
        }


def open_reading(merchant_id: int, task: Task) -> Reading:
    """Open the file of a job.

    Raises:
        UnknownFile: Its time is over.
        UnknownSku: The SKU is gone.
        BadFile: It cannot be read.
    """
    arguments = task.arguments
    file = files.info(merchant_id=merchant_id, uid=arguments["file"])
    body = files.read(merchant_id=merchant_id, uid=file.uid)
    source = open_source(body, file.name, arguments["separator"])
    purchase = stored_purchase(arguments["purchase"])
    wishes = Wishes(arguments["columns"], arguments["has_header"], arguments["separator"])
    sample = list(islice((row for row in source.rows() if not row.is_blank), SAMPLE_ROWS))
    return Reading(
        merchant=merchants.merchant(merchant_id=merchant_id),
        sku=catalog.sku(merchant_id=merchant_id, uid=arguments["sku"]),
        task=task,
        source=source,
        layout=settle_layout(
            sample, wishes, _earlier(merchant_id, purchase.supplier), source.separator
        ),
        purchase=purchase,
    )


def _earlier(merchant_id: int, supplier: str) -> Layout | None:
    """Return how the last file of this supplier was read."""
    if not supplier:
        return None
    with acting_as(merchant_id):
        raw = (
            Batch.objects.filter(merchant_id=merchant_id, supplier=supplier, source="import")
            .exclude(layout={})
            .order_by("-id")
            .values_list("layout", flat=True)
            .first()
        )
    return stored_layout(raw) if raw else None


def count_chunk(tally: Tally, chunk: Chunk, known: Mapping[bytes, Known]) -> None:
    """Add what a chunk held to the tally; `known` are the cards that the vault had already."""
    duplicates = chunk.sort_out(known)
    tally.lines += len(chunk.entries) + len(chunk.faults)
    tally.good += len(chunk.entries) - len(duplicates)
    tally.blank += chunk.blank
    tally.add_faults(chunk.faults)
    tally.add_faults(duplicates)
