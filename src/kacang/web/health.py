"""Whether the installation lives and can work, and its figures for Prometheus (E2)."""

import hmac
import os
from dataclasses import asdict

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)

from kacang.merchants.master import master_state
from kacang.web.access import machine, public
from kacang.web.addresses import client_address
from kacang.web.metrics import jobs_health, with_database

OWN_ADDRESSES = frozenset({"127.0.0.1", "::1"})

_DATABASE = with_database(CollectorRegistry())
_migrated = False


@public
def healthz(_: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether this process can do its work. Only the operator is told what is wrong.

    That nobody works off jobs is told, but does not make the shop unready: it can still sell.
    """
    checks: dict[str, object] = {"database": _database_answers(), "migrations": False}
    if checks["database"]:
        checks["migrations"] = _is_migrated()
    ready = all(checks.values())
    body: dict[str, object] = {"ready": ready}
    if _is_operator(request):
        if ready:
            health = jobs_health()
            checks["jobs"] = {"well": health.is_well, **asdict(health)}
        checks["master_key"] = asdict(master_state())
        body["checks"] = checks
    return JsonResponse(body, status=200 if ready else 503)


@machine
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the figures, to the operator's token or from this machine (rule 29)."""
    if not _is_operator(request):
        return HttpResponseForbidden("forbidden\n", content_type="text/plain")
    text = generate_latest(_processes()) + generate_latest(_DATABASE)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _processes() -> CollectorRegistry:
    # The library's own variable: with it, all worker processes add up in one folder.
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _is_operator(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    return client_address(request) in OWN_ADDRESSES


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return False
    return True


def _is_migrated() -> bool:
    global _migrated  # noqa: PLW0603 - once true it stays so for the life of the process
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
