"""What the palette looks for in a long history and in a short one: filled, and asked over HTTP.

To each tenth order a parcel, to each tenth a card with a number, to each twentieth a customer.
"""

from collections.abc import Callable
from functools import partial

import httpx

from bench.installation import Installation
from bench.pages import at_the_desk
from bench.stock import Shop
from kacang.merchants.keys import cipher_for
from kacang.vault.finding.tails import tail_print

ENDS = 10_000
_SEARCH = "/console/search/"
_PARCELS = """
insert into shipment (merchant_id, uid, order_id, courier, tracking_number, actor_label,
    created_at, arrived_at, void_reason)
select merchant_id, 'shp_' || id, id, 'sf', 'SF9' || lpad(substr(number, 2), 12, '0'), '',
    created_at, created_at, ''
from sale_order where merchant_id = %(m)s and id > %(after)s and substr(number, 2)::bigint %% 10 = 0
"""
_CARDS = """
insert into card (merchant_id, sku_id, batch_id, state, pick_key, fingerprint, number, number_mask,
    secret, sold_at, tail_print)
select %(m)s, %(usual)s, %(batch)s, 2, n, decode(md5('%(m)s-' || n), 'hex'),
    'SN' || lpad(n::text, 10, '0'), 'SN••••', '\\x00', now(),
    (%(prints)s::bigint[])[1 + n %% 10000]
from generate_series(%(first)s::bigint, %(last)s::bigint) n where n %% 10 = 1
"""
_CUSTOMERS = """
insert into customer (merchant_id, uid, name, created_at, agreed_at, agreed_way, paid_orders,
                      spent_minor, last_order_at, figures_due)
select merchant_id, 'cus_' || id, '', created_at, created_at, 'order', 0, 0, created_at, false
from sale_order where merchant_id = %(m)s and id > %(after)s and substr(number, 2)::bigint %% 20 = 0
"""
_CONTACTS = """
insert into customer_contact (merchant_id, customer_id, kind, value, tail, added_at)
select o.merchant_id, k.id, 1, 'c' || substr(o.number, 2) || '@example.com', '', o.created_at
from sale_order o join customer k on k.uid = 'cus_' || o.id
where o.merchant_id = %(m)s and o.id > %(after)s and substr(o.number, 2)::bigint %% 20 = 0
"""
_LINKS = """
insert into order_customer (merchant_id, order_id, customer_id)
select o.merchant_id, o.id, k.id from sale_order o join customer k on k.uid = 'cus_' || o.id
where o.merchant_id = %(m)s and o.id > %(after)s and substr(o.number, 2)::bigint %% 20 = 0
"""
# Each takes the merchant, what of its orders is new, and the values of `values_of`.
FILL = (_PARCELS, _CARDS, _CUSTOMERS, _CONTACTS, _LINKS)


def values_of(merchant_id: int, batch: object) -> dict[str, object]:
    """Return what the statements of FILL take beside what the orders are filled with."""
    cipher = cipher_for(merchant_id)
    prints = [tail_print(cipher, f"SN{end:010}") for end in range(ENDS)]
    return {"prints": prints, "batch": batch}


def palette_looks(made: Installation, shop: Shop, orders: int) -> dict[str, Callable[[], int]]:
    """Return what is asked of the palette, by name; each says how much it offered."""
    window = at_the_desk(made, shop)
    middle = orders // 2 - orders // 2 % 20
    words = {
        "number": f"B{middle:09}",
        "phone's end": f"{middle // 4 * 7919 % 10_000:04d}",
        "card's number": f"SN{middle + 1:010}",
        "tracking number": f"SF9{middle:012}",
        "customer": f"c{middle:09}@example.com",
        "no such thing": "nobody-knows-this",
    }
    return {f"palette: {name}": partial(_ask, window, word) for name, word in words.items()}


def _ask(window: httpx.Client, words: str) -> int:
    answer = window.get(_SEARCH, params={"q": words})
    answer.raise_for_status()
    return answer.text.count('role="option"') or int(words.startswith("nobody"))
