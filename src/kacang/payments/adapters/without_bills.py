"""Companies that have no bills say so, all in the same way (F2)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO

from kacang.payments.ports import AccountInfo, BillRow, NoBill


class WithoutBills:
    """What such a company has of `PaymentProvider`."""

    name: str
    bills = False

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        """Have no bills."""
        raise NoBill(provider=self.name)

    def read_bill(self, account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
        """Have no bills."""
        raise NoBill(provider=self.name)
