"""One place of status codes; who asks from where; two chains of one application."""

import io
import json
import pkgutil
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory, override_settings
from django.utils import translation

import kacang
from kacang.shared.errors import (
    Conflict,
    DomainError,
    Invalid,
    NotFound,
    Refused,
    TooMany,
    Unavailable,
)
from kacang.web import errors
from kacang.web.addresses import client_address
from kacang.web.error_texts import TEXTS
from tests.web.console.conftest import work_as


class SoldOutHere(Conflict):
    code = "test.sold_out"


class TooFastHere(TooMany):
    code = "test.too_fast"


def ask(path="/", **meta):
    request: Any = RequestFactory().get(path, **meta)
    request.user = AnonymousUser()
    request.request_id = "req_1"
    request.htmx = False
    return request


@pytest.fixture(scope="module")
def every_room():
    """Load all modules: each names its errors."""
    for module in pkgutil.walk_packages(kacang.__path__, "kacang."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            import_module(module.name)


class TestStatus:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [(NotFound, 404), (Refused, 403), (Invalid, 422), (Conflict, 409), (TooMany, 429),
         (Unavailable, 503)],
    )  # fmt: skip
    def test_belongs_to_the_kind(self, kind, status):
        made = type("Made", (kind,), {"code": f"test.{kind.__name__}.{status}"})
        assert errors.status_of(made()) == status

    def test_every_code_has_a_status_and_words_in_both_languages(self, every_room):
        for code, kind in DomainError.by_code.items():
            if code.startswith("test."):
                continue
            assert errors.status_of(kind()) != 500, code
            assert code in TEXTS, code

    def test_never_shows_the_name_of_a_value_that_was_not_given(self, every_room):
        shown = {code: errors.text_of(kind()) for code, kind in DomainError.by_code.items()}
        assert {code: words for code, words in shown.items() if "{" in words} == {}

    def test_no_words_for_codes_that_are_gone(self, every_room):
        assert set(TEXTS) - set(DomainError.by_code) == set()


class TestRespond:
    def test_gives_machines_a_problem_document_in_english(self):
        with translation.override("zh-hans"):
            answer = errors.respond(ask("/api/v1/orders"), SoldOutHere(left=3))
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert json.loads(answer.content) == {
            "type": "urn:kacang:error:test.sold_out",
            "title": "Not possible now",
            "status": 409,
            "code": "test.sold_out",
            "detail": "Not possible now",
            "values": {"left": 3},
            "request_id": "req_1",
        }

    def test_gives_people_a_page_in_their_language(self):
        with translation.override("zh-hans"):
            answer = errors.respond(ask("/console/x/"), SoldOutHere())
        assert answer.status_code == 409
        assert "req_1" in answer.content.decode()

    def test_gives_htmx_a_fragment_and_a_toast(self):
        request = ask("/console/x/")
        request.htmx = True
        answer = errors.respond(request, SoldOutHere())
        assert answer.status_code == 409
        assert b"<html" not in answer.content
        assert "toast" in json.loads(answer["HX-Trigger"])

    def test_says_when_to_come_again(self):
        answer = errors.respond(ask("/api/v1/orders"), TooFastHere(retry_seconds=17))
        assert (answer.status_code, answer["Retry-After"]) == (429, "17")

    def test_writes_what_a_caller_sent_as_text(self):
        class Echo(Invalid):
            code = "test.echo"

        with translation.override("en"):
            answer = errors.page(ask("/"), 400, "<script>alert(1)</script>")
        assert b"<script>alert" not in answer.content
        assert errors.text_of(Echo(name="{0.__class__}"))


class TestClientAddress:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "seen"),
        [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # not our proxy: not believed
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what the client wrote itself
            ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),  # two of ours in a row
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "not an address", "10.0.0.1"),
            ("::ffff:203.0.113.9", "", "203.0.113.9"),
            ("", "198.51.100.1", ""),
        ],
    )
    def test_believes_configured_proxies_only(self, peer, forwarded, seen):
        request: Any = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
        with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
            assert client_address(request) == seen

    def test_believes_nobody_when_none_is_configured(self):
        request: Any = RequestFactory().get(
            "/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1"
        )
        assert client_address(request) == "127.0.0.1"


def call(path, **environ):
    """Ask the whole application, as a server does."""
    told: dict[str, Any] = {}
    given = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "x",
        "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), **environ,
    }  # fmt: skip

    def start(status, headers):
        told.update(status=int(status[:3]), headers=dict(headers))

    body = b"".join(import_module("kacang.wsgi").application(given, start))
    return told["status"], told["headers"], body


class TestTwoChains:
    def test_machines_get_no_cookies_and_pages_a_policy(self):
        status, headers, body = call("/healthz")
        assert (status, body) == (200, b"ok\n")
        assert "Content-Security-Policy" not in headers
        assert headers["X-Request-Id"].startswith("req_")
        status, headers, _ = call("/console/login/")
        assert status == 200
        assert "'unsafe-inline'" not in headers["Content-Security-Policy"]

    def test_unknown_paths_of_machines_are_problems(self):
        status, headers, body = call("/api/nothing")
        assert (status, headers["Content-Type"]) == (404, "application/problem+json")
        assert json.loads(body)["code"] == "request.no_such_path"

    def test_readyz_tells_strangers_nothing_but_yes(self):
        assert json.loads(call("/readyz", REMOTE_ADDR="198.51.100.1")[2]) == {"ready": True}
        assert "checks" in json.loads(call("/readyz")[2])

    def test_metrics_are_for_the_operator(self):
        assert call("/metrics", REMOTE_ADDR="198.51.100.1")[0] == 403
        assert call("/metrics")[0] == 200
        with override_settings(METRICS_TOKEN="right"):
            assert call("/metrics")[0] == 403
            assert call("/metrics", HTTP_AUTHORIZATION="Bearer wrong")[0] == 403
            assert call("/metrics", HTTP_AUTHORIZATION="Bearer right")[0] == 200

    def test_console_can_be_bound_to_one_host(self):
        with override_settings(CONSOLE_HOST="desk.example.com"):
            assert call("/console/login/", HTTP_HOST="shop.example.com")[0] == 404
            assert call("/console/login/", HTTP_HOST="desk.example.com")[0] == 200


def test_an_address_that_only_takes_forms_says_so_to_whoever_opens_it(merchant):
    client = work_as(merchant, "owner")

    answer = client.get("/console/blacklist/new/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "这个地址不能直接打开" in answer.content.decode()
    assert 'href="/console/"' in answer.content.decode()
