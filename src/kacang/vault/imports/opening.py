"""A file that a job has opened: its cards and faults, chunk by chunk (V2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.merchants import queries as merchants
from kacang.merchants.keys import cipher_for
from kacang.merchants.queries import MerchantInfo
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.outbox.work import Task
from kacang.shared.ahead import one_ahead
from kacang.shared.ciphers import MerchantCipher
from kacang.shared.clock import utc_now
from kacang.vault.imports.intake import Purchase, stored_purchase
from kacang.vault.imports.loading import CHUNK, SOLD, Known, SealedRows, prints_of, seal_rows
from kacang.vault.imports.report import Tally, write_report
from kacang.vault.imports.seen import Seen
from kacang.vault.models import Batch
from kacang.vault.reading.layouts import (
    Layout,
    Wishes,
    settle_layout,
    stored_layout,
    stored_wishes,
)
from kacang.vault.reading.lines import Entry, Fault, Ground, LineReader
from kacang.vault.reading.rows import BadFile, Row, Source
from kacang.vault.reading.sources import is_text, open_source
from kacang.vault.reading.texts import WHOLE_LINE

SAMPLE_ROWS = 200


@dataclass(slots=True)
class Chunk:
    """Some lines of a file: cards with their fingerprints, and what is wrong with the others."""

    entries: list[Entry] = field(default_factory=list)
    prints: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    blank: int = 0
    last_line: int = 0
    secret_column: int = 0
    sealed: SealedRows | None = None

    def sort_out(self, known: Mapping[bytes, Known]) -> list[Fault]:
        """Return the faults of those cards that the vault had already."""
        return [
            Fault(
                entry.line,
                self.secret_column,
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

    def chunks(self, *, to_load: bool = False) -> Iterator[Chunk]:
        """Read the file. What stands twice in it is a card once and a fault from then on.

        Each chunk is made while the one before it is being used; sealed too, when it is `to_load`.
        """
        return one_ahead(self._chunks(cipher_for(self.merchant.id), to_load=to_load))

    def _chunks(self, cipher: MerchantCipher, *, to_load: bool) -> Iterator[Chunk]:
        seen = Seen()
        column = self.layout.columns["secret"]
        rows = iter(self._rows())
        while True:
            taken = list(islice(rows, min(CHUNK, self.source.rows_at_once)))
            if not taken:
                return
            chunk = self._sorted(taken)
            del taken
            prints = prints_of(cipher, chunk.entries)
            fresh: list[Entry] = []
            for entry, key in zip(chunk.entries, prints, strict=True):
                if seen.add(key):
                    fresh.append(entry)
                    chunk.prints.append(key)
                else:
                    chunk.faults.append(Fault(entry.line, column, "duplicate_in_file"))
            chunk.entries = fresh
            if to_load:
                chunk.sealed = seal_rows(cipher, self.sku, fresh, chunk.prints)
            yield chunk

    def _rows(self) -> Iterator[Row]:
        rows = self.source.rows()
        if self.layout.has_header:
            # What stands above the heading is no card; blank lines there count as such.
            for row in rows:
                if row.line >= self.layout.heading_line:
                    break
                if row.is_blank:
                    yield row
        yield from rows

    def _sorted(self, rows: list[Row]) -> Chunk:
        ground = Ground(
            now=utc_now(),
            time_zone=self.merchant.time_zone,
            currency=self.sku.cost.currency,
            valid_until=self.purchase.valid_until,
        )
        reader = LineReader(self.layout, ground)
        chunk = Chunk(last_line=rows[-1].line, secret_column=self.layout.columns["secret"])
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
    purchase = stored_purchase(arguments["purchase"])
    wishes = stored_wishes(arguments)
    earlier = _earlier(merchant_id, purchase.supplier)
    source, sample = _opened(body, file.name, wishes, earlier)
    return Reading(
        merchant=merchants.merchant(merchant_id=merchant_id),
        sku=catalog.sku(merchant_id=merchant_id, uid=arguments["sku"]),
        task=task,
        source=source,
        layout=settle_layout(sample, wishes, earlier, source),
        purchase=purchase,
    )


def _opened(
    body: bytes, name: str, wishes: Wishes, earlier: Layout | None
) -> tuple[Source, list[Row]]:
    """Open a file as somebody said, else as the last one of its supplier where that fits."""
    if earlier and is_text(body) and not (wishes.separator or wishes.unit):
        found = _opened_as_before(body, name, earlier)
        if found:
            return found
    source = open_source(body, name, wishes.separator, unit=wishes.unit, block_end=wishes.block_end)
    return source, _sample(source)


def _opened_as_before(body: bytes, name: str, earlier: Layout) -> tuple[Source, list[Row]] | None:
    is_plain = earlier.unit == "line" and earlier.separator in ("", WHOLE_LINE)
    if is_plain or earlier.unit == "file":
        return None
    try:
        source = open_source(
            body, name, earlier.separator, unit=earlier.unit, block_end=earlier.block_end
        )
    except BadFile:
        return None
    sample = _sample(source)
    least = 1 if earlier.unit == "line" else 2
    needed = max(earlier.columns.values())
    fits = (
        len(sample) >= least
        and (source.separator, source.unit) == (earlier.separator, earlier.unit)
        and all(len(row.cells) > needed for row in sample)
    )
    return (source, sample) if fits else None


def _sample(source: Source) -> list[Row]:
    return list(islice((row for row in source.rows() if not row.is_blank), SAMPLE_ROWS))


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
