"""Each role opens what the reviewed table says and nothing else, over real HTTP (I1)."""

import contextlib
import inspect
import re
import secrets
from collections.abc import Iterator

import httpx
import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import AuditEntry
from kacang.merchants.operations import RoleDraft, add_staff, create_role
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as
from kacang.web.access import access_of
from tests import make
from tests.web.console.conftest import work_as
from tests.web.roles.table import lines_of_views, reviewed
from tests.web.test_addresses import EVERY, concrete, demanded, marks

TABLE = reviewed()


def test_every_address_has_its_line():
    lines = lines_of_views()
    missing = [line for address, line in lines.items() if address not in TABLE]
    gone = sorted(set(TABLE) - set(lines))

    assert missing == [], "lines to read, then to paste:\n" + "\n".join(missing)
    assert gone == [], "no such address any more"


# Acts that whoever may look may do: each is of their own, or asks for more itself.
LOOKING_IS_ENOUGH = {
    # One's own account, notices, first steps, views and columns of the list.
    "console/account/sessions/<int:session_id>/", "console/account/sessions/others/",
    "console/account/theme/", "console/first-steps/", "console/notices/read/",
    "console/orders/columns/", "console/orders/views/<str:uid>/delete/",
    "console/orders/views/<str:uid>/duplicate/", "console/orders/views/<str:uid>/rename/",
    "console/orders/views/<str:uid>/start/", "console/orders/views/save/",
    # What is asked for by an act's name, or a list's, demands that one's permission.
    "console/batches/", "console/batches/<str:uid>/cancel/", "console/batches/<str:uid>/undo/",
    "console/exports/", "console/exports/<str:uid>/cancel/", "console/exports/<str:uid>/file/",
    "console/stock/exports/new/", "console/works/<str:uid>/cancel/",
    "console/works/<str:uid>/retry/",
    # These change nothing: a comparison, a look that is counted, a text as it will look.
    "console/audit/verify/", "console/customers/<str:uid>/shown/", "console/products/preview/",
}  # fmt: skip


def test_I1_who_may_look_only_does_nothing(merchant):
    """Two permissions that the same preset roles have are told apart by roles of one's own."""
    owner = work_as(merchant)
    acts = {
        path
        for path, mark in marks("console/").items()
        if mark.startswith("needs:")
        and all(name.endswith(".view") for name in demanded(mark))
        and owner.get(concrete(path)).status_code == 405
    }
    assert acts == LOOKING_IS_ENOUGH


# Pages with a form of their own, which asks for more than the page does.
FORMS = {
    "console/messages/rules/", "console/messages/senders/<slug:company>/",
    "console/messages/templates/<str:event>/<str:channel>/",
    "console/payments/accounts/<str:uid>/", "console/products/<str:uid>/", "console/settings/",
}  # fmt: skip
# One's own; or what is sent is a search, or a list whose name says what it asks for.
FORMS_OF_WHOEVER_LOOKS = {
    "console/account/", "console/account/notices/", "console/stock/exports/<str:uid>/",
    "console/stock/find/",
}  # fmt: skip


def test_I1_every_page_with_a_form_of_its_own_is_known():
    found = {
        path
        for path, view in EVERY
        if (mark := access_of(view.callback)).startswith("needs:")
        and path.startswith("console/")
        and all(name.endswith(".view") for name in demanded(mark))
        and "POST" in inspect.getsource(inspect.unwrap(view.callback))
    }
    assert found - LOOKING_IS_ENOUGH == FORMS | FORMS_OF_WHOEVER_LOOKS


@pytest.mark.parametrize("path", sorted(FORMS))
def test_I1_a_form_asks_for_more_than_its_page(merchant, path):
    """Who may look only opens the page, and sends its form in vain."""
    sku = make.sku(merchant).sku
    of = {
        "<slug:company>": "aliyun",
        "<str:event>": "order.refunded",
        "<str:channel>": "email",
        "payments/accounts/<str:uid>": f"payments/accounts/{make.account(merchant).uid}",
        "products/<str:uid>": f"products/{sku.product.uid}",
    }
    address = f"/{path}"
    for part, value in of.items():
        address = address.replace(part, value)
    looks = RoleDraft("只看", frozenset(demanded(marks("console/")[path])))
    role = create_role(merchant_id=merchant, draft=looks, actor=SYSTEM)
    before = audit_count(merchant)

    client = work_as(merchant, role)

    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "because", "name": "x"}).status_code == 403
    # Only the one who looks was added.
    assert audit_count(merchant) == before + 1


def audit_count(merchant):
    with acting_as(merchant):
        return AuditEntry.objects.filter(merchant_id=merchant).count()


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
