"""Finding cards by what a person has of them: an exact code, or how the number ends (V4).

Both are looked for by keyed prints. The log says who searched, by what, and how much was found;
what was typed is written nowhere.
"""

from dataclasses import replace

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import MerchantCipher
from kacang.vault.card_ids import UnknownCard, open_card_id, seal_card_id
from kacang.vault.finding.listing import LIMIT_MAX, CardPage, CardView, card_view, find_cards
from kacang.vault.finding.selecting import NARROWED, CardFilter, narrowing
from kacang.vault.finding.tails import is_tail, tail_print
from kacang.vault.models import Card

NEXT = f"""
select c.id from card c
where c.merchant_id = %(merchant)s::bigint and c.tail_print = %(tail)s::bigint
  and c.id > %(after)s::bigint
  and (%(batches)s::bigint[] is null or c.batch_id = any(%(batches)s::bigint[]))
  and {NARROWED}
order by c.id limit %(most)s::int
"""  # noqa: S608 - our own text
_NUMBERED = """
select c.id from card c
where c.merchant_id = %(merchant)s::bigint and c.tail_print = %(tail)s::bigint
  and c.number = %(number)s::text
order by c.id limit %(most)s::int
"""
_BITS = 64


def search_cards(
    *, merchant_id: int, actor: Actor, text: str, cursor: str = "", limit: int = 50
) -> CardPage:
    """Return the cards that have exactly this code, and those whose number ends so.

    Only four characters are taken for an end. With a cursor, which holds what was looked for,
    the text is left out.

    Raises:
        UnknownCard: The cursor was made up.
    """
    cipher = cipher_for(merchant_id)
    is_end = bool(cursor) or is_tail(text)
    exact = () if cursor else tuple(find_cards(merchant_id=merchant_id, code=text))
    with acting_as(merchant_id):
        page = CardPage((), "")
        if is_end:
            tail, after = _opened(cipher, cursor) if cursor else (tail_print(cipher, text), 0)
            page = _page(merchant_id, cipher, CardFilter(), (tail or 0, after, limit))
        known = {card.uid for card in exact}
        items = exact + tuple(card for card in page.items if card.uid not in known)
        _log(merchant_id, actor, "code_or_end" if is_end else "code", len(items))
    return replace(page, items=items)


def cards_ending(
    *,
    merchant_id: int,
    actor: Actor,
    ends: str,
    wanted: CardFilter,
    cursor: str = "",
    limit: int = 50,
) -> CardPage:
    """Return the cards whose number ends so, in the order of their arrival; a filter may be empty.

    Raises:
        BadFilter, UnknownBatch, UnknownPool: As they say.
        UnknownCard: The cursor was made up, or is of another search.
    """
    cipher = cipher_for(merchant_id)
    tail, after = tail_print(cipher, ends) or 0, 0
    if cursor:
        of, after = _opened(cipher, cursor)
        if of != tail:
            raise UnknownCard
    with acting_as(merchant_id):
        page = _page(merchant_id, cipher, wanted, (tail, after, limit))
        _log(merchant_id, actor, "end", len(page.items))
    return page


def cards_numbered(*, merchant_id: int, number: str, most: int) -> list[CardView]:
    """Return cards that have exactly this number, where numbers are no secret.

    A number that is itself secret is found by its end alone. Who finds cards writes it down.
    """
    cipher = cipher_for(merchant_id)
    tail = tail_print(cipher, number)
    if tail is None:
        return []
    values: dict[str, int | str] = {
        "merchant": merchant_id, "tail": tail, "number": number, "most": most,
    }  # fmt: skip
    with acting_as(merchant_id):
        with connection.cursor() as cursor:
            cursor.execute(_NUMBERED, values)
            ids = [row[0] for row in cursor.fetchall()]
        rows = Card.objects.filter(merchant_id=merchant_id).select_related("batch").in_bulk(ids)
        return [card_view(cipher, rows[card_id]) for card_id in ids]


def _page(
    merchant_id: int, cipher: MerchantCipher, wanted: CardFilter, place: tuple[int, int, int]
) -> CardPage:
    tail, after, limit = place
    limit = max(1, min(limit, LIMIT_MAX))
    values = {"tail": tail, "after": after, "most": limit + 1, "erased": False}
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {**narrowing(merchant_id, wanted), **values})
        found = [row[0] for row in cursor.fetchall()]
    shown = found[:limit]
    rows = Card.objects.filter(merchant_id=merchant_id).select_related("batch").in_bulk(shown)
    views = tuple(card_view(cipher, rows[card_id]) for card_id in shown if card_id in rows)
    goes_on = _sealed(cipher, tail, shown[-1]) if len(found) > limit else ""
    return CardPage(views, goes_on)


def _log(merchant_id: int, actor: Actor, kind: str, found: int) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action="cards.search",
        object_kind="cards",
        after={"search": kind, "found": found},
    )


def _sealed(cipher: MerchantCipher, tail: int, card_id: int) -> str:
    unsigned = tail % (1 << _BITS)
    return ".".join(seal_card_id(cipher, number) for number in (unsigned, card_id))


def _opened(cipher: MerchantCipher, cursor: str) -> tuple[int, int]:
    tail, dot, card = cursor.partition(".")
    if not dot:
        raise UnknownCard
    unsigned = open_card_id(cipher, tail)
    signed = unsigned - (1 << _BITS) if unsigned >= 1 << (_BITS - 1) else unsigned
    after = open_card_id(cipher, card)
    if after >= 1 << (_BITS - 1):
        raise UnknownCard
    return signed, after
