"""After-sales cases: opening, reading, talking and deciding (X1, X2)."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import ValidationError

from kacang.aftersales import operations, queries
from kacang.aftersales.errors import BadCaseUnits, BadEvidence, NothingToDecide
from kacang.aftersales.evidence import MB, PICTURE_BYTES_MAX, VIDEO_BYTES_MAX
from kacang.aftersales.queries import CaseFilter, CaseKind, CaseState, Decision
from kacang.aftersales.types import Correction, NewCase, Place, Verdict
from kacang.merchants.tenancy import acting_as
from kacang.orders import access
from kacang.orders import queries as orders
from kacang.orders.errors import AccessRefused
from kacang.orders.shipping.operations import ParcelWish
from kacang.orders.types import Credentials, OrderView
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.web.api.answers import answer
from kacang.web.api.case_schemas import (
    CaseCorrection,
    CaseDecisionIn,
    CaseDetail,
    CaseFileIn,
    CaseIn,
    CaseList,
    CaseMessageIn,
    CaseQuery,
    CaseUnit,
)
from kacang.web.api.case_views import case_detail, summaries
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Id, Number, RepeatKey
from kacang.web.api.problems import BadInput, Wrong
from kacang.web.api.repeats import Once, once
from kacang.web.evidence import evidence_answer

router = Router(tags=["cases"])
reads = BearerKey("cases:read")
writes = BearerKey("cases:write")
decides = BearerKey("cases:decide")
FORM = "multipart/form-data"
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": {"$ref": "#/components/schemas/CaseFileIn"}}},
    }
}
_BYTES = {
    "responses": {
        200: {
            "description": "The file, as it is kept. A video is to be saved, not shown.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/webp", "video/mp4", "video/quicktime", "video/webm")
            },
        }
    }
}


@router.get("/cases", response=CaseList, auth=reads, operation_id="list_cases")
def list_cases(request: HttpRequest, asked: Query[CaseQuery]) -> HttpResponse:
    """List cases: in one state whose clock runs by deadline, else the newest first."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        order_id = (
            orders.order(merchant_id=merchant_id, number=asked.order).id if asked.order else None
        )
        page = queries.cases_page(
            merchant_id=merchant_id,
            where=CaseFilter(
                states=(CaseState[asked.state.upper()],) if asked.state else (), order_id=order_id
            ),
            cursor=asked.cursor,
            limit=asked.limit,
        )
        items = summaries(merchant_id, page.rows)
    return answer(CaseList(items=items, next_cursor=page.next_cursor or None))


@router.get("/cases/{case_id}", response=CaseDetail, auth=reads, operation_id="read_case")
def read(request: HttpRequest, case_id: Id) -> HttpResponse:
    """Show a case with all that was said in it."""
    response = answer(_told(caller_of(request).merchant_id, case_id))
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get(
    "/cases/{case_id}/files/{file_id}",
    auth=reads,
    operation_id="read_case_file",
    openapi_extra=_BYTES,
)
def read_file(request: HttpRequest, case_id: Id, file_id: Id) -> HttpResponse:
    """Give a picture or video of a case."""
    view, body = operations.read_evidence(
        merchant_id=caller_of(request).merchant_id, case_uid=case_id, uid=file_id
    )
    return evidence_answer(view.kind, view.content_type, view.uid, body)


@router.post(
    "/orders/{number}/cases", response={201: CaseDetail}, auth=writes, operation_id="open_case"
)
def open_case(
    request: HttpRequest, number: Number, data: CaseIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Open a case for units of an order, on behalf of its buyer.

    The limits of the shop's own pages hold: an open case for each unit, so many a day for each
    contact, so many days after delivery.
    """
    caller = caller_of(request)
    merchant_id = caller.merchant_id
    order = orders.order(merchant_id=merchant_id, number=number)
    if data.proof is not None:
        # Before the transaction of the effect: guesses count whatever becomes of that.
        shown = Credentials(data.proof.token, data.proof.password)
        if not access.check_access(merchant_id=merchant_id, number=number, credentials=shown):
            raise AccessRefused

    def effect() -> CaseDetail:
        uid = operations.open_case(
            merchant_id=merchant_id,
            new=NewCase(
                number=number,
                kind=CaseKind[data.kind.upper()],
                places=_places(data.units, order),
                text=data.text,
                request_uid=new_uid("req"),
            ),
            actor=caller.actor,
        )
        return _told(merchant_id, uid)

    return once(request, Once(caller, repeat_key, 201, effect))


@router.post(
    "/cases/{case_id}/messages",
    response={201: CaseDetail},
    auth=writes,
    operation_id="write_in_case",
)
def write(
    request: HttpRequest,
    case_id: Id,
    data: CaseMessageIn,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Say something in an open case: on behalf of its buyer, or for the shop."""
    caller = caller_of(request)

    def effect() -> CaseDetail:
        if data.author == "buyer":
            _write(caller, case_id, data.text, ())
        else:
            operations.answer(
                merchant_id=caller.merchant_id,
                uid=case_id,
                text=data.text,
                waits=data.waits,
                actor=caller.actor,
                owner_uid="",
            )
        return _told(caller.merchant_id, case_id)

    return once(request, Once(caller, repeat_key, 201, effect))


@router.post(
    "/cases/{case_id}/files",
    response={201: CaseDetail},
    auth=writes,
    operation_id="show_in_case",
    openapi_extra=_UPLOAD,
)
def show(
    request: HttpRequest, case_id: Id, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Add a picture or video of the buyer's, as form data: `file`, and `text` about it.

    It is judged by its bytes; a picture is written anew without what it carried besides.
    """
    caller = caller_of(request)
    if set(request.FILES) != {"file"} or len(request.FILES.getlist("file")) != 1:
        raise Wrong(422, "request.file_missing", "Send exactly one file, as `file`.")
    if any(len(values) > 1 for _, values in request.POST.lists()):
        raise Wrong(422, "request.repeated_parameter", "A field is given twice.")
    try:
        data = CaseFileIn.model_validate_strings(request.POST.dict())
    except ValidationError as error:
        raise BadInput(error) from None
    upload: Any = request.FILES["file"]
    if (upload.size or 0) > VIDEO_BYTES_MAX:
        raise BadEvidence(picture_mb=PICTURE_BYTES_MAX // MB, video_mb=VIDEO_BYTES_MAX // MB)
    body = upload.read()

    def effect() -> CaseDetail:
        found = operations.judge_evidence(
            name=upload.name or "", content_type=upload.content_type or "", body=body
        )
        _write(caller, case_id, data.text, (found,))
        return _told(caller.merchant_id, case_id)

    # Equal forms differ in the line that parts their fields.
    content = hashlib.sha256(data.model_dump_json().encode() + body).digest()
    return once(request, Once(caller, repeat_key, 201, effect, content=content))


@router.post(
    "/cases/{case_id}/decision", response=CaseDetail, auth=decides, operation_id="decide_case"
)
def decide(
    request: HttpRequest,
    case_id: Id,
    data: CaseDecisionIn,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Decide a case and do what is decided, all or nothing. The buyer is told.

    A refund obeys what the merchant lets keys give back alone; more waits for a person.
    """
    caller = caller_of(request)
    merchant_id = caller.merchant_id

    def effect() -> CaseDetail:
        operations.decide(
            merchant_id=merchant_id,
            uid=case_id,
            verdict=_verdict(merchant_id, case_id, data),
            actor=caller.actor,
            role="api",
            owner_uid="",
        )
        return _told(merchant_id, case_id)

    return once(request, Once(caller, repeat_key, 200, effect))


def _write(caller: Caller, case_id: str, text: str, files: Sequence[Any]) -> None:
    found = queries.case(merchant_id=caller.merchant_id, uid=case_id)
    operations.write(
        merchant_id=caller.merchant_id,
        order_id=found.row.order_id,
        uid=case_id,
        text=text,
        files=files,
        actor=caller.actor,
    )


def _told(merchant_id: int, uid: str) -> CaseDetail:
    with acting_as(merchant_id):
        found = queries.case(merchant_id=merchant_id, uid=uid)
        order = orders.order_by_id(merchant_id=merchant_id, order_id=found.row.order_id)
    return case_detail(found, order)


def _places(units: Sequence[CaseUnit], order: OrderView) -> list[Place]:
    lines = {place: line.id for place, line in enumerate(order.lines, start=1)}
    if any(unit.line not in lines for unit in units):
        raise BadCaseUnits(limit=200)
    return [(lines[unit.line], unit.unit) for unit in units]


def _verdict(merchant_id: int, uid: str, data: CaseDecisionIn) -> Verdict:
    row = queries.case(merchant_id=merchant_id, uid=uid).row
    order = orders.order_by_id(merchant_id=merchant_id, order_id=row.order_id)
    amount = data.amount_minor
    return Verdict(
        decision=Decision[data.decision.upper()],
        reason=data.reason,
        amount=None if amount is None else Money(amount, order.payable.currency),
        take_back=data.cards == "return",
        by_hand=data.way == "by_hand",
        to_wallet=data.way == "wallet",
        corrections=_corrections(merchant_id, uid, data.corrections, order),
        parcel=ParcelWish(data.parcel.courier, data.parcel.tracking_number)
        if data.parcel
        else None,
    )


def _corrections(
    merchant_id: int, uid: str, corrections: Sequence[CaseCorrection], order: OrderView
) -> list[Correction]:
    if not corrections:
        return []
    cards = queries.cards(merchant_id=merchant_id, uid=uid)
    held = {(card.line_id, card.unit_no): card.card_uid for card in cards}
    places = _places(corrections, order)
    if len(set(places)) < len(places) or any(place not in held for place in places):
        raise NothingToDecide
    return [
        Correction(held[place], said.secret, said.number or None)
        for place, said in zip(places, corrections, strict=True)
    ]
