"""A merchant with an account at a company that has bills, and yesterday."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.types import PlacedOrder
from kacang.outbox import files
from kacang.payments import operations as payments
from kacang.payments.accounts import finding
from kacang.payments.companies import registry
from kacang.payments.ports import AccountInfo, Surroundings, VerifiedNotice
from kacang.reconciliation import operations, queries
from kacang.reconciliation.queries import BillView
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from tests import make
from tests.make import Stocked
from tests.outside import company
from tests.outside.kacang_mypay import SECRET, MyPay

KEY = "0123456789abcdef" * 2
ZONE = ZoneInfo("Asia/Shanghai")
PRICE = 1999
CLERK = Actor("person", 1, "finance@example.com")


@pytest.fixture
def books() -> company.Books:
    """What the company knows."""
    return company.Books(KEY, datetime.now(UTC))


@pytest.fixture
def account(merchant: int, books: company.Books, monkeypatch) -> Iterator[AccountInfo]:
    """The merchant's account there."""
    with company.running(books) as url:
        http = Outbound(Guard.build(own_urls=[url]), seconds=3)
        mypay = MyPay(Surroundings("http://shop.test", http))
        monkeypatch.setattr(registry, "providers", lambda: {"mypay": mypay})
        new = payments.NewAccount("mypay", "MyPay", secrets={SECRET: KEY}, options={"url": url})
        uid = payments.create_account(merchant_id=merchant, account=new).uid
        payments.enable_account(merchant_id=merchant, uid=uid)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update account set created_at = now() - interval '20 days'")
        yield finding.account_of_merchant(merchant_id=merchant, uid=uid)


@dataclass
class Shop:
    """Sales at the company yesterday, and its bill of that day."""

    merchant: int
    account: AccountInfo
    books: company.Books
    stocked: Stocked

    @property
    def day(self) -> date:
        return (datetime.now(ZONE) - timedelta(days=1)).date()

    @property
    def noon(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=ZONE)

    def order(self) -> PlacedOrder:
        placed = make.order(self.stocked, provider="")
        orders.start_payment(merchant_id=self.merchant, number=placed.number, provider="mypay")
        return placed

    def payment_number(self, placed: PlacedOrder) -> str:
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(
                "select p.number from payment p join sale_order o on o.id = p.order_id"
                " and o.merchant_id = p.merchant_id where o.number = %s::text",
                [placed.number],
            )
            return str(cursor.fetchone()[0])

    def sell(self, minor: int = PRICE) -> str:
        """Sell one piece as of yesterday noon; return the payment's number."""
        number = self.payment_number(self.order())
        notice = VerifiedNotice(
            f"{number}/SUCCESS", number, f"mp-{number}", Money(minor), is_final=True, raw=""
        )
        orders.settle_notices(account=self.account, notices=[notice])
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute("update receipt set seen_at = %s::timestamptz", [self.noon])
        return number

    def lost(self) -> str:
        """Have somebody pay, and the notice be lost; return the payment's number."""
        number = self.payment_number(self.order())
        self.books.paid[number] = PRICE
        return number

    def line(self, number: str, fen: int = PRICE, fee: int = 12, state: str = "ok") -> str:
        return f"pay,{number},mp-{number},,{fen},{fee},{self.noon.isoformat()},{state}"

    def bill(self, *lines: str) -> BillView:
        """Have yesterday's bill say this, and have it fetched and read."""
        self.books.bills[self.day.isoformat()] = list(lines)
        self.read()
        (found,) = queries.bills(
            merchant_id=self.merchant, where=queries.BillFilter(first=self.day, last=self.day)
        )
        return found

    def read(self) -> str:
        """Have yesterday's bill fetched and read; return the job's uid."""
        uid = operations.fetch_bill(
            merchant_id=self.merchant, account_uid=self.account.uid, day=self.day, actor=CLERK
        )
        operations.run_read(merchant_id=self.merchant, work_uid=uid)
        return uid

    def upload(self, content: bytes) -> str:
        """Keep a file that a person sends; return its uid."""
        return files.store(
            merchant_id=self.merchant, purpose="bill", name="对账单.csv", content=content
        )

    def heal(self, bill: BillView) -> int:
        """Do what the jobs do after a bill was read."""
        asked = operations.heal(merchant_id=self.merchant, bill_uid=bill.uid)
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute("select id from payment where ask_at <= clock_timestamp() order by id")
            due = [row[0] for row in cursor.fetchall()]
        for payment_id in due:
            orders.ask_about(merchant_id=self.merchant, payment_id=payment_id)
        operations.compare_again(merchant_id=self.merchant, bill_uid=bill.uid)
        return asked

    def differences(self, *, is_open: bool | None = True) -> list[queries.DifferenceView]:
        return queries.differences(
            merchant_id=self.merchant, where=queries.DifferenceFilter(is_open=is_open)
        )


@pytest.fixture
def shop(merchant: int, account: AccountInfo, books: company.Books) -> Shop:
    return Shop(merchant, account, books, make.sku(merchant, cards=20, price=PRICE))
