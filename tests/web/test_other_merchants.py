"""Nobody's session or key reads or moves a row of another merchant, whatever id it is given.

Every address with a place for an id, of console and API, is asked with every id that the other
merchant has: nothing of theirs may be shown, and not one of their rows may change.
"""

import hashlib
import json
import re
import secrets

import psycopg
import pytest
from django.test import Client

from kacang.aftersales import operations as cases
from kacang.aftersales.types import CaseKind, NewCase
from kacang.catalog.models import Product
from kacang.merchants import operations
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import KeyDraft, StoreDraft
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.refunding.queries import places_of
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.reviews import operations as reviews
from kacang.risk import operations as risk
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from tests import make
from tests.aftersales.cases import jpeg, picture
from tests.orders.looking import settle
from tests.web.console.conftest import work_as
from tests.web.test_addresses import EVERY

PARAMETER = re.compile(r"<(?:\w+:)?\w+>|\{\w+\}")

ADDRESSES_LEAST = 1_000


@pytest.fixture
def theirs(other_merchant):
    """A merchant with something of each kind, all of it marked."""
    mark = f"THEIRS{secrets.token_hex(6)}"
    made = make.sku(other_merchant, cards=3)
    with acting_as(other_merchant):
        Product.objects.filter(merchant_id=other_merchant).update(title={"en": mark})
    account = make.account(other_merchant)
    contact = Contact(email=f"{mark.lower()}@example.com")
    placed = make.order(made, contact=contact)
    settle(account, make.notice(placed))
    wish = RefundWish(Money(100), mark, way=RefundWay.BY_HAND)
    orders.request_refund(
        merchant_id=other_merchant, number=placed.number, wish=wish, actor=SYSTEM, role="api"
    )
    _complain(other_merchant, placed.number, mark)
    make.order(made, contact=contact)
    wallet = make.wallet(other_merchant, 1_000, contact.email)
    make.withdrawal(other_merchant, wallet, 400, number=mark)
    operations.add_staff(
        merchant_id=other_merchant, email=f"s{mark}@example.com", name=mark, role="owner",
        actor=SYSTEM,
    )  # fmt: skip
    operations.create_key(merchant_id=other_merchant, draft=KeyDraft(mark, ("all",)), actor=SYSTEM)
    store = operations.open_store(
        merchant_id=other_merchant, draft=StoreDraft(mark, "a", mark), actor=SYSTEM
    )
    orders.move_to_store(
        merchant_id=other_merchant, number=placed.number, store_uid=store, actor=SYSTEM
    )
    risk.block(
        merchant_id=other_merchant, actor=SYSTEM, kind="email", value="x@example.com", reason=mark
    )
    return mark, made.codes, placed.access_token


def _complain(merchant, number, mark):
    """A case with a picture, a quick reply and a review with one, of an order that is delivered."""
    operations.change_settings(merchant_id=merchant, values={"reviews_on": True}, actor=SYSTEM)
    places = places_of(merchant_id=merchant, number=number)
    new = NewCase(number, CaseKind.OTHER, places, mark, "one", [picture()])
    cases.open_case(merchant_id=merchant, new=new, actor=SYSTEM)
    cases.save_reply(merchant_id=merchant, title=mark, body={"en": mark}, actor=SYSTEM)
    said = reviews.NewReview(number, 1, 5, mark, [jpeg()])
    reviews.write_review(merchant_id=merchant, new=said, actor=SYSTEM)


def tenant_tables(superuser):
    return [
        row[0]
        for row in superuser.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where a.attname = 'merchant_id' and not a.attisdropped and c.relkind in ('r', 'p')"
            " and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1"
        )
    ]


# Sums, seals and marks that a worker of another test may write meanwhile, from the rows that count.
HOUSEKEEPING = {
    "card_level",
    "goods_level",
    "goods_mark",
    "level_mark",
    "log_seal",
    "pick_mark",
    "stock_alarm",
}


def picture_of(superuser, merchant):
    """A fingerprint of every row that a merchant has."""
    found = {}
    for table in sorted(set(tenant_tables(superuser)) - HOUSEKEEPING):
        rows = superuser.execute(
            f"select t::text from {table} t where merchant_id = %s order by 1", [merchant]
        ).fetchall()
        found[table] = (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    return found


def ids_of(superuser, merchant):
    """Every public id of a merchant: what a stranger could have seen or guessed."""
    found = []
    for table in tenant_tables(superuser):
        for column in ("uid", "number"):
            known = superuser.execute(
                "select 1 from pg_attribute where attrelid = %s::regclass and attname = %s"
                " and atttypid = 'varchar'::regtype and not attisdropped",
                [table, column],
            ).fetchone()
            if known:
                found += [
                    str(row[0])
                    for row in superuser.execute(
                        f"select {column} from {table} where merchant_id = %s limit 2", [merchant]
                    )
                ]
    return found


def asked(prefix, ids, *, at=None):
    """Every address below a prefix, as it is written and with an id in each place.

    `at` stands for the prefix itself.
    """
    for path, _view in EVERY:
        rest = path.removeprefix(prefix)
        if path.startswith(prefix) and PARAMETER.search(rest):
            for one in ids if "<int:" not in path else ["1"]:
                yield path, "/" + (at or prefix) + PARAMETER.sub(one, rest).rstrip("$")


class Asker:
    """Asks for things of another merchant's, and keeps what answered with something of theirs."""

    def __init__(self, mark, codes):
        self.shown: list[str] = []
        self.asked: set[str] = set()
        # Ways and methods that they do not take, whatever the id.
        self.deaf: set[tuple[str, str]] = set()
        self._theirs = [one.lower() for one in (mark, *codes)]

    def ask(self, path, address, method, *given, **more):
        """Ask, unless this way takes no such method."""
        if (path, method.__name__) in self.deaf:
            return
        answer = method(address, *given, **more)
        assert answer.status_code < 500, address
        if answer.status_code == 405:
            self.deaf.add((path, method.__name__))
        self.asked.add(address)
        body = b"".join(answer) if answer.streaming else answer.content
        text = body.decode(errors="replace").lower()
        if any(one in text for one in self._theirs):
            self.shown.append(address)


@pytest.mark.slow
def test_no_id_of_another_merchant_opens_anything(database, merchant, other_merchant, theirs):
    mark, codes, token = theirs
    desk, buyer = work_as(merchant), Client()
    key = operations.create_key(
        merchant_id=merchant, draft=KeyDraft("mine", ("all",)), actor=SYSTEM
    ).key
    machine = Client(HTTP_AUTHORIZATION=f"Bearer {key}")
    shop = f"s/{merchants.merchant(merchant_id=merchant).slug}/"
    asker = Asker(mark, codes)
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as superuser:
        ids = ids_of(superuser, other_merchant)
        assert len(ids) >= 10
        before = picture_of(superuser, other_merchant)

        for path, address in asked("console/", ids):
            asker.ask(path, address, desk.get)
            asker.ask(path, address, desk.post, {"reason": "because", "role": "owner", "note": "x"})
        for path, address in asked("api/", ids):
            asker.ask(path, address, machine.get)
            for method in (machine.post, machine.delete):
                asker.ask(path, address, method,
                    json.dumps({"provider": "sandbox", "reason": "x"}),
                    content_type="application/json",
                    headers={"Idempotency-Key": secrets.token_hex(8)},
                )  # fmt: skip
        for path, address in asked("s/<slug:merchant_slug>/", ids, at=shop):
            asker.ask(path, address, buyer.get)
            asker.ask(path, f"{address}?t={token}", buyer.get)
            asker.ask(path, address, buyer.post, {"provider": "sandbox", "password": "x"})

        assert asker.shown == []
        assert len(asker.asked) > ADDRESSES_LEAST
        assert picture_of(superuser, other_merchant) == before
        # The search itself works: whoever may see it is shown the mark.
        asker.ask("control", "/console/products/", work_as(other_merchant).get)
        assert asker.shown == ["/console/products/"]
