"""Shops and console share no cookie (rule 29)."""

from django.conf import settings
from django.test import Client

from tests.web.console.conftest import work_as


def cookies_of(answer):
    return {name: (one["path"], bool(one["httponly"])) for name, one in answer.cookies.items()}


def test_the_console_sets_its_own_on_its_own_path(merchant):
    first = Client(enforce_csrf_checks=True).get("/console/login/")
    assert cookies_of(first) == {"kc_console_csrf": ("/console", True)}

    client = work_as(merchant)
    client.get("/console/account/")
    saved = client.post("/console/account/", {"name": "Lu", "language": "en"})
    assert set(cookies_of(saved)) <= {
        "kc_console", "kc_console_csrf", "kc_language", "kc_theme",
    }  # fmt: skip
    assert "Saved." in client.get("/console/account/").content.decode()
    paths = {name: one["path"] for name, one in client.cookies.items() if one["path"]}
    assert paths.pop(settings.LANGUAGE_COOKIE_NAME) == "/"
    assert set(paths.values()) == {"/console"}


def test_a_form_of_the_console_needs_the_consoles_token(merchant):
    client = Client(enforce_csrf_checks=True)
    page = client.get("/console/login/")
    form = {"login": "nobody@example.com", "password": "wrong"}
    token = str(page.context["csrf_token"])

    assert client.post("/console/login/", form).status_code == 403
    assert client.post("/console/login/", form | {"csrfmiddlewaretoken": token}).status_code == 200

    # A cookie that a shop's page set opens no form here.
    stranger = Client(enforce_csrf_checks=True)
    stranger.cookies[settings.CSRF_COOKIE_NAME] = client.cookies["kc_console_csrf"].value
    assert (
        stranger.post("/console/login/", form | {"csrfmiddlewaretoken": token}).status_code == 403
    )


def test_the_language_is_switched_without_a_token_and_stays_here():
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer.cookies["kc_language"].value == "en"
    assert not answer["Location"].startswith("http")
