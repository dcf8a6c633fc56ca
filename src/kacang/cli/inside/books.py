"""What an auditor asks for: the logs against their seals, and the ledger."""

from collections.abc import Iterator

from kacang.merchants import operations, queries
from kacang.merchants.operations import LogReport
from kacang.reconciliation import books


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
    return books.export(merchant_id=merchant_id, language=language)
