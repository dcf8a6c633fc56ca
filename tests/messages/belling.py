"""The notices behind the bell, as somebody sees them to whom all are told."""

from kacang.messages.bell import reading
from kacang.messages.bell.readers import Reader
from kacang.messages.bell.reading import NoticeRow

SOMEBODY = Reader("mem_somebody")


def bell(merchant: int, language: str = "en") -> tuple[NoticeRow, ...]:
    """The newest page of a merchant's notices."""
    return reading.notices(merchant_id=merchant, reader=SOMEBODY, language=language).rows
