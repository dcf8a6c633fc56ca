"""Which risk services there are: entry points (J4)."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

import structlog

from kacang.risk.ports import PORT_VERSION, RiskCheck

GROUP = "kacang.risk_checks"
log = structlog.get_logger()


@cache
def checks() -> tuple[RiskCheck, ...]:
    """Return every service that is installed; each is built once per process."""
    built = (_build(entry) for entry in entry_points(group=GROUP))
    return tuple(made for made in built if made is not None)


def _build(entry: EntryPoint) -> RiskCheck | None:
    try:
        made: RiskCheck = entry.load()()
    except Exception:
        # A broken package of somebody else must not stop sales.
        log.exception("risk_check_broken", entry_point=entry.value)
        return None
    if made.port_version != PORT_VERSION:
        log.error("risk_check_outdated", entry_point=entry.value, port=made.port_version)
        return None
    return made
