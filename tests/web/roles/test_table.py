"""Each role opens what the reviewed table says and nothing else, over real HTTP (I1)."""

import contextlib
import re
import secrets
from collections.abc import Iterator

import httpx
import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff
from kacang.merchants.permissions import Role
from tests.web.roles.table import lines_of_views, reviewed
from tests.web.test_addresses import concrete

TABLE = reviewed()


def test_every_address_has_its_line():
    lines = lines_of_views()
    missing = [line for address, line in lines.items() if address not in TABLE]
    gone = sorted(set(TABLE) - set(lines))

    assert missing == [], "lines to read, then to paste:\n" + "\n".join(missing)
    assert gone == [], "no such address any more"


def test_only_the_owner_has_everything():
    for address, roles in TABLE.items():
        assert Role.OWNER in roles, address
    for role in set(Role) - {Role.OWNER}:
        assert any(role not in roles for roles in TABLE.values())


def token_of(page: httpx.Response) -> str:
    """The token that a page's form sends along."""
    (token, *_) = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.text)
    return str(token)


@contextlib.contextmanager
def browser(live: str, merchant: int, role: str) -> Iterator[httpx.Client]:
    """Somebody of this role who signed in at a real server, with a form's token of theirs."""
    email = f"{role}-{secrets.token_hex(4)}@example.com"
    password = add_staff(
        merchant_id=merchant, email=email, name="陆晓雨", role=role, actor=SYSTEM
    ).password
    with httpx.Client(base_url=live, timeout=60) as client:
        client.headers["X-CSRFToken"] = token_of(client.get("/console/login/"))
        answer = client.post("/console/login/", data={"login": email, "password": password})
        assert answer.headers["Location"] == "/console/", answer.text
        client.headers["X-CSRFToken"] = token_of(client.get("/console/account/"))
        yield client


@pytest.mark.parametrize("role", Role.values)
def test_each_role_opens_what_the_table_says_and_nothing_else(live, merchant, role):
    """What is missing is refused before anything is looked at."""
    wrong = []
    with browser(live, merchant, role) as client:
        for address, roles in TABLE.items():
            statuses = {client.get(concrete(address)).status_code}
            if role not in roles:
                statuses.add(client.post(concrete(address)).status_code)
            if (role in roles) == (403 in statuses) or (role not in roles and statuses != {403}):
                wrong.append((address, statuses))

    assert wrong == []


def test_the_token_of_the_form_is_what_lets_a_post_through(live, merchant):
    """The control: refusals above are of the role, not of a missing token."""
    with browser(live, merchant, "clerk") as client:
        assert client.post("/console/notices/read/").status_code == 302
        del client.headers["X-CSRFToken"]
        assert client.post("/console/notices/read/").status_code == 403
