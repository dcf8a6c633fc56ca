"""What processes use, read from /proc: processor time and memory, of a process and its children."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")
# Fields of /proc/PID/stat behind the name in brackets.
_PARENT, _USER, _SYSTEM = 1, 11, 12


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = dict(_parents())
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def processor_seconds(pid: int) -> float:
    """Return what a process and its living children have used until now."""
    return sum(_used(one) for one in family(pid))


def resident_megabytes(pid: int) -> list[float]:
    """Return the memory of a process and of each child."""
    return [size for size in (_resident(one) for one in family(pid)) if size]


class MemoryWatch:
    """Notes the largest memory of single processes while the block lasts."""

    def __init__(self, pids: dict[str, int], *, seconds: float = 0.2) -> None:
        self.largest: dict[str, float] = dict.fromkeys(pids, 0.0)
        self._pids = pids
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        # However short the block was, there is a figure.
        self._look()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            self._look()

    def _look(self) -> None:
        for name, pid in self._pids.items():
            size = max(resident_megabytes(pid), default=0.0)
            self.largest[name] = max(self.largest[name], size)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            yield int(entry.name), int(fields[_PARENT])


def _used(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS if fields else 0.0


def _resident(pid: int) -> float:
    try:
        pages = (_PROC / str(pid) / "statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0.0
    return int(pages) * _PAGE / 2**20


def _stat(pid: int) -> list[str]:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()
