"""What becomes of cards that are owed."""

import hypothesis.strategies as st

from kacang.ledger.accounts import TransferKind as Kind
from kacang.orders import operations as orders
from kacang.orders.errors import NotNow
from kacang.orders.types import Origin
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from tests import make
from tests.books.registry import deed, draws, of
from tests.books.shop import BUYER, STAFF, WORTH, Sale, Shop


@deed([Kind.DEPOSITED, Kind.WORTH_DIFFERS], draw=draws)
def add_gift_card(shop: Shop, draw: int) -> None:
    card = of(owed_cards(shop, shop.gifts), draw)
    if card is None:
        return
    sale, code, owed = card
    wallet = shop.wallet(sale.contact)
    orders.add_gift_card(
        merchant_id=shop.merchant, wallet_uid=wallet, code=code, actor=BUYER,
        origin=Origin(address=f"192.0.2.{draw % 200}"),
    )  # fmt: skip
    shop.expected.wallets[wallet] += WORTH
    shop.expected.gift_difference += owed - WORTH


@deed([Kind.REDEEMED], draw=draws)
def redeem_code(shop: Shop, draw: int) -> None:
    card = of(owed_cards(shop, shop.codes), draw)
    if card is None:
        return
    shop.bring(shop.target, 1)
    orders.redeem(merchant_id=shop.merchant, request=orders.RedeemRequest(code=card[1]))


@deed([Kind.LAPSED], draw=draws, gift=st.booleans())
def let_a_card_lapse(shop: Shop, draw: int, gift: bool) -> None:  # noqa: FBT001 - drawn
    card = of(owed_cards(shop, shop.gifts if gift else shop.codes), draw)
    if card is None:
        return
    (found,) = cards.find_cards(merchant_id=shop.merchant, code=card[1])
    past = "clock_timestamp() - interval '1 day'"
    shop.run(f"update card set expires_at = {past} where id = %s", shop.card_id(found.uid))
    vault.lapse_expired(merchant_id=shop.merchant)


@deed(draw=draws, gift=st.booleans())
def void_a_sold_card(shop: Shop, draw: int, gift: bool) -> None:  # noqa: FBT001 - drawn
    card = of(owed_cards(shop, shop.gifts if gift else shop.codes), draw)
    if card is not None:
        (found,) = cards.find_cards(merchant_id=shop.merchant, code=card[1])
        vault.void_cards(
            merchant_id=shop.merchant, card_uids=[found.uid], actor=STAFF, reason="盗刷"
        )


@deed(draw=draws, made=st.sampled_from(["plain", "gifts", "codes"]))
def replace_a_card(shop: Shop, draw: int, made: str) -> None:
    stocked = getattr(shop, made)
    rows = shop.run(
        "select c.id from card c join allocation a on a.card_id = c.id and a.released_at is null"
        " and a.delivered_at is not null where c.sku_id = %s and c.state in (2, 6) order by c.id",
        stocked.sku.pk,
    )
    card = of(rows, draw)
    if card is None:
        return
    shop.bring(stocked, 1)
    try:
        orders.replace_card(
            merchant_id=shop.merchant, card_uid=shop.card_uid(card[0]), actor=STAFF, reason="坏卡"
        )
    except NotNow:
        return


def owed_cards(shop: Shop, made: make.Stocked) -> list[tuple[Sale, str, int]]:
    """Sold cards that can be redeemed: whose, their code, and what they are owed."""
    found = []
    for sale in shop.sales:
        if sale.sku_uid != made.sku.uid:
            continue
        rows = shop.run(
            "select c.id, c.owed_minor from card c join allocation a on a.card_id = c.id"
            " and a.released_at is null and a.delivered_at is not null"
            " join order_line l on l.id = a.line_id join sale_order o on o.id = l.order_id"
            " where o.number = %s and c.state = 2 and c.owed_minor is not null"
            " and c.expires_at is null order by c.id",
            sale.number,
        )
        found += [(sale, shop.codes_by_id[card_id], int(owed)) for card_id, owed in rows]
    return found
