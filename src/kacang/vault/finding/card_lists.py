"""Lists of cards by filter, page by page: never with a secret (V3)."""

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import MerchantCipher
from kacang.vault.card_ids import UnknownCard, open_card_id, seal_card_id
from kacang.vault.finding.listing import LIMIT_MAX, CardPage, card_view
from kacang.vault.finding.selecting import START, CardFilter, next_cards, select_cards
from kacang.vault.models import Card, CardState


def list_cards(
    *, merchant_id: int, wanted: CardFilter, cursor: str = "", limit: int = 50
) -> CardPage:
    """Return the cards that fit, batch by batch, in the order in which they came in.

    Raises:
        BadFilter, UnknownBatch, UnknownPool: As they say.
        UnknownCard: The cursor was made up.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    cipher = cipher_for(merchant_id)
    after = _opened(cipher, cursor) if cursor else START
    with acting_as(merchant_id):
        selection = select_cards(merchant_id, wanted)
        found = next_cards(merchant_id, selection, after, limit + 1, erased=True)
        shown = found[:limit]
        rows = (
            Card.objects.filter(merchant_id=merchant_id)
            .select_related("batch")
            .in_bulk([card_id for _batch, card_id in shown])
        )
        views = tuple(
            card_view(cipher, rows[card_id]) for _batch, card_id in shown if card_id in rows
        )
    return CardPage(views, _sealed(cipher, shown[-1]) if len(found) > limit else "")


def cards_of_batch(
    *,
    merchant_id: int,
    batch_uid: str,
    state: CardState | None = None,
    cursor: str = "",
    limit: int = 50,
) -> CardPage:
    """Return cards of a batch in the order in which they came in.

    Raises:
        UnknownBatch: There is none.
    """
    wanted = CardFilter(batch_uid=batch_uid, states=() if state is None else (state,))
    return list_cards(merchant_id=merchant_id, wanted=wanted, cursor=cursor, limit=limit)


def _sealed(cipher: MerchantCipher, place: tuple[int, int]) -> str:
    return ".".join(seal_card_id(cipher, number) for number in place)


def _opened(cipher: MerchantCipher, cursor: str) -> tuple[int, int]:
    batch, dot, card = cursor.partition(".")
    if not dot:
        raise UnknownCard
    return open_card_id(cipher, batch), open_card_id(cipher, card)
