"""I1: what a role hides never reaches its browser, whatever address of the console it asks.

All addresses are walked, with things that exist in them: first read, then posted to, and the files
of jobs are fetched. Who hides nothing walks the same way, so that the walk is known to look.
"""

import io
import re
import zipfile
from collections.abc import Iterator

import pytest

from kacang.customers import queries as customer_list
from kacang.customers.operations import ConsentWay
from kacang.logistics.queries import RecipientView
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import RoleDraft
from kacang.merchants.permissions import PERMISSIONS
from kacang.orders import operations as orders
from kacang.orders.customers import linking
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.exports import operations as exports
from kacang.orders.slips import drawing, running
from kacang.orders.slips import operations as slips
from kacang.orders.types import Origin
from kacang.shared.contacts import Contact
from tests import make
from tests.aftersales.cases import Sold
from tests.orders.test_shipping import Sender
from tests.web.console.conftest import work_as
from tests.web.console.exporting import EXPORTS, file_of, form_of, send
from tests.web.test_addresses import concrete, marks

PHONE, OTHER = "+8613877665544", "+8613999887766"
EMAIL = "marked.person@example.net"
# However they are parted; of an address its name, which no mask shows.
MARKS = {
    "phone": re.compile(rb"7766[ \-]?5544|9988[ \-]?7766"),
    "email": re.compile(rb"marked\.person"),
    "address": re.compile(rb"203\.0\.113\.177"),
}
POSTED = {
    "reason": "回电", "text": "x", "step": "do", "go": "1", "scope": "all", "all": "1",
    "kind": "csv", "columns": ["number", "email", "phone"],
}  # fmt: skip


class Marked:
    """A shop in which one person has bought all that there is, and every address that names it."""

    def __init__(self, merchant):
        self.merchant = merchant
        merchants.change_settings(
            merchant_id=merchant, values={"reveals_per_hour": 10_000}, actor=SYSTEM
        )
        who = Contact(EMAIL, PHONE)
        codes = Sold(merchant, 2, contact=who, origin=Origin(address="203.0.113.177"))
        sender = Sender(merchant, codes.account)
        nuts = sender.stock.goods(way="courier")
        sender.stock.received(nuts, 5, cost=700)
        whom = RecipientView("林小满", PHONE, "江苏省 苏州市", "星湖街 1 号")
        self.goods = sender.place((nuts, 1), contact=who, recipient=whom)
        sender.pay(self.goods)
        for number in (codes.number, self.goods.number):
            linking.remember_buyer(merchant_id=merchant, number=number, way=ConsentWay.CHECKOUT)
        elsewhere = RecipientView("林", OTHER, "上海市", "外滩 2 号")
        change = exceptions.ask_change(
            merchant_id=merchant, number=self.goods.number, actor=SYSTEM,
            wish=ChangeWish(phone=OTHER, recipient=elsewhere),
        )  # fmt: skip
        customer = customer_list.customers_page(merchant_id=merchant).rows[0].uid
        self.numbers = (codes.number, self.goods.number)
        # A buyer who looks at codes leaves their network address in the log.
        buyer = Actor(kind="buyer", address="203.0.113.177")
        looked = orders.deliveries(merchant_id=merchant, number=codes.number, actor=buyer)
        self.secrets = [one.secret.encode() for one in looked]
        assert len(self.secrets) == 2
        self.named = {
            "console/customers/": customer,
            "console/aftersales/": codes.open(),
            "console/changes/": change,
            "console/wallets/": make.wallet(merchant, 5000, contact=PHONE),
        }

    def addresses(self) -> Iterator[str]:
        for path in marks("console/"):
            uid = next((uid for at, uid in self.named.items() if path.startswith(at)), "")
            filled = path.replace("<str:uid>", uid) if uid else path
            for number in self.numbers if "<str:number>" in filled else ("",):
                yield concrete(filled.replace("<str:number>", number or "<str:number>"))
        yield f"/console/search/?q={PHONE}"
        yield f"/console/orders/?by=phone&q={PHONE}"
        yield f"/console/orders/?q={EMAIL}"
        yield "/console/customers/?q=5544"
        yield "/console/customers/?orders=0&sort=spent"


def pieces_of(answer) -> list[bytes]:
    """What an answer has: itself, or the parts of a workbook or another zip."""
    body = answer.getvalue() if answer.streaming else answer.content
    if body[:2] != b"PK":
        return [body]
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        return [parts.read(one) for one in parts.namelist()]


def shown_by(answer) -> set[str]:
    """What of all that is marked an answer has."""
    pieces = pieces_of(answer)
    return {name for name, mark in MARKS.items() if any(mark.search(piece) for piece in pieces)}


def walked(client, shop: Marked, name: str) -> set[str]:
    """Every address that shows what is marked, read or posted to."""
    leaks: set[str] = set()
    for method in ("get", "post"):
        for address in shop.addresses():
            if "forget" in address or "sign" in address or "logout" in address:
                continue
            more = {} if method == "get" else POSTED
            answer = getattr(client, method)(address, more)
            # What somebody has typed into a search comes back to them: that is no leak.
            if name in shown_by(answer) and not re.search(r"[?&]q=(\+|marked)", address):
                leaks.add(f"{method} {address}")
    return leaks


def a_role(merchant, hidden):
    draft = RoleDraft(
        name="外包", permissions=frozenset(PERMISSIONS), reach="all", hidden=frozenset(hidden)
    )
    return merchants.create_role(merchant_id=merchant, draft=draft, actor=SYSTEM)


@pytest.fixture
def shop(merchant):
    return Marked(merchant)


@pytest.mark.parametrize("name", ["phone", "email", "address"])
def test_what_is_hidden_reaches_no_browser(merchant, shop, name):
    assert walked(work_as(merchant, a_role(merchant, [name])), shop, name) == set()


def test_the_walk_does_look(merchant, shop):
    """The control: who hides nothing is shown it, at each place where it can be looked at."""
    seen = walked(work_as(merchant), shop, "phone")

    ends = {re.sub(r"/(?:[0-9]{8}\w+|[a-z]{3}_\w+)/", "/*/", one) for one in seen}
    assert ends >= {
        "post /console/orders/*/contact/",
        "post /console/orders/*/recipient/show/",
        "post /console/customers/*/shown/",
        "post /console/aftersales/*/contact/",
        "post /console/changes/*/recipient/",
    }
    # Who approves another phone number compares it; nothing else is shown that nobody asked for.
    assert {one for one in seen if one.startswith("get")} == {"get /console/exceptions/"}


def test_who_does_not_approve_a_new_number_sees_none_of_it(merchant, shop):
    page = work_as(merchant, "customer_service").get("/console/exceptions/")

    assert "138****5544 → •••" in page.content.decode()
    assert shown_by(page) == set()


def test_who_approves_sees_the_mask_where_the_role_hides_it(merchant, shop):
    page = work_as(merchant, a_role(merchant, ["phone"])).get("/console/exceptions/")

    assert "138****5544 → 139****7766" in page.content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("hidden", [[], ["phone"], ["email", "phone"]])
def test_the_file_of_an_export(merchant, shop, kind, hidden):
    client = work_as(merchant, a_role(merchant, hidden))
    asked = {"columns": ["number", "email", "phone"], "kind": kind, "go": "1", "scope": "all"}
    asked |= {"pick": list(shop.numbers)}
    started = client.post("/console/batches/export/", asked)
    uid = started["Location"].split("/")[-2]
    exports.run_export(merchant_id=merchant, work_uid=uid)

    answer = client.post(f"/console/batches/export/{uid}/file/")

    assert answer.status_code == 200
    assert shown_by(answer) == {"phone", "email"} - set(hidden)


SIGNS = {"wallets:csv": b"138****5544", "audit:csv": b"secrets.reveal", "orders:csv": b"138****"}


def test_I1_no_file_of_an_export_tells_what_is_hidden(merchant, shop):
    """Every kind that the desk has: the table fails when there is one that it does not know."""
    client = work_as(merchant, a_role(merchant, MARKS))
    names = {"wallet": shop.named["console/wallets/"]}
    for name, one in EXPORTS.items():
        uid = send(client, one, form_of(client, one, names))
        answer = file_of(client, one, merchant, uid)

        assert answer.status_code == 200, name
        pieces = pieces_of(answer)
        assert shown_by(answer) == set(), name
        assert not any(secret in piece for secret in shop.secrets for piece in pieces), name
        # The rows that name somebody are in it.
        assert SIGNS.get(name, b"") in pieces[0], name


def test_I1_a_buyers_address_in_the_log(merchant, shop):
    """The control: it is there for who hides nothing; and who hides it finds nothing by it."""
    place, log = "/console/audit/?address=203.0.113.177", EXPORTS["audit:csv"]
    owner, masked = work_as(merchant), work_as(merchant, a_role(merchant, MARKS))
    whole = send(owner, log, form_of(owner, log, {}))
    part = send(masked, log, form_of(masked, log, {}))

    assert shown_by(owner.get("/console/audit/")) == {"address"}
    assert [shop.numbers[0] in one.get(place).content.decode() for one in (owner, masked)] == [
        True, False,
    ]  # fmt: skip
    assert shown_by(file_of(owner, log, merchant, whole)) == {"address"}
    # A file that somebody else had made, or they before the role hid it, is not theirs.
    assert masked.get(f"/console/works/{whole}/file/").status_code == 403
    assert file_of(masked, log, merchant, part).status_code == 200


@pytest.mark.parametrize("hidden", [[], ["phone"]])
def test_packing_slips(merchant, shop, hidden, monkeypatch):
    """What is drawn: a PDF's glyphs are not read back."""
    drawn = []
    real = drawing.slips_pdf

    def spying(given, **how):
        drawn.extend(given)
        return real(given, **how)

    monkeypatch.setattr(running, "slips_pdf", spying)
    client = work_as(merchant, a_role(merchant, hidden))
    asked = {"kind": "a4", "go": "1", "pick": [shop.goods.number]}
    uid = client.post("/console/batches/slips/", asked)["Location"].split("/")[-2]

    slips.run_slips(merchant_id=merchant, work_uid=uid)

    (slip,) = drawn
    assert (PHONE[-8:] in "".join(slip.recipient)) is (not hidden)


def test_looks_at_customers_are_counted_with_the_others(merchant, shop):
    merchants.change_settings(merchant_id=merchant, values={"reveals_per_hour": 2}, actor=SYSTEM)
    client = work_as(merchant)
    uid = shop.named["console/customers/"]

    looks = [
        client.post(address, {"reason": "x"}).status_code
        for address in (
            f"/console/customers/{uid}/shown/",
            f"/console/orders/{shop.numbers[0]}/contact/",
            f"/console/customers/{uid}/shown/",
        )
    ]

    assert looks == [200, 200, 429]
