"""One installation, made and started once, that the tests of `kacang up` use in turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Up, remove, start


@dataclass
class House:
    """One installation that the tests of this file use, end and start again."""

    data: Path
    up: Up | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def running(self) -> Up:
        """Return it ready, started if it is not."""
        if self.up is None or self.up.process.poll() is not None:
            self.up = start(self.data, "--demo")
            self.facts = self.up.ready()
        return self.up

    def stopped(self) -> Path:
        """Return its folder while nothing runs; it has run before."""
        self.running().stop()
        return self.data


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("up") / "data")
    yield made
    if made.up is not None and made.up.process.poll() is None:
        made.up.stop()
    remove(made.data)


@pytest.fixture
def running(house: House) -> Up:
    return house.running()


@pytest.fixture
def data(house: House) -> Path:
    if house.up is not None and house.up.process.poll() is not None:
        return house.data
    return house.stopped()
