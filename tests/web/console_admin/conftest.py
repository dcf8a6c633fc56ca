"""People at work in a merchant's console, signed in by the form as anybody would."""

import secrets
from dataclasses import dataclass

import pytest
from django.test import Client

from kacang.merchants import queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff

PASSWORD = "only-for-tests-7Q4"


@dataclass
class Worker:
    """Somebody, with a browser."""

    email: str
    user_id: int
    uid: str
    client: Client

    def sign_in(self, password: str = PASSWORD, **extra):
        return self.client.post(
            "/console/login/", {"login": self.email, "password": password}, **extra
        )


@pytest.fixture
def hire(merchant):
    """Let somebody work for the merchant: `hire("sales")`; signed in unless told otherwise."""

    def make(role: str = "owner", *, signed_in: bool = True, of: int | None = None) -> Worker:
        email = f"{role}-{secrets.token_hex(5)}@example.com"
        invited = add_staff(
            merchant_id=of or merchant, email=email, name="陆晓雨", role=role, actor=SYSTEM,
            password=PASSWORD,
        )  # fmt: skip
        # Each worker comes from an address of their own: lock-outs must not meet.
        address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT="Mozilla/5.0 (Windows) Chrome/140")
        client.cookies["kc_language"] = "en"
        worker = Worker(email, invited.user_id, invited.uid, client)
        if signed_in:
            assert worker.sign_in().status_code == 302
        return worker

    return make


@pytest.fixture
def owner(hire):
    return hire()


@pytest.fixture
def log(merchant):
    """The newest entries of the merchant's log, newest first."""

    def read(**where):
        page = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter(**where))
        return page.rows

    return read
