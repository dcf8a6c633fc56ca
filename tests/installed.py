"""The installation as a real server in this process: it meets companies over HTTP alone."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import override_settings

from kacang.payments import queries
from kacang.payments.companies import outside, registry


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            connection.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments):
        pass


@contextmanager
def installed(*, networks: Sequence[str] = ()) -> Iterator[str]:
    """Yield where it is reached. `networks` may be called beside its own address."""
    server = make_server("127.0.0.1", 0, WSGIHandler(), server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    with override_settings(PUBLIC_URL=url, PRIVATE_NETWORKS_ALLOWED=list(networks)):
        _forget()
        yield url
    server.shutdown()
    server.server_close()
    thread.join()
    _forget()


def _forget() -> None:
    outside.client.cache_clear()
    registry.providers.cache_clear()
    queries.forget_accounts()
