"""The mail of an order leads back to its codes, and brings the one-time code (L26, rule 22)."""

import re

import pytest
from django.conf import settings
from django.db import connection

from kacang.merchants.models import Host
from kacang.merchants.tenancy import acting_as
from kacang.web.mails import links as mail_links
from kacang.web.mails import orders as order_mails
from tests import make
from tests.messages.conftest import postbox
from tests.web.shop.conftest import EMAIL, text

__all__ = ["postbox"]


@pytest.fixture
def bought(shop, buyer):
    made = make.sku(shop.id, cards=1)
    number = buyer.buy(made)
    shop.pay(number)
    return made, shop.order(number)


def sent(shop, postbox):
    """Send what waits; return the text of the only mail."""
    with acting_as(shop.id), connection.cursor() as cursor:
        cursor.execute("select uid from message where channel = 'email'")
        uids = [row[0] for row in cursor.fetchall()]
    for uid in uids:
        mail_links.send(merchant_id=shop.id, uid=uid)
    (mail,) = postbox.mails
    body = mail.get_body(("plain",))
    assert body is not None
    return body.get_content()


def test_L26_the_link_of_the_mail_opens_the_codes(shop, bought, postbox):
    made, order = bought
    order_mails.tell_delivered(merchant_id=shop.id, order_id=order.id)

    body = sent(shop, postbox)
    (link,) = re.findall(rf"{settings.PUBLIC_URL}(/s/\S+)", body)
    other = shop.buyer()
    entered = other.get(link)

    assert link.startswith(f"/s/{shop.info.slug}/orders/{order.number}/?t=")
    assert made.codes[0] not in body
    assert made.codes[0] in text(other.get(entered.headers["Location"]))


def test_the_link_leads_to_the_host_of_the_merchant(shop, bought, postbox):
    _, order = bought
    with acting_as(shop.id):
        Host.objects.create(merchant_id=shop.id, name=f"{shop.info.slug}.example")
    order_mails.tell_delivered(merchant_id=shop.id, order_id=order.id)

    assert f"://{shop.info.slug}.example/orders/{order.number}/?t=" in sent(shop, postbox)


def test_the_one_time_code_of_the_mail_opens_the_order(shop, bought, postbox):
    made, order = bought
    other = shop.buyer()
    other.post(f"orders/{order.number}/code/", {"contact": EMAIL})
    with acting_as(shop.id), connection.cursor() as cursor:
        cursor.execute("select max(id) from access_code")
        (code_id,) = cursor.fetchone()
    order_mails.send_code(merchant_id=shop.id, code_id=code_id)

    (code,) = re.findall(r"\b\d{6}\b", sent(shop, postbox))
    opened = other.post(f"orders/{order.number}/open/", {"code": code})

    assert made.codes[0] in text(other.get(opened.headers["Location"]))
