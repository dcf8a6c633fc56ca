"""Structured logs: one JSON object a line, and nothing in it that is a secret."""

import logging
from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

# Whatever is passed under such a name is never written, wherever it comes from.
HIDDEN = ("password", "secret", "token", "authorization", "cookie", "signature", "master_key")


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace the values of fields whose name says that they are secret."""
    for key in event:
        if any(word in key.lower() for word in HIDDEN):
            event[key] = "[hidden]"
    return event


def configure(options: dict[str, Any]) -> None:
    """Set up the logs of this process: JSON lines on standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(str(options.get("level", "INFO")))
    for noisy in ("procrastinate", "httpx", "django.request", "axes", "fontTools"):
        logging.getLogger(noisy).setLevel("WARNING")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
