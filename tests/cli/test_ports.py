"""Addresses that cannot be used are said before anything is started (E1)."""

import socket
from collections.abc import Iterator

import pytest

from kacang.cli.errors import CommandProblem
from kacang.cli.ports import answers, refuse_busy


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_one_sentence(taken: int) -> None:
    with pytest.raises(CommandProblem) as caught:
        refuse_busy("127.0.0.1", taken)

    assert str(caught.value) == f"Port {taken} is already in use; choose another with --port."


def test_a_free_port_stays_free(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    refuse_busy("127.0.0.1", free)
    refuse_busy("127.0.0.1", free)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.9"])
def test_an_address_of_another_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(CommandProblem, match=r"(There is no address|The address) "):
        refuse_busy(host, 8123)


def test_nobody_answers_where_nobody_listens(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    assert not answers("127.0.0.1", free, "/readyz")
