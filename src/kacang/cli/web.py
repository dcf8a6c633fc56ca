"""The web server: granian, with worker processes that come back when they die (rule 32)."""

import json
import logging
import os
import tempfile
from datetime import UTC, datetime
from typing import Any

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

_KILL_SECONDS = 20


class JsonLines(logging.Formatter):
    """The server's own messages in the form of all our logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line: dict[str, Any] = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": at,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {"_granian": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
}


def serve(*, host: str, port: int, workers: int) -> None:
    """Answer requests until SIGTERM; those in flight are answered to the end."""
    server = Server(
        target="kacang.cli.serving:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        # A third of what Python did for a sale was the loop of the standard library.
        loop=Loops.uvloop,
        workers=workers,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=_KILL_SECONDS,
        websockets=False,
        log_level=LogLevels.info,
        log_dictconfig=LOGGING,
    )
    with tempfile.TemporaryDirectory(prefix="kacang-metrics-") as folder:
        # Through this folder the figures of all worker processes add up.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        server.serve()
