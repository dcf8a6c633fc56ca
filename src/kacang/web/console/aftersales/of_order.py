"""The cases of one order, as its page shows them."""

from dataclasses import dataclass

from kacang.aftersales import queries
from kacang.aftersales.queries import CaseRow
from kacang.shared.texts import Text
from kacang.web.case_words import KINDS, decision_words


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case with its words."""

    case: CaseRow
    kind: Text
    decision: Text


def lines_of(*, merchant_id: int, order_id: int) -> list[CaseLine]:
    """Return an order's cases, the newest first."""
    found = queries.cases_of_order(merchant_id=merchant_id, order_id=order_id)
    return [CaseLine(row, KINDS[row.kind], decision_words(row)) for row in found]
