"""Whatever the document allows, and much that it does not, sent to a real server (schemathesis)."""

import json
import subprocess
import sys
from typing import Any

import pytest

from kacang.web.api.urls import DOCUMENT
from tests.web.api.serving import served

SEED = "20261123"
EXAMPLES = "25"
SECONDS = 240
# Checks take these for what they should be: limits, stock and state are not in the form.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "413", "415", "422", "429"]
[checks.missing_required_header]
expected-statuses = ["401", "403", "422"]
"""


@pytest.mark.slow
def test_schemathesis_finds_nothing(database, shop, tmp_path):
    number = shop.sell(2)
    waiting = shop.place().json["number"]
    job = shop.api.post("/cards/generate", {"sku_id": shop.sku, "count": 1}).json["id"]
    product = shop.api.get("/products").json["items"][0]["id"]
    config = tmp_path / "schemathesis.toml"
    with served(database, tmp_path) as address:
        document = json.loads(json.dumps(DOCUMENT))
        # What exists, so that more is tried than what does not.
        name_examples(document, {"number": [number, waiting], "job_id": [job],
                                 "product_id": [product]}, shop.sku)  # fmt: skip
        written = tmp_path / "openapi.json"
        written.write_text(json.dumps(document))
        config.write_text(CONFIG)

        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
                *("run", str(written), "--url", address),
                *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
                *("--seed", SEED, "--max-examples", EXAMPLES, "--continue-on-failure"),
                *("--generation-database", "none", "--suppress-health-check", "all"),
                *("--header", f"Authorization: Bearer {shop.api.key}", "--warnings", "off"),
                *("--request-timeout", "20", "--workers", "1", "--no-color"),
            ],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=tmp_path,
            check=False,
        )

    assert done.returncode == 0, f"{done.stdout[-12000:]}\n{done.stderr[-2000:]}"
    assert '"api.failed"' not in (tmp_path / "web.log").read_text()


def name_examples(document: dict[str, Any], paths: dict[str, list[str]], sku: str) -> None:
    """Put ids that exist into the document as examples."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if found := paths.get(parameter["name"]):
                    parameter["examples"] = {
                        f"e{at}": {"value": value} for at, value in enumerate(found)
                    }
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("In") and "sku_id" in schema["properties"]:
            schema["properties"]["sku_id"]["examples"] = [sku]
