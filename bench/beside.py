"""How fast this checkout sells beside another one: both stand at the same time and take turns.

One machine's cores may be a third slower a minute later. So each sells for some seconds, then the
other, first the one and first the other in turn, and each pair is compared for itself. The other
checkout is a folder that holds a commit, with an environment of its own (`./kacang version` makes
it), or it uses this one's.

    python -m bench.beside FOLDER [--json] [--quick] [--rounds N] [--seconds N]
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import report
from bench.installation import LENT, ROOT

SELLER = ROOT / "bench" / "seller.py"
KEPT = ("PATH", "HOME", "LANG", LENT)


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 12
    seconds: float = 5
    cards: int = 250_000
    connections: tuple[int, ...] = (16, 32)


QUICK = Size(rounds=1, seconds=1, cards=4_000, connections=(4,))


class Seller:
    """An installation of one checkout, in a process of its own; made, it is ready to sell."""

    def __init__(self, folder: Path, cards: int) -> None:
        own = folder / ".venv" / "bin" / "python"
        self._process = subprocess.Popen(
            [str(own) if own.exists() else sys.executable, "-P", str(SELLER), str(cards)],
            cwd=folder,
            env={
                **{name: os.environ[name] for name in KEPT if name in os.environ},
                "PYTHONPATH": f"{folder / 'src'}:{folder}",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self._answer()

    def sell(self, connections: int, seconds: float) -> dict[str, Any]:
        """Settle down, then sell for some seconds."""
        self._say("settle")
        self._answer()
        self._say(f"{connections} {seconds}")
        found: dict[str, Any] = json.loads(self._answer())
        return found

    def end(self) -> None:
        """Stop it and what it started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(("ready", "settled", "{")):
                return line
        raise RuntimeError("a checkout could not sell; what it said stands above")


def main(words: list[str] | None = None) -> int:
    """Measure and print; 0 when neither had an error."""
    parser = argparse.ArgumentParser(prog="beside", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    asked = parser.parse_args(words)
    size = QUICK if asked.quick else Size()
    rounds, seconds = asked.rounds or size.rounds, asked.seconds or size.seconds
    ours = Seller(ROOT, size.cards)
    theirs = Seller(asked.folder.resolve(), size.cards)
    both = (ours, theirs)
    try:
        turns = {
            connections: _turns(both, rounds, connections, seconds)
            for connections in size.connections
        }
    finally:
        for one in both:
            one.end()
    return _tell(turns, as_json=asked.json)


def _turns(
    both: tuple[Seller, Seller], rounds: int, connections: int, seconds: float
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Let both sell in each round, each of them first in every other one."""
    ours, theirs = both
    pairs = []
    for number in range(rounds):
        report.say(f"round {number + 1} of {rounds}, {connections} connections")
        if number % 2:
            first = ours.sell(connections, seconds)
            pairs.append((first, theirs.sell(connections, seconds)))
        else:
            other = theirs.sell(connections, seconds)
            pairs.append((ours.sell(connections, seconds), other))
    return pairs


def _tell(turns: dict[int, list[tuple[dict[str, Any], dict[str, Any]]]], *, as_json: bool) -> int:
    lines: list[list[object]] = []
    figures: dict[str, Any] = {"bench": "beside", "errors": 0.0}
    for connections, pairs in turns.items():
        shares = [ours["per_second"] / theirs["per_second"] for ours, theirs in pairs]
        least, middle, most = report.spread(shares)
        figures[f"ratio_{connections}"] = middle
        figures["errors"] += sum(one["errors"] for pair in pairs for one in pair)
        for at, name in enumerate(("this", "other")):
            some = [pair[at] for pair in pairs]
            values = {key: median(one[key] for one in some) for key in some[0]}
            figures[f"{name}_{connections}"] = values
            lines.append(
                [
                    f"{name}, {connections} connections", values["per_second"], values["p99_ms"],
                    values["cpu_ms"], f"{middle:.3f} ({least:.2f} - {most:.2f})" if not at else "",
                ]
            )  # fmt: skip
    figures["ratio"] = min(figures[f"ratio_{one}"] for one in turns)
    report.table(
        "Sale beside another checkout, medians",
        ["", "orders/s", "p99 ms", "cpu ms per order", "times the other"],
        lines,
    )
    return report.finish(figures, as_json=as_json, good=not figures["errors"])


if __name__ == "__main__":
    sys.exit(main())
