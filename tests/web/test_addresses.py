"""Every address of the installation guards itself, and says how (rule 29, STYLE 8)."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from kacang.merchants.permissions import PERMISSIONS
from kacang.web.access import access_of

KNOWN = re.compile(r"public|machine|login|login step|operator|needs:[a-z_.,]*")


def addresses(patterns=None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address with its view."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, path)
        else:
            yield path, one


EVERY = sorted(addresses(), key=lambda pair: pair[0])


def marks(prefix: str) -> dict[str, str]:
    return {path: access_of(one.callback) for path, one in EVERY if path.startswith(prefix)}


def concrete(path: str) -> str:
    """An address that fits a pattern; what it names does not exist."""
    return "/" + re.sub(r"<(int:)?[^>]+>", lambda m: "999999" if m.group(1) else "nothing-1", path)


def test_every_address_says_how_it_is_guarded():
    unmarked = [path for path, one in EVERY if not KNOWN.fullmatch(access_of(one.callback))]
    assert unmarked == []


def test_only_permissions_that_exist_are_demanded():
    for path, mark in marks("console/").items():
        if mark.startswith("needs:"):
            assert set(mark.removeprefix("needs:").split(",")) - {""} <= set(PERMISSIONS), path


def test_what_is_public_in_the_console_is_signing_in_and_out():
    public = [path for path, mark in marks("console/").items() if mark == "public"]
    assert public == ["console/login/", "console/logout/", "console/not-me/<str:token>/"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_console_shows_nothing_to_strangers(method):
    client = Client()
    for path, mark in marks("console/").items():
        if mark == "public":
            continue
        answer = getattr(client, method)(concrete(path))
        assert answer.status_code == 302, path
        assert answer["Location"].startswith("/console/login/"), path


def demanded(mark: str) -> set[str]:
    return set(mark.removeprefix("needs:").split(",")) - {""}
