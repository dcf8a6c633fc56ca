"""Old workbooks (.xls) by hand: a stream of records in a small file system."""

import struct
from collections.abc import Sequence

SECTOR = 512
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHLL", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def texts(values: Sequence[str], *, wide: bool = True) -> bytes:
    """The shared texts, cut into records in the middle of a text, as Excel does."""
    head = struct.pack("<LL", len(values), len(values))
    records, held, kind = [], head, 0x00FC
    for value in values:
        raw = value.encode("utf-16-le" if wide else "latin-1")
        step = 2 if wide else 1
        held += struct.pack("<HB", len(raw) // step, int(wide))
        while raw:
            room = (200 - len(held)) // step * step
            if room <= 0:
                records.append(record(kind, held))
                held, kind = bytes([int(wide)]), 0x003C
                continue
            held += raw[:room]
            raw = raw[room:]
        if len(held) > 150:
            records.append(record(kind, held))
            held, kind = b"", 0x003C
    return b"".join(records) + (record(kind, held) if held or not records else b"")


def text_cell(row: int, column: int, index: int) -> bytes:
    return record(0x00FD, struct.pack("<HHHL", row, column, 0, index))


def number_cell(row: int, column: int, value: float) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def formula_cell(row: int, column: int) -> bytes:
    return record(0x0006, struct.pack("<HHHdHLH", row, column, 0, 2.0, 0, 0, 0))


def workbook(cells: bytes, shared: bytes = b"", before: bytes = b"") -> bytes:
    """A workbook with one sheet of these cells."""
    name = b"S"
    sheet = _begin(0x0010) + cells + record(0x000A)
    tail = shared + record(0x000A)
    head = _begin(0x0005) + before
    start = len(head) + 4 + 8 + len(name) + len(tail)
    place = record(0x0085, struct.pack("<LHBB", start, 0, len(name), 0) + name)
    return container("Workbook", head + place + tail + sheet)


def container(name: str, stream: bytes) -> bytes:
    """The small file system: header, table of sectors, directory, one stream."""
    stream = stream.ljust(max(len(stream), 4096), b"\0")
    sectors = -(-len(stream) // SECTOR)
    tables = 1
    while tables * 128 < sectors + 1 + tables:
        tables += 1
    chain = [_TABLE] * tables + [_END]
    first = tables + 1
    chain += [*range(first + 1, first + sectors), _END]
    chain += [_FREE] * (tables * 128 - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<LLLLLLLLL", 0, tables, tables, 0, 4096, _END, 0, _END, 0)
    header += b"".join(struct.pack("<L", at if at < tables else _FREE) for at in range(109))
    directory = _entry("Root Entry", 5, _END, 0, child=1) + _entry(name, 2, first, len(stream))
    return (
        header
        + b"".join(struct.pack("<L", link) for link in chain)
        + directory.ljust(SECTOR, b"\0")
        + stream.ljust(sectors * SECTOR, b"\0")
    )


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBBLLL", len(raw), kind, 1, _FREE, _FREE, child)
        + bytes(36)
        + struct.pack("<LLL", start, size, 0)
    )
