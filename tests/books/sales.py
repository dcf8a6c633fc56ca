"""What is sold, and how it is paid, or is not."""

import secrets

import hypothesis.strategies as st

from kacang.ledger.accounts import TransferKind as Kind
from kacang.orders import operations as orders
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.queries import CardState
from tests import make
from tests.books.registry import counts, deed, draws, of, providers
from tests.books.shop import BUYER, PRICE, STAFF, Shop


def free_cards(shop: Shop, made: make.Stocked) -> list[str]:
    wanted = cards.CardFilter(sku_id=made.sku.pk, states=(CardState.AVAILABLE,))
    found = cards.list_cards(merchant_id=shop.merchant, wanted=wanted, limit=200)
    return [one.uid for one in found.items]


@deed([Kind.RECEIVED, Kind.DELIVERED, Kind.COST], provider=providers, count=counts)
def sell_cards(shop: Shop, provider: str, count: int) -> None:
    shop.bring(shop.plain, count)
    shop.pay(shop.place(shop.plain.sku.uid, count, provider))


@deed([Kind.PAID_FROM_WALLET, Kind.DEPOSITED], count=counts)
def sell_from_a_wallet(shop: Shop, count: int) -> None:
    sell_cards(shop, "wallet", count)


@deed([Kind.DEFERRED], provider=providers, count=counts)
def sell_gift_cards(shop: Shop, provider: str, count: int) -> None:
    shop.bring(shop.gifts, count)
    shop.pay(shop.place(shop.gifts.sku.uid, count, provider))


@deed([Kind.DEFERRED], provider=providers, count=counts)
def sell_redeem_codes(shop: Shop, provider: str, count: int) -> None:
    shop.bring(shop.codes, count)
    shop.pay(shop.place(shop.codes.sku.uid, count, provider))


@deed([Kind.STOCKED, Kind.RECEIVED], provider=providers, count=counts, hand=st.booleans())
def sell_goods(shop: Shop, provider: str, count: int, hand: bool) -> None:  # noqa: FBT001 - drawn
    shop.stock.received(shop.goods, count, cost=701)
    shop.expected.stocked += 701 * count
    sale = shop.place(shop.goods, count, provider)
    shop.pay(sale)
    if hand:
        orders.hand_over(merchant_id=shop.merchant, number=sale.number, actor=STAFF)


@deed([Kind.WRITTEN_OFF], provider=st.sampled_from(["sandbox", "mypay"]), count=counts)
def pay_late_and_find_no_stock(shop: Shop, provider: str, count: int) -> None:
    """The order is cancelled and its cards are void when its money comes: it waits."""
    shop.bring(shop.plain, count)
    sale = shop.place(shop.plain.sku.uid, count, provider)
    orders.cancel_order(merchant_id=shop.merchant, number=sale.number, actor=BUYER)
    free = free_cards(shop, shop.plain)
    vault.void_cards(merchant_id=shop.merchant, card_uids=free[1:], actor=STAFF, reason="作废")
    shop.pay(sale)


@deed([Kind.STOCKED], count=counts)
def bring_stock(shop: Shop, count: int) -> None:
    shop.bring(shop.plain, count)
    orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.plain.sku.pk)


@deed([Kind.RECEIVED_TO_SUSPENSE], draw=draws, minor=st.integers(1, 5_000))
def pay_what_fits_nothing(shop: Shop, draw: int, minor: int) -> None:
    """A second payment, too much, too little, or for nothing that is known."""
    sale = of([one for one in shop.sales if one.provider in ("sandbox", "mypay")], draw)
    if sale is None:
        shop.bring(shop.plain, 1)
        sale = shop.place(shop.plain.sku.uid, 1, "sandbox")
        shop.pay(sale)
    shop.expected.received += minor
    shop.tell(sale, secrets.token_hex(8), minor)


@deed([Kind.RECEIVED_TO_SUSPENSE, Kind.MATCHED], part=st.integers(1, PRICE - 1))
def pay_in_two_parts(shop: Shop, part: int) -> None:
    shop.bring(shop.plain, 1)
    sale = shop.place(shop.plain.sku.uid, 1, "sandbox")
    for minor in (part, PRICE - part):
        shop.expected.received += minor
        shop.tell(sale, secrets.token_hex(8), minor)


@deed(draw=draws)
def tell_again(shop: Shop, draw: int) -> None:
    """A message that came before comes again: nothing happens."""
    sale = of([one for one in shop.sales if one.provider == "mypay"], draw)
    if sale is not None:
        ((seen,),) = shop.run(
            "select count(*) from receipt where provider_number = %s", f"mp-{sale.payment}"
        )
        if seen:
            shop.tell(sale, f"mp-{sale.payment}", sale.amount)
