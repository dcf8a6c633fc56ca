"""The demo shop: filled by the same operations as any other, its stock by the real import."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from importlib import resources
from typing import Any, Protocol

from kacang.catalog import operations as catalog
from kacang.catalog import queries
from kacang.catalog.operations import ProductDraft, ProductState, SkuDraft, Strategy
from kacang.customers import operations as customers
from kacang.customers import queries as customer_list
from kacang.customers.operations import ConsentWay
from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.outbox import files
from kacang.outbox import queries as work
from kacang.shared.contacts import Contact
from kacang.shared.errors import NotFound
from kacang.vault import operations as vault
from kacang.vault.operations import ImportRequest, Purchase

GOODS: dict[str, Any] = json.loads(
    resources.files(__package__).joinpath("demo.json").read_text("utf-8")
)
MERCHANT: dict[str, str] = GOODS["merchant"]
# Without letters that look alike.
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Once(Protocol):
    """Makes a thing, or returns the one that an earlier, interrupted start made.

    `is_there` says of a public id whether that start came to its commit.
    """

    def __call__(self, name: str, make: Callable[[], str], is_there: Callable[[str], bool]) -> str:
        """Return the public id of the thing called `name`."""


@dataclass(frozen=True, slots=True)
class Filling:
    """The shop that is filled, by whom, and what is there already."""

    merchant_id: int
    actor: Actor
    once: Once


def fill(filling: Filling) -> dict[str, str]:
    """Fill a shop with shelves, products, prices, guides and stock, or go on with it.

    Return the uids of SKUs by their keys.
    """
    merchant_id, actor = filling.merchant_id, filling.actor
    merchants.change_settings(merchant_id=merchant_id, values=GOODS["settings"], actor=actor)
    shelves = {
        shelf["key"]: _category(filling, shelf, place)
        for place, shelf in enumerate(GOODS["categories"])
    }
    skus: dict[str, str] = {}
    for place, product in enumerate(GOODS["products"]):
        skus |= _product(filling, product, place, shelves[product["category"]])
    levels = {level["key"]: _level(filling, level) for level in GOODS["levels"]}
    for customer in GOODS["customers"]:
        _customer(filling, customer, levels)
    return skus


def _level(filling: Filling, level: Mapping[str, Any]) -> str:
    def make() -> str:
        return customers.save_level(
            merchant_id=filling.merchant_id,
            name=level["name"],
            rank=level["rank"],
            actor=filling.actor,
        )

    def is_there(uid: str) -> bool:
        known = customer_list.levels(merchant_id=filling.merchant_id)
        return uid in {one.uid for one in known}

    return filling.once(f"level {level['key']}", make, is_there)


def _customer(filling: Filling, said: Mapping[str, Any], levels: Mapping[str, str]) -> None:
    """Have somebody agreed already; an interrupted start finds them by their address."""
    merchant_id = filling.merchant_id
    row = customers.gather(
        merchant_id=merchant_id,
        contact=Contact(said.get("email", ""), said.get("phone", "")),
        way=ConsentWay.STAFF,
    )
    uid, name = customer_list.uids_of(merchant_id=merchant_id, ids=[row])[row]
    if name == said["name"]:
        return
    customers.change(
        merchant_id=merchant_id,
        uid=uid,
        name=said["name"],
        level=levels.get(said["level"], ""),
        actor=filling.actor,
    )
    if said["note"]:
        customers.add_note(merchant_id=merchant_id, uid=uid, text=said["note"], actor=filling.actor)


def _category(filling: Filling, shelf: Mapping[str, Any], place: int) -> str:
    merchant_id, actor = filling.merchant_id, filling.actor

    def is_there(uid: str) -> bool:
        return uid in {found.uid for found in queries.categories(merchant_id=merchant_id)}

    make = partial(
        catalog.create_category,
        merchant_id=merchant_id, actor=actor, title=shelf["title"], position=place,
    )  # fmt: skip
    return filling.once(f"category {shelf['key']}", make, is_there)


def _product(
    filling: Filling, product: Mapping[str, Any], place: int, shelf: str
) -> dict[str, str]:
    merchant_id, actor, once = filling.merchant_id, filling.actor, filling.once
    draft = ProductDraft(
        title=product["title"],
        kind=product["kind"],
        category_uid=shelf,
        subtitle=product["subtitle"],
        description=product["description"],
        guide=product["guide"],
        cover=product["cover"],
        form_fields=tuple(product.get("form", ())),
        position=place,
    )
    make = partial(catalog.create_product, merchant_id=merchant_id, actor=actor, draft=draft)
    uid = once(f"product {place}", make, _known(filling, queries.product))
    skus: dict[str, str] = {}
    for number, sku in enumerate(product["skus"]):
        made = partial(
            catalog.create_sku,
            merchant_id=merchant_id, actor=actor, product_uid=uid, draft=_sku(sku, number),
        )  # fmt: skip
        skus[sku["key"]] = once(f"sku {sku['key']}", made, _known(filling, queries.sku))
        _stock(filling, sku, skus[sku["key"]])
    catalog.set_product_state(
        merchant_id=merchant_id, actor=actor, uid=uid, state=ProductState.ON_SALE
    )
    return skus


def _known(filling: Filling, query: Callable[..., object]) -> Callable[[str], bool]:
    """Return what says of a public id whether a query finds something by it."""

    def is_there(uid: str) -> bool:
        try:
            query(merchant_id=filling.merchant_id, uid=uid)
        except NotFound:
            return False
        return True

    return is_there


def _sku(sku: Mapping[str, Any], place: int) -> SkuDraft:
    return SkuDraft(
        title=sku["title"],
        price_minor=sku["price"],
        list_price_minor=sku.get("list_price"),
        cost_minor=sku["cost"],
        max_per_order=sku.get("max_per_order", 100),
        max_per_buyer=sku.get("max_per_buyer"),
        strategy=Strategy[sku.get("strategy", "RANDOM")],
        low_stock_at=sku["low_stock"],
        position=place,
    )


def _stock(filling: Filling, sku: Mapping[str, Any], sku_uid: str) -> None:
    """Import cards as any merchant would, and wait for it: the shop opens with full shelves."""
    merchant_id = filling.merchant_id
    start = partial(_start_import, filling, sku, sku_uid)
    job = filling.once(f"stock {sku['key']}", start, _known(filling, work.work))
    vault.run_import(merchant_id=merchant_id, work_uid=job)
    ended = work.work(merchant_id=merchant_id, uid=job)
    if ended.result.get("good") != sku["cards"]:
        raise RuntimeError(f"the demo's cards were not taken: {ended.error} {ended.result}")


def _start_import(filling: Filling, sku: Mapping[str, Any], sku_uid: str) -> str:
    content = "\n".join(["number,code,expires", *lines(sku)]).encode()
    file_uid = files.store(
        merchant_id=filling.merchant_id, purpose="import", name="demo.csv", content=content
    )
    request = ImportRequest(
        sku_uid=sku_uid,
        purchase=Purchase(supplier=GOODS["supplier"], purchase_number="DEMO-1"),
        keep_good=False,
    )
    return vault.import_cards(
        merchant_id=filling.merchant_id, actor=filling.actor, file_uid=file_uid, request=request
    )


def lines(sku: Mapping[str, Any]) -> list[str]:
    """Return the cards of a SKU as a supplier would send them: number, code, expiry."""
    expiry = ""
    if "expiry_days" in sku:
        expiry = (date.today() + timedelta(days=sku["expiry_days"])).isoformat()  # noqa: DTZ011 - a day of this machine
    first = secrets.randbelow(80_000_000) + 10_000_000
    return [
        ",".join([f"{sku['number']}{first + place}" if "number" in sku else "", _code(), expiry])
        for place in range(sku["cards"])
    ]


def _code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
