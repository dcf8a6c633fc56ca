"""Every look at what is masked: with a reason, within a role, so many an hour (I1, I3)."""

import pytest

from kacang.aftersales import operations as aftersales
from kacang.aftersales.types import CaseKind, NewCase
from kacang.logistics.queries import RecipientView
from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.permissions import WITHIN_REACH, permissions_of
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions.operations import ChangeWish
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid
from tests.orders.test_shipping import Sender
from tests.web.console.conftest import work_as
from tests.web.roles.test_reach import a_role

BUYER = Contact(email="lin@example.com", phone="+8613826042716")
WHOM = RecipientView("林晓岚", "+8613800005555", "杭州", "文三路 90 号")
NEW = RecipientView("王芳", "+8613800007777", "杭州", "解放路 1 号")


@pytest.fixture
def masked(merchant) -> dict[str, tuple[str, str, str]]:
    """Each address that shows something: (address, what stays with "phone" hidden, the phone)."""
    shop = Sender(merchant)
    sku = shop.stock.goods(way="courier")
    shop.stock.received(sku, 2)
    placed = shop.place((sku, 1), recipient=WHOM, contact=BUYER)
    shop.pay(placed)
    change = exceptions.ask_change(
        merchant_id=merchant, number=placed.number, actor=Actor(kind="buyer"),
        wish=ChangeWish(recipient=NEW, reason="写错了"),
    )  # fmt: skip
    line = shop.order(placed).lines[0].id
    case = aftersales.open_case(
        merchant_id=merchant, actor=Actor(kind="buyer"),
        new=NewCase(
            number=placed.number, kind=CaseKind.OTHER, places=((line, 1),), text="没收到",
            request_uid=new_uid("req"),
        ),
    )  # fmt: skip
    order = f"/console/orders/{placed.number}"
    return {
        "contact": (f"{order}/contact/", BUYER.email, BUYER.phone),
        "recipient": (f"{order}/recipient/show/", WHOM.address, WHOM.phone),
        "change": (f"/console/changes/{change}/recipient/", NEW.address, NEW.phone),
        "case": (f"/console/aftersales/{case}/contact/", BUYER.email, BUYER.phone),
    }


ADDRESSES = ("contact", "recipient", "change", "case")


def look(client, masked, name):
    return client.post(masked[name][0], {"reason": "核对"})


@pytest.mark.parametrize("name", ADDRESSES)
def test_I1_it_is_shown_whole_to_whose_role_shows_all(merchant, masked, name):
    shown = look(work_as(merchant, "owner"), masked, name)

    assert shown.status_code == 200
    assert masked[name][1] in shown.content.decode()
    assert masked[name][2] in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_I1_what_a_role_hides_stays_masked_even_then(merchant, masked, name):
    allowed = WITHIN_REACH | {"orders.recipients", "cases.view"}
    role = a_role(
        merchant, name="仓库外包", reach="all", hidden=frozenset({"phone"}), permissions=allowed
    )

    shown = look(work_as(merchant, role), masked, name).content.decode()

    assert masked[name][1] in shown
    assert masked[name][2] not in shown


@pytest.mark.parametrize("name", ADDRESSES)
def test_I1_so_many_an_hour_over_all_of_them(merchant, masked, name):
    merchants.change_settings(merchant_id=merchant, actor=SYSTEM, values={"reveals_per_hour": 2})
    client = work_as(merchant, "owner")
    for other in [one for one in ADDRESSES if one != name][:2]:
        assert masked[other][1] in look(client, masked, other).content.decode()

    refused = look(client, masked, name)

    assert masked[name][2] not in refused.content.decode()
    again = look(work_as(merchant, "owner"), masked, name)
    assert masked[name][2] in again.content.decode()


@pytest.mark.parametrize("name", ["contact", "recipient", "change"])
def test_I3_without_a_reason_nothing_is_shown_nor_counted(merchant, masked, name):
    merchants.change_settings(merchant_id=merchant, actor=SYSTEM, values={"reveals_per_hour": 1})
    client = work_as(merchant, "owner")

    silent = client.post(masked[name][0], {"reason": " "})

    assert masked[name][2] not in silent.content.decode()
    assert masked[name][2] in look(client, masked, name).content.decode()


@pytest.mark.parametrize("name", ADDRESSES)
def test_I3_the_look_is_in_the_audit_log(merchant, masked, name):
    action = {
        "contact": "orders.show_contact", "recipient": "orders.show_recipient",
        "change": "orders.show_recipient", "case": "cases.contact_shown",
    }[name]  # fmt: skip

    look(work_as(merchant, "owner"), masked, name)

    rows = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter(action=action)).rows
    assert len(rows) == 1


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("role", ["finance", "sales", "customer_service", "warehouse"])
def test_I1_who_may_look_is_as_the_roles_say(merchant, masked, name, role):
    needed = {
        "contact": {"orders.view", "contacts.reveal"}, "recipient": {"orders.recipients"},
        "change": {"orders.view", "orders.recipients"}, "case": {"cases.view", "contacts.reveal"},
    }[name]  # fmt: skip

    answer = look(work_as(merchant, role), masked, name)

    assert answer.status_code == (200 if needed <= permissions_of(role) else 403)
