"""What an auditor asks for: the logs against their seals, and the ledger."""

from collections.abc import Collection, Iterator, Mapping

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import DocumentKind
from kacang.ledger.beancount import Names
from kacang.merchants import operations, queries
from kacang.merchants.operations import LogReport
from kacang.orders import queries as orders
from kacang.payments import queries as payments


def verify(*, merchant: str) -> dict[str, list[LogReport]]:
    """Compare the logs of one merchant, or of all, with their seals."""
    ids = [queries.merchant_id_of_slug(merchant)] if merchant else queries.all_merchant_ids()
    return {
        queries.merchant(merchant_id=found).slug: operations.verify_logs(merchant_id=found)
        for found in ids
    }


def export(*, merchant: str, language: str) -> Iterator[str]:
    """Yield a merchant's books in beancount syntax."""
    merchant_id = queries.merchant_id_of_slug(merchant)

    def documents(kind: DocumentKind, ids: Collection[int]) -> Mapping[int, str]:
        if kind is DocumentKind.ORDER:
            return orders.numbers_of(merchant_id=merchant_id, order_ids=ids)
        if kind is DocumentKind.RECEIPT:
            return payments.provider_numbers(merchant_id=merchant_id, receipt_ids=ids)
        return {}

    names = Names(documents=documents, owners=lambda _account, owner: f"Part{owner}")
    return ledger.export(merchant_id=merchant_id, names=names, language=language)
