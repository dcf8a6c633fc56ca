"""Buyers who come at the same moment are served by one transaction (rule 2).

Threads that place orders of one merchant form sets: see `shared.gathering`.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from django.db import connection

from kacang.orders.buying.placing import Outcome, place_alone, place_set
from kacang.orders.buying.repeating import KeyTaken, Repeat
from kacang.orders.turns import SET_MAX, turn
from kacang.orders.types import PlacedOrder, PlaceRequest
from kacang.shared.errors import DomainError
from kacang.shared.gathering import Gathering


@dataclass(frozen=True, slots=True)
class _Wanted:
    request: PlaceRequest
    repeat: Repeat | None = None


def place_order(*, merchant_id: int, request: PlaceRequest) -> PlacedOrder:
    """Place one order and reserve a card for each of its units until it is paid or expires.

    An order that costs nothing is delivered in the same transaction. May be called inside
    `acting_as`; a refusal then ends the caller's transaction too.

    Raises:
        SoldOut: Too few cards are free. Nothing was kept.
        TooManyUnpaid, TooFast, BuyerLimit, Blocked: The buyer's limits say no.
        UnknownSku, BadQuantity, BadChoice, BadAnswer, BadPassword, NoProvider: Wrong request.
        ExternalNumberTaken: There is an order of that external number.
    """
    # A password takes long to hash: nobody else is to wait for that.
    if connection.in_atomic_block or request.password:
        return place_alone(merchant_id, request)
    outcome = _meeting.do((merchant_id, 0), _Wanted(request))
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def place_order_once(
    *, merchant_id: int, request: PlaceRequest, repeat: Repeat
) -> PlacedOrder | None:
    """Place one order under an idempotency key that is new; the key keeps its answer (rule 15).

    None: nothing was done. The key is taken, or the order was refused beside others: what is to
    be answered is decided in a transaction of its own.
    """
    if connection.in_atomic_block or request.password:
        return None
    outcome = _meeting.do((merchant_id, 0), _Wanted(request, repeat))
    return None if isinstance(outcome, DomainError) else outcome


def promise_order(
    *, merchant_id: int, request: PlaceRequest, executor: Executor, repeat: Repeat | None = None
) -> asyncio.Future[Outcome]:
    """Promise to place one order beside others, for a caller in an event loop.

    What becomes of it is the answer: `KeyTaken` when nothing was done, as `place_order_once` has
    it; another error when it was refused. A password is hashed by whoever leads: see to it that
    there is none.
    """
    assert not request.password
    return _meeting.promise((merchant_id, 0), _Wanted(request, repeat), executor)


def place_orders(*, merchant_id: int, requests: Sequence[PlaceRequest]) -> list[Outcome]:
    """Place many orders in one transaction; each is placed whole or refused on its own.

    One that found too little stock, or failed beside others, is tried once more alone before
    it is refused: cards that another order of the batch had locked may be free by then (rule 6).
    """
    return _place(merchant_id, [_Wanted(request) for request in requests])


def _place(merchant_id: int, wanted: Sequence[_Wanted]) -> list[Outcome]:
    if len(wanted) == 1 and wanted[0].repeat is None:
        return [_alone(merchant_id, wanted[0])]
    try:
        outcomes = place_set(
            merchant_id,
            [one.request for one in wanted],
            repeats=[one.repeat for one in wanted],
        )
    except DomainError as error:
        outcomes = [error] * len(wanted)
    return [
        _alone(merchant_id, one) if isinstance(outcome, DomainError) else outcome
        for one, outcome in zip(wanted, outcomes, strict=True)
    ]


def _alone(merchant_id: int, wanted: _Wanted) -> Outcome:
    if wanted.repeat is not None:
        # Its key and its answer belong into one transaction, which the caller opens.
        return KeyTaken()
    try:
        return place_alone(merchant_id, wanted.request)
    except DomainError as error:
        return error


def _place_gathered(lane: tuple[int, int], wanted: Sequence[_Wanted]) -> list[Outcome]:
    return _place(lane[0], wanted)


_meeting: Gathering[tuple[int, int], _Wanted, Outcome] = Gathering(
    _place_gathered, most=SET_MAX, turn=turn
)
