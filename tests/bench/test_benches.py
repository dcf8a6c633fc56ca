"""Every measurement runs, and its figures agree with the rows. Never: how fast."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kacang.embedded import throw_away

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
FIGURES = {"ratio", "per_second", "limit_per_second", "p50_ms", "p99_ms", "errors"}
# Of what has no yardstick but says what was aimed at.
AIMED = {"bench", "errors", "aims"}


@pytest.fixture(scope="module", autouse=True)
def _one_cluster() -> Iterator[None]:
    """Lend all measurements one cluster, for here their figures do not matter."""
    with throw_away() as cluster, pytest.MonkeyPatch.context() as lending:
        lending.setenv("KACANG_BENCH_CLUSTER", str(cluster.places.folder))
        yield


def run(*words: str, expected: set[str] = FIGURES) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", *words, "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert set(figures) >= expected
    assert figures["errors"] == 0
    return figures


@pytest.mark.slow
class TestBenches:
    def test_measures_the_sale_beside_the_limit(self):
        figures = run("bench.sale")

        assert figures["orders"] > 0
        assert figures["limit_per_second"] > 0
        assert figures["checks"]
        assert all(figures["checks"].values())

    def test_measures_what_policies_cost(self):
        figures = run("bench.sale", "--policies")

        assert figures["pairs"] == 1
        assert all(figures["checks"].values())

    def test_measures_the_sale_beside_another_checkout(self):
        figures = run("bench.beside", str(ROOT), expected={"bench", "errors", "ratio"})

        assert figures["ratio"] > 0
        assert figures["this_4"]["per_second"] > 0
        assert figures["other_4"]["cpu_ms"] > 0

    def test_measures_claims_by_size_and_strategy(self):
        figures = run("bench.claim", "--claimed", "300", "--held")

        assert figures["ratio_random"] > 0
        assert figures["ratio_soonest_expiry"] > 0
        assert figures["ratio_held_first_in"] > 0
        assert all(figures["checks"].values())

    def test_measures_imports_and_their_memory(self):
        figures = run("bench.imports")

        assert figures["lines"] == 2000
        assert 0 < figures["web_mb"] < figures["web_mb_limit"]
        assert 0 < figures["worker_mb"] < figures["worker_mb_limit"]
        assert figures["csv_lines"] == 5000
        assert 0 < figures["csv_worker_mb"] < figures["worker_mb_limit"]
        assert figures["ratio_page"] > 0

    def test_measures_the_vault_in_a_cluster_of_its_own(self, monkeypatch):
        monkeypatch.delenv("KACANG_BENCH_CLUSTER")

        figures = run("bench.vault")

        assert figures["ratio"] > 0
        assert figures["ratio_page_stock"] > 0
        assert 0 < figures["worker_mb"] < figures["worker_mb_limit"]

    def test_measures_reconciliation(self):
        figures = run("bench.reconcile")

        assert figures["ratio"] > 0
        assert figures["errors"] == 0
        assert 0 < figures["worker_mb"] < figures["worker_mb_limit"]

    def test_measures_the_list_of_orders_and_the_palette(self):
        figures = run("bench.orders")

        assert figures["ratio"] > 0
        assert figures["ratios"]["counts of the tabs"] > 0
        assert figures["ratios"]["palette: card's number"] > 0
        assert figures["errors"] == 0

    def test_measures_a_list_of_parcels(self):
        figures = run("bench.shipping", expected=AIMED)

        assert figures["sent"] == figures["orders"] == 200
        assert {aim["aimed"] for aim in figures["aims"].values()} == {60.0, 2.0}
        assert figures["desk_idle_p99_ms"] > 0

    def test_measures_an_export_of_orders(self):
        figures = run("bench.exporting", expected=AIMED)

        assert figures["written"] == figures["in_file"] == figures["orders"] == 3_000
        (aim,) = figures["aims"].values()
        assert aim["aimed"] == 150.0
        assert aim["found"] == round(figures["above_idle_megabytes"], 3)

    def test_measures_the_books(self):
        figures = run("bench.books")

        assert figures["ratio_month"] > 0
        assert figures["ratio_old_page"] > 0
