"""Asking risk services: all at once, and no longer than a buyer can wait."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from ipaddress import ip_address

import structlog

from kacang.risk import registry
from kacang.risk.ports import Attempt, Decision, RiskCheck, Verdict

SECONDS = 1.0
# Services that hang keep their threads: the rest of the shop never waits for one.
THREADS = 16
log = structlog.get_logger()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="risk")


def consult(attempt: Attempt, seconds: float) -> Verdict:
    """Return the strictest opinion of the services that answer in time."""
    checks = registry.checks()
    if not checks:
        return Verdict(Decision.ALLOW)
    asked = [(check, _threads().submit(check.check, attempt)) for check in checks]
    wait([future for _, future in asked], timeout=seconds)
    return strictest([_opinion(check, future) for check, future in asked])


def strictest(verdicts: Sequence[Verdict]) -> Verdict:
    """Join opinions: the strictest decision, and the reasons of those who made it."""
    decision = max((verdict.decision for verdict in verdicts), default=Decision.ALLOW)
    agreeing = [verdict for verdict in verdicts if verdict.decision == decision]
    return Verdict(decision, tuple(reason for verdict in agreeing for reason in verdict.reasons))


def _opinion(check: RiskCheck, future: "Future[Verdict]") -> Verdict:
    if not future.done():
        future.cancel()
        log.warning("risk_check_late", check=check.name)
        return Verdict(Decision.ALLOW)
    error = future.exception()
    if error is not None:
        log.warning("risk_check_failed", check=check.name, error=type(error).__name__)
        return Verdict(Decision.ALLOW)
    return future.result()


def normal_address(text: str) -> str:
    """Return an address as requests carry it; what is not one stays as it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return text[:254]
    return str(getattr(address, "ipv4_mapped", None) or address)
