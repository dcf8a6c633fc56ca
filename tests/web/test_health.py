"""Health and figures: told to all in short, in full to the operator alone (E2, rule 29)."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from kacang.payments import operations as payments
from tests import make

ELSEWHERE: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.5"}


@pytest.fixture
def token(monkeypatch) -> str:
    monkeypatch.setattr(settings, "METRICS_TOKEN", "operators-own-token")
    return "operators-own-token"


class TestHealth:
    def test_says_that_it_lives(self):
        assert Client().get("/healthz").content == b"ok\n"

    def test_is_ready_with_database_and_migrations(self):
        answer = Client().get("/readyz")

        assert answer.status_code == 200
        assert answer.json()["checks"]["database"] is True
        assert answer.json()["checks"]["migrations"] is True
        assert answer.json()["checks"]["jobs"]["workers"] == 0
        assert answer.json()["checks"]["jobs"]["well"] is False

    def test_tells_strangers_only_that_it_is_ready(self):
        assert Client().get("/readyz", **ELSEWHERE).json() == {"ready": True}

    def test_tells_more_for_the_token_wherever_it_comes_from(self, token):
        head: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {token}"}

        assert "checks" in Client().get("/readyz", **ELSEWHERE, **head).json()
        assert Client().get("/readyz").json() == {"ready": True}


class TestMetrics:
    def figures(self) -> dict[str, float]:
        answer = Client().get("/metrics")
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {
            sample.name + str(sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def test_is_closed_to_strangers(self, token):
        assert Client().get("/metrics", **ELSEWHERE).status_code == 403
        assert Client().get("/metrics").status_code == 403
        wrong: dict[str, Any] = {"HTTP_AUTHORIZATION": "Bearer guess"}
        assert Client().get("/metrics", **wrong).status_code == 403

    def test_opens_to_the_token(self, token):
        head: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {token}"}

        assert Client().get("/metrics", **ELSEWHERE, **head).status_code == 200

    def test_counts_forged_notices(self, merchant):
        account = make.account(merchant)
        before = self.figures()["kacang_notices_forged_total[]"]

        payments.count_forgery(account=account)

        assert self.figures()["kacang_notices_forged_total[]"] == before + 1

    def test_names_no_path_and_no_id(self, merchant):
        Client().get("/api/v1/orders/202601010000000000?secret=hunter2")
        text = Client().get("/metrics").content.decode()

        assert 'route="api/v1/orders/<number>"' in text
        assert "202601010000000000" not in text
        assert "hunter2" not in text
        assert "kacang_database_up 1.0" in text
        assert 'kacang_jobs{queue="bulk",status="todo"}' in text or "kacang_jobs" in text
