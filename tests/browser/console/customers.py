"""Customers with long names, tags, levels and notes, for the pages that show them."""

from kacang.customers import operations as customers
from kacang.customers import queries, tagging, tags
from kacang.customers.finding.filters import CustomerFilter
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import SYSTEM
from kacang.orders.customers import figures, linking
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from tests import make

LONG_NAME = "林晓鹿" * 20
LONG_TAGS = (("企业福利采购联系人需要先回电话后发货", "blue"), ("W" * 20, "red"))


def some_customers(shop) -> dict[str, dict[str, str]]:
    """A customer of an order with long words, others, and a job; by the name of their page."""
    merchant_id = shop.merchant_id
    linking.remember_buyer(merchant_id=merchant_id, number=shop.numbers[0], way=ConsentWay.CHECKOUT)
    uid = queries.customers_page(merchant_id=merchant_id).rows[0].uid
    level = customers.save_level(merchant_id=merchant_id, name="金卡" * 20, rank=9, actor=SYSTEM)
    customers.change(merchant_id=merchant_id, uid=uid, name=LONG_NAME, level=level, actor=SYSTEM)
    customers.add_note(merchant_id=merchant_id, uid=uid, text="n" * 1000, actor=SYSTEM)
    for one in queries.customer(merchant_id=merchant_id, uid=uid).contacts[:1]:
        make.wallet(merchant_id, 128_000, contact=one.value)
    for name in ("a" * 40, "zhao"):
        customers.gather(
            merchant_id=merchant_id,
            contact=Contact(email=f"{name}@example.com"),
            way=ConsentWay.STAFF,
        )
    job = ""
    for name, colour in LONG_TAGS:
        tag = tags.make_tag(merchant_id=merchant_id, name=name, colour=colour, actor=SYSTEM)
        wish = tagging.Wish(tagging.Act.PUT, CustomerFilter(), tag)
        job = tagging.start_tagging(merchant_id=merchant_id, actor=SYSTEM, wish=wish, now=utc_now())
        tagging.run_tagging(merchant_id=merchant_id, work_uid=job)
    figures.keep_figures(merchant_id=merchant_id)
    page = {"uid": uid}
    return {
        "console_customer": page,
        "console_customer_notices": page,
        "console_customer_tagging": {"uid": job},
    }


def with_tags(merchant_id: int, uid: str) -> None:
    """Give a customer two tags, made where there are none, and count what all bought."""
    for name, colour in (("企业福利", "blue"), ("老客户", "green")):
        known = {one.name: one.uid for one in tags.tags(merchant_id=merchant_id)}
        tag = known.get(name) or tags.make_tag(
            merchant_id=merchant_id, name=name, colour=colour, actor=SYSTEM
        )
        tags.tag_customer(merchant_id=merchant_id, uid=uid, tag=tag, takes=False, actor=SYSTEM)
    figures.keep_figures(merchant_id=merchant_id)
