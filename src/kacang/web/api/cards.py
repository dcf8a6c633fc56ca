"""Bringing card secrets into stock: from a file, from lines, or made up."""

import hashlib
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ValidationError

from kacang.merchants import queries as merchants
from kacang.outbox import files
from kacang.shared.money import Money
from kacang.vault import operations as vault
from kacang.vault.operations import GenerateRequest, ImportRequest, Purchase, SerialRange, Wishes
from kacang.web.api.card_schemas import (
    CameIn,
    GenerateIn,
    ImportFileIn,
    ImportLinesIn,
    ImportOptions,
    SerialIn,
)
from kacang.web.api.jobs import job_of
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, RepeatKey
from kacang.web.api.problems import BadInput, Wrong
from kacang.web.api.reading import read_json
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import Job

M = TypeVar("M", bound=BaseModel)
JSON, FORM = "application/json", "multipart/form-data"
PURPOSE = "import"
router = Router(tags=["cards"])
writes = BearerKey("cards:write")

# Two ways to send the same thing: ninja knows only one of them per operation.
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/ImportLinesIn"}},
            FORM: {"schema": {"$ref": "#/components/schemas/ImportFileIn"}},
        },
    }
}


@router.post(
    "/cards/import",
    response={202: Job},
    auth=writes,
    operation_id="import_cards",
    openapi_extra=_BODY,
)
def import_cards(request: HttpRequest, repeat_key: RepeatKey = IDEMPOTENCY_KEY) -> HttpResponse:
    """Start an import: of a workbook, text, zip or picture as form data, or of lines as JSON."""
    caller = caller_of(request)
    if request.content_type == JSON:
        return _import_lines(request, caller, repeat_key)
    return _import_file(request, caller, repeat_key)


@router.post("/cards/generate", response={202: Job}, auth=writes, operation_id="generate_cards")
def generate_cards(
    request: HttpRequest, data: GenerateIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Start to make up cards of a pattern; none is ever made twice."""
    caller = caller_of(request)
    wanted = GenerateRequest(
        sku_uid=data.sku_id,
        count=data.count or 0,
        pattern=data.pattern,
        number_pattern=data.number_pattern,
        serial=_serial(data.numbers) if data.numbers else None,
        purchase=_purchase(caller, data),
    )

    def effect() -> Job:
        uid = vault.generate_cards(
            merchant_id=caller.merchant_id, actor=caller.actor, request=wanted
        )
        return job_of(caller.merchant_id, uid)

    return once(request, Once(caller, repeat_key, 202, effect))


def _import_lines(request: HttpRequest, caller: Caller, key: str | None) -> HttpResponse:
    data = _checked(ImportLinesIn, read_json(request.body))

    def effect() -> Job:
        file = vault.seal_lines(merchant_id=caller.merchant_id, lines=data.lines)
        return _started(caller, file, data)

    return once(request, Once(caller, key, 202, effect))


def _import_file(request: HttpRequest, caller: Caller, key: str | None) -> HttpResponse:
    if set(request.FILES) != {"file"} or len(request.FILES.getlist("file")) != 1:
        raise Wrong(422, "request.file_missing", "Send exactly one file, as `file`.")
    if any(len(values) > 1 for _, values in request.POST.lists()):
        raise Wrong(422, "request.repeated_parameter", "A field is given twice.")
    data = _checked(ImportFileIn, request.POST.dict(), from_text=True)
    upload: Any = request.FILES["file"]

    def effect() -> Job:
        file = files.store_upload(merchant_id=caller.merchant_id, purpose=PURPOSE, upload=upload)
        return _started(caller, file, data)

    # Equal forms differ in the line that parts their fields.
    content = hashlib.sha256(data.model_dump_json().encode())
    for piece in upload.chunks() if key else ():
        content.update(piece)
    return once(request, Once(caller, key, 202, effect, content=content.digest()))


def _wishes(data: ImportOptions) -> Wishes:
    named = enumerate(data.columns.split(",") if data.columns else ())
    columns = {name: at for at, name in named if name}
    unit, block_end = (data.unit, data.block_end) if isinstance(data, ImportFileIn) else ("", "")
    return Wishes(columns or None, data.has_header, data.separator, unit, block_end)


def _serial(said: SerialIn) -> SerialRange:
    return SerialRange(
        said.first, said.last, said.prefix, said.step, said.width, has_check=said.check_digit
    )


def _purchase(caller: Caller, data: CameIn) -> Purchase:
    face = data.face_value_minor
    currency = data.face_currency
    if face is not None and currency is None:
        currency = merchants.merchant(merchant_id=caller.merchant_id).currency
    return Purchase(
        supplier=data.supplier,
        purchase_number=data.purchase_number,
        unit_cost_minor=data.unit_cost_minor,
        valid_until=data.valid_until,
        note=data.note,
        face_value=None if face is None or currency is None else Money(face, currency),
        facts=tuple((label.strip(), text.strip()) for label, text in data.data.items()),
    )


def _started(caller: Caller, file: str, data: ImportOptions) -> Job:
    uid = vault.import_cards(
        merchant_id=caller.merchant_id,
        actor=caller.actor,
        file_uid=file,
        request=ImportRequest(
            sku_uid=data.sku_id,
            purchase=_purchase(caller, data),
            wishes=_wishes(data),
            keep_good=data.keep_good,
        ),
    )
    return job_of(caller.merchant_id, uid)


def _checked(model: type[M], raw: Any, *, from_text: bool = False) -> M:
    try:
        return model.model_validate_strings(raw) if from_text else model.model_validate(raw)
    except ValidationError as error:
        raise BadInput(error) from None
