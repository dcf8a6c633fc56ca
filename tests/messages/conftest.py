"""A real SMTP server that keeps what it is given, and misbehaves on order."""

import socket
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from django.test import override_settings

from kacang.messages import outside
from simulators.webhook_receiver import Receiver


class Postbox:
    """aiosmtpd's handler. `refusal` is what it answers instead of taking a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusal = ""
        self.recipient_refusal = ""
        self.seconds = 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.recipient_refusal:
            return self.recipient_refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        time.sleep(self.seconds)  # noqa: ASYNC251 - a server that hangs
        if self.refusal:
            return self.refusal
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=_free_port())
    controller.start()
    with override_settings(
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=controller.port,
        EMAIL_USE_TLS=False,
        EMAIL_TIMEOUT=2,
        DEFAULT_FROM_EMAIL="shop@kacang.example",
    ):
        yield box
    controller.stop()


@pytest.fixture
def silent_server() -> Iterator[None]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(listening.accept()[0]), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        with override_settings(
            EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False, EMAIL_TIMEOUT=0.3
        ):
            yield
        thread.join(timeout=2)
        for one in held:
            one.close()


@pytest.fixture
def own_network() -> Iterator[None]:
    """The operator allows this machine's own network, as for systems in the same rack."""
    outside.client.cache_clear()
    with override_settings(PRIVATE_NETWORKS_ALLOWED=["127.0.0.0/8"]):
        yield
    outside.client.cache_clear()


@pytest.fixture
def receiver(own_network) -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
