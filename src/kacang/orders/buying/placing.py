"""Placing orders: all or nothing for each, many at once, reserved from the first moment (rule 1).

Three statements in one transaction: what the SKUs cost and who is kept out (`quote.sql`), the
caps that the buyer counts towards, then the claim and the rows (`place.sql`). Nobody waits for a
card: a locked one is skipped.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from psycopg import errors

from kacang.catalog.queries import StockMode
from kacang.logistics import operations as logistics
from kacang.merchants import queries as merchants
from kacang.merchants.keys import cipher_for
from kacang.merchants.queries import UnknownStore
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.buying import drafts
from kacang.orders.buying.cancelling import expire_due
from kacang.orders.buying.drafts import Draft, DraftLine, Quoted
from kacang.orders.buying.limits import Wish, refusal_of, wishes_of
from kacang.orders.buying.repeating import KeyTaken, Repeat, claim, keep
from kacang.orders.buying.rules import Rules, rules_of
from kacang.orders.counters import pack
from kacang.orders.errors import Blocked, ExternalNumberTaken, NoProvider, SoldOut
from kacang.orders.fulfilling import goods
from kacang.orders.fulfilling.delivering import deliver_free
from kacang.orders.models import Event, OrderState
from kacang.orders.statements import rows, table
from kacang.orders.types import OpenPayment, PlacedOrder, PlaceRequest
from kacang.payments import queries as payments
from kacang.risk import operations as risk
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_payment_number
from kacang.shared.money import Money
from kacang.vault.operations import outlast_writing

Outcome = PlacedOrder | DomainError
OVERDUE_MAX = 100


def place_alone(merchant_id: int, request: PlaceRequest) -> PlacedOrder:
    """Place one order in a transaction of its own, or the caller's; a refusal ends it.

    Raises:
        DomainError: As `operations.place_order` says.
    """
    (outcome,) = place_set(merchant_id, [request], alone=True)
    assert isinstance(outcome, PlacedOrder)
    return outcome


@retry_conflicts
def place_set(
    merchant_id: int,
    requests: Sequence[PlaceRequest],
    *,
    repeats: Sequence[Repeat | None] = (),
    alone: bool = False,
) -> list[Outcome]:
    """Place each of the orders whole or refuse it, in one transaction.

    Args:
        merchant_id: Whose shop.
        requests: What is wanted.
        repeats: The idempotency key of each, if any at all has one.
        alone: Whether the refusal of the only order ends the transaction.

    Raises:
        ExternalNumberTaken: There is an order of one of the external numbers. Nothing was placed.
    """
    rules = rules_of(merchant_id)
    begun = [_begin(request, rules) for request in requests]
    try:
        with acting_as(merchant_id, hot=True):
            for at in claim(merchant_id, repeats):
                begun[at] = KeyTaken()
            outcomes = _write(merchant_id, begun, rules)
            if alone and isinstance(outcomes[0], DomainError):
                # Leaving by the error undoes what was counted for the order.
                raise outcomes[0]
            keep(merchant_id, repeats, outcomes)
            return outcomes
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, errors.UniqueViolation) and "external" in str(cause):
            raise ExternalNumberTaken from error
        raise


def _begin(request: PlaceRequest, rules: Rules) -> Draft | DomainError:
    try:
        return drafts.begin(request, local_time=rules.local_now())
    except DomainError as error:
        return error


def _write(merchant_id: int, begun: Sequence[Draft | DomainError], rules: Rules) -> list[Outcome]:
    refused: dict[int, DomainError] = {}
    stores = _stores(merchant_id, begun)
    skus = _quote(merchant_id, [draft for draft in begun if isinstance(draft, Draft)])
    for at, draft in enumerate(begun):
        if isinstance(draft, DomainError):
            refused[at] = draft
            continue
        try:
            drafts.price(draft, skus, cipher_for(merchant_id))
            _check_blocked(draft)
            draft.store_id = _store_of(draft, stores)
        except DomainError as error:
            refused[at] = error
    taken = _count(merchant_id, begun, refused, rules)
    ready = [draft for at, draft in enumerate(begun) if at not in refused]
    placed = _claim(merchant_id, [draft for draft in ready if isinstance(draft, Draft)], rules)
    short = [draft for draft in ready if isinstance(draft, Draft) and draft.number not in placed]
    if short and outlast_writing(merchant_id):
        # The last cards may just have been under a new seal, and so been passed over.
        placed |= _claim(merchant_id, short, rules)
    outcomes = [_outcome(at, draft, refused, placed) for at, draft in enumerate(begun)]
    failed = {at for at, outcome in enumerate(outcomes) if isinstance(outcome, DomainError)}
    _give_back(merchant_id, taken, failed)
    return outcomes


def _outcome(
    at: int,
    draft: Draft | DomainError,
    refused: dict[int, DomainError],
    placed: dict[str, PlacedOrder],
) -> Outcome:
    if at in refused:
        return refused[at]
    assert isinstance(draft, Draft)
    return placed.get(draft.number) or SoldOut()


def _quote(merchant_id: int, begun: Sequence[Draft]) -> dict[str, Quoted]:
    uids = {item.sku_uid for draft in begun for item in draft.request.items}
    marks = {mark for draft in begun for mark in _marks(draft)}
    found = rows(
        sql.QUOTE,
        {
            "merchant": merchant_id,
            "uids": list(uids),
            "redeemed": [
                item.sku_uid
                for draft in begun
                if draft.request.is_redemption
                for item in draft.request.items
            ],
            "kinds": [kind for kind, _ in marks],
            "values": [value for _, value in marks],
        },
    )
    return {row[0]: Quoted(*row) for row in found}


def _stores(merchant_id: int, begun: Sequence[Draft | DomainError]) -> Mapping[str, int]:
    """Return the open stores that orders name: nothing is asked where none does."""
    named = {draft.request.origin.store for draft in begun if isinstance(draft, Draft)} - {""}
    return merchants.open_store_ids(merchant_id=merchant_id, uids=named) if named else {}


def _store_of(draft: Draft, stores: Mapping[str, int]) -> int | None:
    named = draft.request.origin.store
    if named and named not in stores:
        raise UnknownStore
    return stores.get(named)


def _marks(draft: Draft) -> list[tuple[str, str]]:
    """By what the blacklist may know this buyer."""
    contact, origin = draft.request.contact, draft.request.origin
    every = (
        ("email", contact.email),
        ("phone", contact.phone),
        ("address", origin.address),
        ("device", origin.device),
    )
    return [(kind, value) for kind, value in every if value]


def _check_blocked(draft: Draft) -> None:
    if not draft.lines[0].sku.blocked:
        return
    mine = {f"{kind}:{value}" for kind, value in _marks(draft)}
    if mine & set(draft.lines[0].sku.blocked):
        raise Blocked


def _count(
    merchant_id: int,
    begun: Sequence[Draft | DomainError],
    refused: dict[int, DomainError],
    rules: Rules,
) -> list[Wish]:
    """Take each order's place in the buyer's counters; who finds none is refused.

    Returns the places that were taken, those of refused orders too.
    """
    wishes: list[Wish] = []
    for at, draft in enumerate(begun):
        if at not in refused and isinstance(draft, Draft):
            wishes += wishes_of(at, draft, rules)
    full = risk.take(merchant_id=merchant_id, wants=[wish.want for wish in wishes])
    if full and expire_due(merchant_id=merchant_id, most=OVERDUE_MAX):
        # Orders whose time has passed hold nobody back, though no job has come by (L7).
        full = risk.take(merchant_id=merchant_id, wants=full)
    for wish in wishes:
        if wish.want in full:
            refused[wish.at] = refusal_of(wish.want)
    return [wish for wish in wishes if wish.want not in full]


def _give_back(merchant_id: int, taken: Sequence[Wish], failed: Container[int]) -> None:
    """Let go of what orders of a batch counted that were not placed after all."""
    back = [(wish.want.key, wish.want.amount) for wish in taken if wish.at in failed]
    risk.release(merchant_id=merchant_id, taken=back)


def _claim(merchant_id: int, ready: Sequence[Draft], rules: Rules) -> dict[str, PlacedOrder]:
    if not ready:
        return {}
    taken = goods.take_for(merchant_id, ready)
    ready = [draft for draft in ready if draft.number in taken or not draft.goods]
    open_payments = {
        draft.number: _payment(merchant_id, draft)
        for draft in ready
        if draft.request.provider and draft.total_minor
    }
    written = _insert(merchant_id, ready, open_payments, rules)
    by_number = {draft.number: draft for draft in ready}
    goods.hold_for(merchant_id, taken, {number: (key, by) for number, key, by, _ in written})
    # A statement for all, and none where nothing is sent.
    logistics.keep_recipients(
        merchant_id=merchant_id,
        recipients={
            order_id: whom
            for number, order_id, *_ in written
            if (whom := by_number[number].recipient) is not None
        },
    )
    free = {order_id for _, order_id, _, payable in written if payable == 0}
    whole = {key for number, key, _, _ in written if number in taken}
    # One that a redeem code is given for was not paid: whoever places it tells the timeline.
    event = 0 if any(draft.request.is_redemption for draft in ready) else Event.PAID
    states = deliver_free(merchant_id, sorted(free), with_goods=whole, event=event) if free else {}
    return {
        number: _placed(
            by_number[number],
            states.get(order_id, OrderState.PENDING),
            pay_by,
            open_payments.get(number),
        )
        for number, order_id, pay_by, _ in written
    }


def _insert(
    merchant_id: int,
    ready: Sequence[Draft],
    open_payments: dict[str, payments.OfflinePayment],
    rules: Rules,
) -> list[tuple[Any, ...]]:
    """Write the orders that find their cards: the quick way, then the thorough one."""
    plain = [draft for draft in ready if draft.is_plain]
    written = (
        rows(sql.PLACE_QUICK, _parameters(merchant_id, plain, open_payments, rules))
        if plain
        else []
    )
    done = {number for number, *_ in written}
    left = [draft for draft in ready if draft.number not in done]
    if left:
        written += rows(sql.PLACE, _parameters(merchant_id, left, open_payments, rules))
    return written


def _placed(
    draft: Draft, state: OrderState, pay_by: datetime, payment: payments.OfflinePayment | None
) -> PlacedOrder:
    payable = Money(draft.total_minor, draft.currency)
    way = payment and OpenPayment(
        payment_id=payment.number,
        provider=draft.request.provider,
        amount=payable,
        pay_url=payment.pay_url,
        qr_content=payment.qr_content,
        pay_by=pay_by,
        facts=payment.facts,
    )
    return PlacedOrder(draft.number, state, payable, pay_by, draft.token, way or None)


def _payment(merchant_id: int, draft: Draft) -> payments.OfflinePayment:
    """Make a payment of a company that needs no call for it."""
    made = payments.offline_payment(
        merchant_id=merchant_id,
        provider=draft.request.provider,
        number=new_payment_number(),
        amount=Money(draft.total_minor, draft.currency),
        products={line.sku.product_uid for line in draft.lines},
    )
    if made is None:
        raise NoProvider(provider=draft.request.provider[:30])
    return made


def _parameters(
    merchant_id: int,
    ready: Sequence[Draft],
    open_payments: dict[str, payments.OfflinePayment],
    rules: Rules,
) -> dict[str, Any]:
    lines = [
        (draft.number, number, line)
        for draft in ready
        for number, line in enumerate(draft.lines, start=1)
    ]
    return {
        "merchant": merchant_id,
        "orders": table(
            _order_record(draft, open_payments.get(draft.number), rules) for draft in ready
        ),
        "lines": table(_line_record(*line) for line in lines),
        "chosen": table(
            {
                "number": order,
                "line_no": number,
                "unit_no": unit,
                "sku_id": line.sku.id,
                "card_id": card,
            }
            for order, number, line in lines
            for unit, card in enumerate(line.chosen, start=1)
        ),
    }


def _order_record(
    draft: Draft, payment: payments.OfflinePayment | None, rules: Rules
) -> dict[str, Any]:
    request = draft.request
    record: dict[str, Any] = {
        "number": draft.number,
        "external_number": request.external_number,
        "api_key_id": request.origin.api_key_id,
        "channel": str(request.origin.channel),
        "currency": draft.currency,
        "total_minor": draft.total_minor,
        "email": request.contact.email,
        "phone": request.contact.phone,
        "language": request.language,
        "form": draft.form,
        "form_sealed": draft.form_sealed,
        "token_hash": draft.token_hash,
        "password_hash": draft.password_hash,
        "address": request.origin.address,
        "device": request.origin.device,
        "held": pack(draft.held),
        "limits": pack(draft.limits),
        "pay_minutes": rules.minutes_to_pay(request.provider),
        "units": draft.card_units,
        "store_id": draft.store_id,
    }
    if payment is not None:
        record |= {
            "account_id": payment.account_id,
            "payment": payment.number,
            "pay_url": payment.pay_url,
            "qr": payment.qr_content,
            "provider_ref": payment.provider_ref,
            "shown": {"facts": dict(payment.facts)} if payment.facts else {},
        }
    return record


def _line_record(order: str, number: int, line: DraftLine) -> dict[str, Any]:
    return {
        "number": order,
        "line_no": number,
        "sku_id": line.sku.id,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "stock_mode": line.sku.stock_mode,
        "strategy": line.sku.strategy,
        "is_chosen": bool(line.chosen) and line.sku.stock_mode == StockMode.CARDS,
    }
