"""What has happened in the demo shop already: orders, wallets, a case, reviews, tags (E1).

All of it goes the ways that a buyer's acts and a clerk's go. The sandbox has its own books of the
payments; its messages come once the shop answers, and repeat what is known.
"""

import json
from collections.abc import Mapping
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kacang.aftersales import operations as cases
from kacang.aftersales.types import CaseKind, NewCase
from kacang.cli.inside.demo import Filling
from kacang.customers import queries as customers
from kacang.customers import tags as customer_tags
from kacang.customers.operations import ConsentWay
from kacang.merchants import operations as merchants
from kacang.merchants import queries as merchants_seen
from kacang.merchants.audit import Actor
from kacang.merchants.operations import StoreDraft
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.customers import figures, linking
from kacang.orders.errors import UnknownOrder
from kacang.orders.refunding.queries import places_of
from kacang.orders.refunding.types import RefundWish
from kacang.orders.reviewing import operations as reviewing
from kacang.orders.reviewing.queries import Condition, Fact, Op, RuleBody, Verdict, rules
from kacang.orders.tagging import putting
from kacang.orders.tagging import tags as order_tags
from kacang.orders.types import Item, OrderState, Origin, PlaceRequest
from kacang.payments import queries as payments
from kacang.payments.ports import VerifiedNotice
from kacang.payments.sandbox import cashier
from kacang.payments.sandbox.cashier import Deed, PageAddress
from kacang.reviews import operations as reviews
from kacang.reviews.operations import NewReview, ReviewedAlready
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.wallets import operations as wallets

HISTORY: dict[str, Any] = json.loads(
    resources.files(__package__).joinpath("demo_history.json").read_text("utf-8")
)
BUYER = Actor(kind="buyer")


def tell(filling: Filling, skus: Mapping[str, str]) -> None:
    """Let the shop have its history, or go on with it. `skus`: uids by the keys of the demo."""
    stores = {said["key"]: _store(filling, said) for said in HISTORY["stores"]}
    numbers = {said["key"]: _order(filling, said, skus, stores) for said in HISTORY["orders"]}
    _tag_orders(filling, numbers)
    _tag_customers(filling)
    for said in HISTORY["wallets"]:
        _wallet(filling, said)
    for said in HISTORY["reviews"]:
        _review(filling, said, numbers)
    for said in HISTORY["cases"]:
        _case(filling, said, numbers)
    for said in HISTORY["refunds"]:
        _refund(filling, said, numbers)
    for said in HISTORY["replies"]:
        _reply(filling, said)
    for said in HISTORY["rules"]:
        _rule(filling, said)
    figures.keep_figures(merchant_id=filling.merchant_id)


def _store(filling: Filling, said: Mapping[str, Any]) -> str:
    """Open a store, in which some of the orders are bought."""

    def make() -> str:
        return merchants.open_store(
            merchant_id=filling.merchant_id, actor=filling.actor,
            draft=StoreDraft(said["name"], said["code"], said["address"]),
        )  # fmt: skip

    def is_there(uid: str) -> bool:
        known = merchants_seen.stores(merchant_id=filling.merchant_id)
        return uid in {one.uid for one in known}

    return filling.once(f"store {said['key']}", make, is_there)


def _order(
    filling: Filling,
    said: Mapping[str, Any],
    skus: Mapping[str, str],
    stores: Mapping[str, str],
) -> str:
    """Place an order, remember its buyer, and pay for it where it is told to be paid."""
    merchant_id = filling.merchant_id

    def make() -> str:
        placed = orders.place_order(
            merchant_id=merchant_id,
            request=PlaceRequest(
                items=tuple(Item(skus[key], count) for key, count in said["items"]),
                contact=Contact(said.get("email", ""), said.get("phone", "")),
                origin=Origin(store=stores.get(said.get("store", ""), "")),
            ),
        )
        linking.remember_buyer(
            merchant_id=merchant_id, number=placed.number, way=ConsentWay.CHECKOUT
        )
        return placed.number

    def is_there(number: str) -> bool:
        try:
            queries.order(merchant_id=merchant_id, number=number)
        except UnknownOrder:
            return False
        return True

    number = filling.once(f"order {said['key']}", make, is_there)
    state = queries.order(merchant_id=merchant_id, number=number).state
    if said["paid"] and state is OrderState.PENDING:
        _pay(merchant_id, number)
    return number


def _pay(merchant_id: int, order: str) -> None:
    """Pay at the sandbox, and hear of it: its own message says the same again later."""
    payment = orders.start_payment(merchant_id=merchant_id, number=order, provider="sandbox")
    page = urlsplit(payment.pay_url)
    asked = {name: values[0] for name, values in parse_qs(page.query).items()}
    account_uid, number = page.path.rstrip("/").split("/")[-2:]
    address = PageAddress(account_uid, number, asked["m"], asked["c"], asked["s"])
    charge = cashier.look(address=address)
    if not charge.is_paid:
        charge = cashier.act(address=address, deed=Deed.PAY, now=utc_now())
    notice = VerifiedNotice(
        notice_id=f"evt_{charge.provider_number}_paid",
        payment_number=payment.payment_id,
        provider_number=charge.provider_number,
        amount=payment.amount,
        is_final=True,
        raw="{}",
    )
    orders.settle_notice(account=payments.account_of_uid(account_uid), notice=notice)


def _tag_orders(filling: Filling, numbers: Mapping[str, str]) -> None:
    merchant_id, actor = filling.merchant_id, filling.actor
    for said in HISTORY["order_tags"]:
        uid = filling.once(
            f"order tag {said['name']}",
            partial(
                order_tags.make_tag,
                merchant_id=merchant_id,
                name=said["name"],
                colour=said["colour"],
                actor=actor,
            ),
            lambda uid: uid in {tag.uid for tag in order_tags.tags(merchant_id=merchant_id)},
        )
        chosen = [numbers[key] for key in said["orders"]]
        putting.tag_orders(merchant_id=merchant_id, numbers=chosen, tag=uid, actor=actor)


def _tag_customers(filling: Filling) -> None:
    merchant_id, actor = filling.merchant_id, filling.actor
    for said in HISTORY["customer_tags"]:
        tag = filling.once(
            f"customer tag {said['name']}",
            partial(
                customer_tags.make_tag,
                merchant_id=merchant_id,
                name=said["name"],
                colour=said["colour"],
                actor=actor,
            ),
            lambda uid: uid in {one.uid for one in customer_tags.tags(merchant_id=merchant_id)},
        )
        for address in said["customers"]:
            row = customers.customer_of(merchant_id=merchant_id, contact=_contact(address))
            uid, _name = customers.uids_of(merchant_id=merchant_id, ids=[row])[row]
            customer_tags.tag_customer(
                merchant_id=merchant_id, uid=uid, tag=tag, takes=False, actor=actor
            )


def _wallet(filling: Filling, said: Mapping[str, Any]) -> None:
    merchant_id = filling.merchant_id
    uid = wallets.open_wallet(
        merchant_id=merchant_id,
        owner=wallets.Owner(wallets.OwnerKind.CUSTOMER, said["owner"]),
        currency=said["currency"],
    )
    wallets.deposit(
        merchant_id=merchant_id,
        uid=uid,
        amount=Money(said["minor"], said["currency"]),
        note=said["note"],
        once=f"demo-{said['owner']}",
        actor=filling.actor,
    )


def _review(filling: Filling, said: Mapping[str, Any], numbers: Mapping[str, str]) -> None:
    new = NewReview(numbers[said["order"]], 1, said["stars"], said["text"])
    try:
        reviews.write_review(merchant_id=filling.merchant_id, new=new, actor=BUYER)
    except ReviewedAlready:
        # By an earlier, interrupted start.
        return


def _case(filling: Filling, said: Mapping[str, Any], numbers: Mapping[str, str]) -> None:
    """Open a case; sent again it is the one that is there."""
    number = numbers[said["order"]]
    new = NewCase(
        number=number,
        kind=CaseKind[said["kind"]],
        places=places_of(merchant_id=filling.merchant_id, number=number)[:1],
        text=said["text"],
        request_uid=f"demo-{said['order']}",
    )
    cases.open_case(merchant_id=filling.merchant_id, new=new, actor=BUYER)


def _refund(filling: Filling, said: Mapping[str, Any], numbers: Mapping[str, str]) -> None:
    """Ask for money to go back: by a role that may not give it, so that it waits for somebody."""
    number = numbers[said["order"]]
    order = queries.order(merchant_id=filling.merchant_id, number=number)
    if order.state is OrderState.PENDING:
        return
    orders.request_refund(
        merchant_id=filling.merchant_id,
        number=number,
        wish=RefundWish(
            amount=Money(said["minor"], order.payable.currency),
            reason=said["reason"],
            request_uid=f"demo-{said['order']}",
        ),
        actor=filling.actor,
        role="sales",
    )


def _reply(filling: Filling, said: Mapping[str, Any]) -> None:
    merchant_id = filling.merchant_id
    make = partial(
        cases.save_reply,
        merchant_id=merchant_id, title=said["title"], body=said["body"], actor=filling.actor,
    )  # fmt: skip
    filling.once(f"reply {said['title']}", make, lambda _uid: True)


def _rule(filling: Filling, said: Mapping[str, Any]) -> None:
    """Have a rule that looks at paid orders: off, until somebody has looked at it."""
    merchant_id = filling.merchant_id
    body = RuleBody(
        said["name"],
        (Condition(Fact.AMOUNT, Op.AT_LEAST, number=said["minor"]),),
        Verdict.HOLD,
        0,
    )
    make = partial(reviewing.add_rule, merchant_id=merchant_id, body=body, actor=filling.actor)
    known = {rule.uid for rule in rules(merchant_id=merchant_id)}
    filling.once(f"rule {said['name']}", make, lambda uid: uid in known)


def _contact(address: str) -> Contact:
    return Contact(email=address) if "@" in address else Contact(phone=address)
