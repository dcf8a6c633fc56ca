"""What the server's worker processes run: sales on an express lane, all else by the bridge.

A sale is two calls, and many come at once. On the lane they wait in the event loop, where
waiting costs nothing, while a few threads serve them in sets (`shared.gathering`).
"""

import gc
import time
from typing import Any

import structlog
from django.db import OperationalError
from django.http import HttpResponse

from kacang.shared.errors import DomainError
from kacang.web import errors, middleware
from kacang.web.addresses import client_address
from kacang.web.api import problems
from kacang.web.express.bridge import Application, Bridge, Connection, Environ
from kacang.web.express.environ import Scope, environ_of
from kacang.web.express.selling import Route, route_of
from kacang.web.express.threads import DatabaseThreads
from kacang.web.requests import WebRequest

log = structlog.get_logger(__name__)

# Sets that are served at once: of several merchants, and of placing and paying.
SALE_THREADS = 8
PAGE_THREADS = 4
# Objects more than were dropped, and how many such looks lead to a deeper one.
LOOK_FOR_CIRCLES = (20_000, 10, 10)


class PlainRequest(WebRequest):
    """A request with its body and headers, and none of what forms and cookies need."""

    def __init__(self, environ: Environ, body: bytes) -> None:
        # Not Django's own: it makes six dictionaries that nobody here looks into.
        self.META = environ
        self.method = environ["REQUEST_METHOD"]
        self.path = self.path_info = environ["PATH_INFO"]
        self._body = body
        self.request_id = middleware.request_id(self)
        self.client_address = client_address(self)


class Express:
    """The application, as RSGI 1 has it."""

    def __init__(self, pages: Application) -> None:
        self._page_threads = DatabaseThreads(PAGE_THREADS, name="pages")
        self._sale_threads = DatabaseThreads(SALE_THREADS, name="sale")
        self._bridge = Bridge(pages, self._page_threads)

    def __rsgi_init__(self, _: Any) -> None:
        """Begin with the server: what is loaded by now stays, and is not looked through again.

        A sale makes some thousand objects and drops them by their counts. To look for circles
        among them after every seven hundred took a tenth of the processor that Python had.
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(*LOOK_FOR_CIRCLES)

    def __rsgi_del__(self, _: Any) -> None:
        """End with the server."""
        self._page_threads.close()
        self._sale_threads.close()

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        """Answer one request."""
        environ = environ_of(scope)
        route = route_of(environ)
        if route is None:
            await self._bridge.answer(environ, connection)
            return
        started = time.perf_counter()
        body = await connection()
        request = PlainRequest(environ, body)
        answer = await self._sell(route, request)
        if answer is None:
            await self._bridge.answer(environ, connection, body)
            return
        content = answer.content
        headers = [(name.lower(), value) for name, value in answer.headers.items()]
        headers += [
            ("x-request-id", request.request_id),
            ("content-length", str(len(content))),
        ]
        connection.response_bytes(answer.status_code, headers, content)
        middleware.observe(request, route.name, answer.status_code, started)

    async def _sell(self, route: Route, request: PlainRequest) -> HttpResponse | None:
        try:
            return await route.way(request, self._sale_threads)
        except DomainError as error:
            return errors.problem(error, request)
        except OperationalError as error:
            return problems.database_away(request, error)
        except Exception as error:  # noqa: BLE001 - logged, and told as our mistake
            return problems.our_mistake(request, error)
