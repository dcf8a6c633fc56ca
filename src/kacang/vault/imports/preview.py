"""The first lines of a file as they would be loaded, for people to look at before they do (V2).

Kept as a sealed file: numbers are in it, and of codes their mask.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, queries
from kacang.outbox.files import UnknownFile
from kacang.shared.money import Money
from kacang.vault.imports.importing import PURPOSE
from kacang.vault.imports.loading import Known, mask
from kacang.vault.imports.opening import Chunk, Reading
from kacang.vault.reading.lines import Entry, Fault
from kacang.vault.reading.rows import text_of

GOOD_MAX = 20
BAD_MAX = 100
COLUMNS_MAX = 26


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line. `reason` is empty for a good one; `code` is masked, of a file its name and size."""

    line: int
    place: str
    number: str
    code: str
    expires_at: str
    remark: str
    reason: str
    cost: str = ""


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column: its heading, what its first cell shows (masked), what it is taken for."""

    index: int
    name: str
    example: str
    field: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What a check found, to be shown before the import."""

    lines: tuple[PreviewLine, ...]
    columns: tuple[PreviewColumn, ...]
    separator: str
    has_header: bool
    kind: str
    unit: str
    block_end: str


def import_preview(*, merchant_id: int, work_uid: str) -> ImportPreview:
    """Return the preview of a check that is done.

    Raises:
        UnknownWork: There is no such job.
        UnknownFile: It has none (yet), or its time is over.
    """
    uid = queries.work(merchant_id=merchant_id, uid=work_uid).result.get("preview", "")
    if not uid:
        raise UnknownFile
    raw = json.loads(files.read(merchant_id=merchant_id, uid=uid))
    return ImportPreview(
        lines=tuple(PreviewLine(**line) for line in raw["lines"]),
        columns=tuple(PreviewColumn(**column) for column in raw["columns"]),
        separator=raw["separator"],
        has_header=raw["has_header"],
        kind=raw["kind"],
        unit=raw["unit"],
        block_end=raw["block_end"],
    )


class Preview:
    """Gathers the lines that a preview shows while a file is looked through."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._good: list[PreviewLine] = []
        self._bad: list[PreviewLine] = []

    def add(self, chunk: Chunk, known: Mapping[bytes, Known]) -> None:
        """Take the first good and bad lines of a chunk."""
        duplicates = {fault.line: fault.reason for fault in chunk.sort_out(known)}
        bad: list[tuple[int, Entry | Fault]] = [(fault.line, fault) for fault in chunk.faults]
        for entry in chunk.entries:
            if entry.line in duplicates:
                bad.append((entry.line, entry))
            elif len(self._good) < GOOD_MAX:
                self._good.append(self._line(entry, ""))
        room = BAD_MAX - len(self._bad)
        for _, found in sorted(bad, key=lambda item: item[0])[:room]:
            if isinstance(found, Fault):
                self._bad.append(self._fault(found))
            else:
                self._bad.append(self._line(found, duplicates[found.line]))

    def store(self) -> str:
        """Seal what was gathered and return the file's uid."""
        layout, source = self._reading.layout, self._reading.source
        content: dict[str, Any] = {
            "lines": [
                asdict(line)
                for line in sorted((*self._good, *self._bad), key=lambda line: line.line)
            ],
            "columns": [asdict(column) for column in self._columns()],
            "separator": source.separator,
            "has_header": layout.has_header,
            "kind": source.kind,
            "unit": source.unit,
            "block_end": source.block_end,
        }
        with acting_as(self._reading.merchant.id):
            return files.store(
                merchant_id=self._reading.merchant.id,
                purpose=PURPOSE,
                name="preview.json",
                content=json.dumps(content, ensure_ascii=False).encode(),
            )

    def _line(self, entry: Entry, reason: str) -> PreviewLine:
        number = entry.number or ""
        currency = self._reading.sku.cost.currency
        return PreviewLine(
            line=entry.line,
            place=self._reading.source.place(entry.line, self._reading.layout.columns["secret"]),
            number=mask(number) if number and self._reading.sku.number_is_secret else number,
            code=_shown(entry),
            expires_at=entry.expires_at.isoformat() if entry.expires_at else "",
            remark=entry.remark,
            reason=reason,
            cost="" if entry.cost_minor is None else str(Money(entry.cost_minor, currency)),
        )

    def _fault(self, fault: Fault) -> PreviewLine:
        place = self._reading.source.place(fault.line, max(fault.column, 0))
        return PreviewLine(fault.line, place, "", "", "", "", fault.reason)

    def _columns(self) -> list[PreviewColumn]:
        layout = self._reading.layout
        fields = {at: name for name, at in layout.columns.items()}
        rows = (row for row in self._reading.source.rows() if row.line >= layout.heading_line)
        first = next((row for row in rows if not row.is_blank), None)
        cells = first.cells[:COLUMNS_MAX] if first else ()
        return [
            PreviewColumn(
                index=at,
                name=layout.names[at] if at < len(layout.names) else "",
                # The first line is the heading, or a card: then nothing of it is shown in full.
                example="" if layout.has_header else mask(text_of(cell)),
                field=fields.get(at, ""),
            )
            for at, cell in enumerate(cells)
        ]


def _shown(entry: Entry) -> str:
    if entry.file:
        return f"{entry.file.name} ({max(1, len(entry.file.content) // 1024)} KB)"
    return mask(entry.secret)
