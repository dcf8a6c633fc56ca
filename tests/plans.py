"""Shops with a history, and the plans of what is run in them (rule 16)."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import psycopg
import pytest

from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.orders import statements
from kacang.shared.clock import utc_now
from tests.database import Database


def three_merchants(name: str) -> list[int]:
    """Merchants to fill: one is looked at, the others must not cost it anything."""
    return [
        open_merchant(slug=f"{name}-{n}-{utc_now():%H%M%S%f}", name=name, kind=MerchantKind.DEMO)
        for n in range(3)
    ]


def fill(database: Database, texts: Sequence[str], given: Mapping[str, Any]) -> None:
    """Write a history straight into the tables, and let the planner know of it."""
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        for text in texts:
            owner.execute(text.encode(), given)
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("analyze")


def plan_of(text: statements.Statement | str, parameters: Mapping[str, Any]) -> str:
    """Return the plan of a statement. In the caller's transaction."""
    compiled = statements.statement(text) if isinstance(text, str) else text
    asked = statements.Statement(b"explain (costs off) " + compiled.text, compiled.names)
    return "\n".join(row[0] for row in statements.rows(asked, dict(parameters)))


def explained(
    monkeypatch: pytest.MonkeyPatch, *modules: ModuleType, runs: bool = True
) -> list[str]:
    """Have what modules run explained, each plan in order, and run it, unless it shall not be."""
    plans: list[str] = []
    real: Callable[..., Any] = statements.rows

    def explain(text: statements.Statement | str, parameters: Mapping[str, Any]) -> Any:
        plans.append(plan_of(text, parameters))
        return real(text, parameters) if runs else []

    for module in modules:
        monkeypatch.setattr(module, "rows", explain)
    return plans


def scanned(plan: str) -> list[str]:
    """Return the tables that a plan reads whole."""
    return re.findall(r"Seq Scan on (\w+)", plan)
