"""The one application that the HTTP server runs: pages with everything, machines with little.

API calls and callbacks carry no cookies and show no pages, so they skip the chain that pages
need: it costs more than a sale does.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.utils.module_loading import import_string

MACHINE_PREFIXES = ("/api/", "/callbacks/", "/healthz", "/readyz", "/metrics")


class MachineHandler(WSGIHandler):
    """Django's handler with `settings.MACHINE_MIDDLEWARE` in place of the pages' chain."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's
        """Build the short chain."""
        assert not is_async
        super().load_middleware(is_async=False)
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answer: Any = self._get_response  # type: ignore[attr-defined]  # missing in the stubs
        handler = convert_exception_to_response(answer)
        for path in reversed(settings.MACHINE_MIDDLEWARE):
            instance = import_string(path)(handler)
            if hasattr(instance, "process_exception"):
                self._exception_middleware.append(instance.process_exception)
            handler = convert_exception_to_response(instance)
        self._middleware_chain = handler


class Application:
    """Sends each request down the chain of its face."""

    def __init__(self) -> None:
        self.pages = WSGIHandler()
        self.machines = MachineHandler()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        path = environ.get("PATH_INFO", "")
        handler = self.machines if path.startswith(MACHINE_PREFIXES) else self.pages
        return handler(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kacang.settings")
django.setup(set_prefix=False)
application = Application()
