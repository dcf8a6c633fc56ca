"""People at work in a merchant's console."""

import secrets
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import User
from kacang.merchants.operations import add_staff

Work = Callable[..., Client]


def work_as(merchant_id: int, role: str = "owner", language: str = "en") -> Client:
    """A browser in which somebody of this role is signed in."""
    email = f"{role.lower()}-{secrets.token_hex(4)}@example.com"
    add_staff(merchant_id=merchant_id, email=email, name="陆晓雨", role=role, actor=SYSTEM)
    client = Client()
    client.force_login(
        User.objects.get(email=email), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


@pytest.fixture
def work(merchant) -> Work:
    """Sign somebody in: `work("stock_keeper")`."""

    def signed_in(role: str = "owner", language: str = "en") -> Client:
        return work_as(merchant, role, language)

    return signed_in


@pytest.fixture
def owner(work: Work) -> Client:
    return work()


@pytest.fixture(scope="session", autouse=True)
def plain_files(tmp_path_factory):
    """Static files by their plain names: tests collect none."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
