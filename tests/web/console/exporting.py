"""Every way to have something exported at the desk, by the forms that its pages offer (O10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from kacang.jobs.merchants import run_audit_export
from kacang.jobs.orders import run_export as run_order_export
from kacang.jobs.reconciliation import run_export as run_finance_export
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState
from kacang.web.console.exports.lists import LISTS

FINANCE, ORDERS, AUDIT = "finance.export", "orders.export", "audit.export"
RUN: Mapping[str, Callable[..., None]] = {
    FINANCE: run_finance_export, ORDERS: run_order_export, AUDIT: run_audit_export,
}  # fmt: skip
# Of these the file is a secret by itself: asked for with a second factor, see test_exports.py.
SECRET = "vault.export"
# Of customers: what it hides and that it is one job is tried where customers are.
CUSTOMERS = "customers.export"
FILES = {
    FINANCE: "/console/exports/{}/file/",
    ORDERS: "/console/batches/export/{}/file/",
    AUDIT: "/console/works/{}/file/",
}


@dataclass(frozen=True)
class Export:
    """One that can be asked for.

    `page` shows the form (after `first` was posted to it), which is posted to `action` with
    `pressed`, what a person chose in it.
    """

    job: str
    page: str
    action: str
    pressed: Mapping[str, Any]
    first: Mapping[str, Any] = field(default_factory=dict)


def _money(page: str, name: str) -> dict[str, Export]:
    return {
        f"{name}:{kind}": Export(FINANCE, page, "/console/exports/", {"list": name, "kind": kind})
        for kind in ("xlsx", "csv")
    }


def _ledger(name: str, kind: str) -> dict[str, Export]:
    what = f"{name}:{kind}"
    return {what: Export(FINANCE, "/console/ledger/", "/console/exports/", {"what": what})}


EXPORTS: Mapping[str, Export] = {
    **_money("/console/payments/", "payments"),
    **_money("/console/refunds/", "refunds"),
    **_money("/console/wallets/", "wallets"),
    **_money("/console/wallets/{wallet}/", "wallet"),
    **_money("/console/reconciliation/differences/", "differences"),
    **_money("/console/finance/", "figures"),
    **_ledger("transfers", "xlsx"),
    **_ledger("transfers", "csv"),
    **_ledger("books", "beancount"),
    **{
        f"audit:{kind}": Export(AUDIT, "/console/audit/", "/console/audit/export/", {"as": kind})
        for kind in ("xlsx", "csv")
    },
    **{
        f"orders:{kind}": Export(
            ORDERS, "/console/batches/export/", "/console/batches/export/",
            {"columns": ["number", "email", "phone"], "kind": kind}, {"all": "1"},
        )
        for kind in ("xlsx", "csv")
    },
}  # fmt: skip
MONEY = {name.partition(":")[0] for name, one in EXPORTS.items() if one.job == FINANCE}
assert set(LISTS) == MONEY, "a list that can be exported is not in the table"


class _Forms(HTMLParser):
    """The forms of a page, with what they hold before anybody touches them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", "").partition("?")[0], {}))
        elif tag == "input" and self.forms and given.get("type") == "hidden":
            self.forms[-1][1][given["name"]] = given.get("value", "")


def form_of(client: Client, one: Export, names: Mapping[str, str]) -> dict[str, Any]:
    """Open the page that offers an export; return its form as it is sent."""
    page = one.page.format(**names)
    answer = client.post(page, one.first) if one.first else client.get(page)
    assert answer.status_code == 200, page
    reader = _Forms()
    reader.feed(answer.content.decode())
    offered = [held for action, held in reader.forms if action == one.action]
    assert len(offered) == 1, f"{page} does not offer it"
    (fields,) = offered
    return {**fields, **one.pressed}


def send(client: Client, one: Export, form: Mapping[str, Any]) -> str:
    """Send a form; return the uid of the job that it leads to."""
    answer = client.post(one.action, form)
    assert answer.status_code == 302, answer.content
    return str(answer.headers["Location"]).split("/")[-2]


def file_of(client: Client, one: Export, merchant: int, uid: str) -> Any:
    """Run the job; return the answer that has its file."""
    RUN[one.job](merchant_id=merchant, work_uid=uid)
    item = works.work(merchant_id=merchant, uid=uid)
    assert item.state is WorkState.DONE, item
    address = FILES[one.job].format(uid)
    return client.get(address) if one.job == AUDIT else client.post(address)
