"""Cases as the API tells of them."""

from collections.abc import Sequence
from typing import Any

from kacang.aftersales.queries import CaseRow, CaseView
from kacang.aftersales.types import Author, MessageView
from kacang.orders import queries as orders
from kacang.orders.types import OrderView
from kacang.web.api.answers import utc
from kacang.web.api.case_schemas import CaseDetail, CaseFile, CaseMessage, CaseSummary, CaseUnit

AUTHORS = {Author.BUYER: "buyer", Author.STAFF: "shop", Author.BOT: "bot"}


def summaries(merchant_id: int, rows: Sequence[CaseRow]) -> list[CaseSummary]:
    """Tell of cases in a list."""
    ids = sorted({row.order_id for row in rows})
    numbers = orders.numbers_of(merchant_id=merchant_id, order_ids=ids)
    return [CaseSummary.model_construct(**_facts(row, numbers[row.order_id])) for row in rows]


def case_detail(found: CaseView, order: OrderView) -> CaseDetail:
    """Tell all of a case."""
    lines = {line.id: place for place, line in enumerate(order.lines, start=1)}
    return CaseDetail.model_construct(
        **_facts(found.row, order.number),
        units=[
            CaseUnit.model_construct(line=lines[line_id], unit=unit_no)
            for line_id, unit_no in found.places
        ],
        messages=[_message(one) for one in found.messages],
    )


def _message(said: MessageView) -> CaseMessage:
    return CaseMessage.model_construct(
        author=AUTHORS[said.author],
        name=said.author_label or None,
        text=said.text,
        at=utc(said.at),
        files=[
            CaseFile.model_construct(
                id=file.uid,
                kind=file.kind.name.lower(),
                content_type=file.content_type,
                size=file.size,
                is_kept=file.is_kept,
            )
            for file in said.files
        ],
    )


def _facts(row: CaseRow, number: str) -> dict[str, Any]:
    return {
        "id": row.uid,
        "order": number,
        "kind": row.kind.name.lower(),
        "state": row.state.name.lower(),
        "opened_at": utc(row.opened_at),
        "due_at": utc(row.due_at),
        "is_late": row.is_late,
        "is_repeater": row.is_repeater,
        "owner": row.owner_label or None,
        "decision": row.decision.name.lower() if row.decision else None,
        "decided_at": utc(row.decided_at),
        "reason": row.reason or None,
        "amount_minor": row.amount.minor if row.amount else None,
        "currency": row.amount.currency if row.amount else None,
        "refunds": list(row.outcome.get("refunds", ())),
        "pieces": row.outcome.get("pieces"),
        "parcel": row.outcome.get("parcel"),
        "stars": row.stars,
        "closed_at": utc(row.closed_at),
        "reopened": row.reopened,
    }
