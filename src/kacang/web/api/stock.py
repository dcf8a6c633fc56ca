"""Batches and cards in stock: looking at them, and changing many. Codes are told nowhere here."""

from collections.abc import Sequence
from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kacang.catalog import queries as catalog
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.numbers import numbers_of_lines
from kacang.vault import operations, queries
from kacang.vault.operations import Change, ChangeRequest
from kacang.vault.queries import BatchView, CardFilter, CardPage, CardState, CardView
from kacang.web.api.answers import answer, utc
from kacang.web.api.jobs import job_of
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Id, RepeatKey
from kacang.web.api.problems import Wrong
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import Job
from kacang.web.api.stock_schemas import (
    BatchQuery,
    CardQuery,
    ChangeIn,
    Levels,
    ReplacementIn,
    StockBatch,
    StockBatchList,
    StockCard,
    StockCardList,
)

router = Router(tags=["cards"])
reads = BearerKey("cards:read")
writes = BearerKey("cards:write")
# Both the stock and what buyers have are changed.
replaces = BearerKey("cards:write", "orders:write")
_STATES = {state.name.lower(): state for state in CardState}
# From the beginning again would be a list without end.
_STRANGE = Wrong(422, "request.bad_cursor", "This cursor does not come from this list.")


@router.get("/batches", response=StockBatchList, auth=reads, operation_id="list_batches")
def list_batches(request: HttpRequest, asked: Query[BatchQuery]) -> HttpResponse:
    """List batches with their cards by state, the newest first."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        sku_id = catalog.sku(merchant_id=merchant_id, uid=asked.sku_id).id if asked.sku_id else None
        if asked.cursor:
            try:
                queries.batch(merchant_id=merchant_id, uid=asked.cursor)
            except queries.UnknownBatch:
                raise _STRANGE from None
        page = queries.batches(
            merchant_id=merchant_id,
            sku_id=sku_id,
            supplier=asked.supplier,
            cursor=asked.cursor,
            limit=asked.limit,
        )
        items = _batches(merchant_id, page.items)
    return answer(StockBatchList(items=items, next_cursor=page.next_cursor or None))


@router.get("/batches/{batch_id}", response=StockBatch, auth=reads, operation_id="read_batch")
def read_batch(request: HttpRequest, batch_id: Id) -> HttpResponse:
    """Show one batch with its cards by state."""
    return answer(_batch(caller_of(request).merchant_id, batch_id))


@router.post(
    "/batches/{batch_id}/undo", response=StockBatch, auth=writes, operation_id="undo_batch"
)
def undo_batch(
    request: HttpRequest, batch_id: Id, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Take back a batch of which nobody has bought yet, until `can_undo_until`."""
    caller = caller_of(request)

    def effect() -> StockBatch:
        operations.undo_batch(
            merchant_id=caller.merchant_id, batch_uid=batch_id, actor=caller.actor
        )
        return _batch(caller.merchant_id, batch_id)

    return once(request, Once(caller, repeat_key, 200, effect))


@router.get("/cards", response=StockCardList, auth=reads, operation_id="list_cards")
def list_cards(request: HttpRequest, asked: Query[CardQuery]) -> HttpResponse:
    """List the cards of a SKU or a batch, in the order in which they came in."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        sku_id = catalog.sku(merchant_id=merchant_id, uid=asked.sku_id).id if asked.sku_id else 0
        wanted = CardFilter(
            sku_id=sku_id,
            batch_uid=asked.batch_id,
            states=(_STATES[asked.state],) if asked.state else (),
            pool_uid=asked.pool_id,
            supplier=asked.supplier,
            expires_from=asked.expires_from,
            expires_to=asked.expires_before,
        )
        try:
            page = _page(caller_of(request), wanted, asked)
        except queries.UnknownCard:
            raise _STRANGE from None
        items = _cards(merchant_id, page.items)
    return answer(StockCardList(items=items, next_cursor=page.next_cursor or None))


@router.post("/cards/changes", response={202: Job}, auth=writes, operation_id="change_cards")
def change_cards(
    request: HttpRequest, data: ChangeIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Start to freeze, put back, void or mark as faulty: a whole batch, or the cards named.

    Cards that are reserved or were ever sold stay as they are; the job's result counts them.
    """
    caller = caller_of(request)
    wanted = ChangeRequest(
        change=Change(data.change),
        reason=data.reason,
        batch_uid=data.batch_id or "",
        card_uids=data.card_ids,
    )

    def effect() -> Job:
        uid = operations.change_cards(
            merchant_id=caller.merchant_id, actor=caller.actor, request=wanted
        )
        return job_of(caller.merchant_id, uid)

    return once(request, Once(caller, repeat_key, 202, effect))


@router.post(
    "/cards/replacements", response={202: Job}, auth=replaces, operation_id="replace_cards"
)
def replace_cards(
    request: HttpRequest, data: ReplacementIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Start to give the buyers of bad cards other ones: of a whole batch, or of the cards named.

    Those that are unsold are marked as faulty first. Cards that are reserved or in use, and those
    without another card in stock, stay as they are; the job's result counts them by reason. It
    cannot be undone.
    """
    caller = caller_of(request)
    wanted = ChangeRequest(
        change=Change.FAULTY,
        reason=data.reason,
        batch_uid=data.batch_id or "",
        card_uids=data.card_ids,
    )

    def effect() -> Job:
        uid = orders.replace_cards(
            merchant_id=caller.merchant_id, actor=caller.actor, request=wanted
        )
        return job_of(caller.merchant_id, uid)

    return once(request, Once(caller, repeat_key, 202, effect))


def _page(caller: Caller, wanted: CardFilter, asked: CardQuery) -> CardPage:
    if not asked.number_ends:
        return queries.list_cards(
            merchant_id=caller.merchant_id, wanted=wanted, cursor=asked.cursor, limit=asked.limit
        )
    return operations.cards_ending(
        merchant_id=caller.merchant_id,
        actor=caller.actor,
        ends=asked.number_ends,
        wanted=wanted,
        cursor=asked.cursor,
        limit=asked.limit,
    )


def _batch(merchant_id: int, uid: str) -> StockBatch:
    with acting_as(merchant_id):
        found = queries.batch(merchant_id=merchant_id, uid=uid)
        return _batches(merchant_id, [found])[0]


def _batches(merchant_id: int, found: Sequence[BatchView]) -> list[StockBatch]:
    skus = _skus(merchant_id, [view.sku_id for view in found])
    return [
        StockBatch.model_construct(
            id=view.uid,
            number=view.number,
            sku_id=skus.get(view.sku_id),
            source=view.source,
            state=view.state.name.lower(),
            supplier=view.supplier,
            purchase_number=view.purchase_number,
            unit_cost_minor=view.unit_cost.minor,
            currency=view.unit_cost.currency,
            valid_until=utc(view.valid_until),
            note=view.note,
            face_value_minor=view.face_value.minor if view.face_value else None,
            face_currency=view.face_value.currency if view.face_value else None,
            data=dict(view.facts),
            card_count=view.card_count,
            cards=Levels.model_construct(**asdict(view.levels)),
            created_at=utc(view.created_at),
            stocked_at=utc(view.stocked_at),
            undone_at=utc(view.undone_at),
            can_undo_until=utc(view.can_undo_until),
        )
        for view in found
    ]


def _cards(merchant_id: int, found: Sequence[CardView]) -> list[StockCard]:
    skus = _skus(merchant_id, [view.sku_id for view in found])
    lines = [view.line_id for view in found if view.line_id is not None]
    numbers = numbers_of_lines(merchant_id=merchant_id, line_ids=lines) if lines else {}
    return [
        StockCard.model_construct(
            id=view.uid,
            number=view.shown_number or None,
            sku_id=skus.get(view.sku_id),
            batch_id=view.batch_uid,
            state=view.state.name.lower(),
            order_number=numbers.get(view.line_id or 0),
            remark=view.remark,
            face_value_minor=view.face_value.minor if view.face_value else None,
            face_currency=view.face_value.currency if view.face_value else None,
            created_at=utc(view.created_at),
            expires_at=utc(view.expires_at),
            sold_at=utc(view.sold_at),
        )
        for view in found
    ]


def _skus(merchant_id: int, ids: Sequence[int]) -> dict[int, str]:
    found = catalog.skus_by_id(merchant_id=merchant_id, ids=set(ids))
    return {sku.id: sku.uid for sku in found.values()}
