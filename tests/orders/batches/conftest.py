"""A shop with paid orders of goods, and lists of tracking numbers."""

import io
import itertools
from collections.abc import Sequence

import pytest
from rustpy_xlsxwriter import write_worksheet

from kacang.catalog.models import Sku
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.batches import operations, queries
from kacang.orders.batches.operations import Act, BatchRequest, CheckRequest
from kacang.orders.batches.queries import BatchRow, Outcome
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.types import Item, OrderState, PlacedOrder, PlaceRequest
from kacang.outbox import files
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkView
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from tests.orders.test_shipping import Sender
from tests.stock.conftest import ACTOR

_numbers = itertools.count(1_000_000)


def tracking() -> str:
    return f"SF123{next(_numbers):010}"


class Shop(Sender):
    """A shop that does things with many orders at once."""

    def nuts(self, pieces: int = 500, *, free: bool = False) -> str:
        """Goods with so many pieces; `free`: orders of them are paid at once."""
        sku = str(self.stock.goods())
        if free:
            with acting_as(self.merchant):
                Sku.objects.filter(merchant_id=self.merchant, uid=sku).update(price_minor=0)
        self.stock.received(sku, pieces, cost=700)
        return sku

    def many(self, sku: str, count: int, pieces: int = 1) -> list[PlacedOrder]:
        """So many paid orders, placed at once."""
        wishes = [
            PlaceRequest(
                items=(Item(sku, pieces),),
                contact=Contact(email=f"b{next(_numbers)}@example.com"),
                provider="sandbox",
            )
            for _ in range(count)
        ]
        placed: list[PlacedOrder] = []
        for start in range(0, count, 50):
            outcomes = orders.place_orders(
                merchant_id=self.merchant, requests=wishes[start : start + 50]
            )
            placed += [one for one in outcomes if isinstance(one, PlacedOrder)]
        assert len(placed) == count
        for one in placed:
            if one.state is OrderState.PENDING:
                self.pay(one)
        return placed

    def start(self, act: Act, *placed: PlacedOrder, text: str = "", **where) -> str:
        numbers = tuple(one.number for one in placed)
        request = BatchRequest(act, OrderFilter(numbers=numbers, **where), text)
        return operations.start_batch(
            merchant_id=self.merchant, actor=ACTOR, request=request, now=utc_now()
        )

    def run(self, uid: str) -> WorkView:
        operations.run_batch(merchant_id=self.merchant, work_uid=uid)
        return self.ended(uid)

    def ended(self, uid: str) -> WorkView:
        return works.work(merchant_id=self.merchant, uid=uid)

    def rows(self, uid: str, outcome: Outcome | None = None) -> list[BatchRow]:
        return list(queries.all_rows(merchant_id=self.merchant, uid=uid, outcome=outcome))

    def checked(self, body: bytes, name: str = "运单.xlsx", **request) -> WorkView:
        uid = files.store(merchant_id=self.merchant, purpose="ship", name=name, content=body)
        work = operations.check_shipping(
            merchant_id=self.merchant, actor=ACTOR, request=CheckRequest(uid, **request)
        )
        operations.run_ship_check(merchant_id=self.merchant, work_uid=work)
        return self.ended(work)

    def sent(self, check: WorkView, *, whole: bool = False) -> str:
        return operations.ship_checked(
            merchant_id=self.merchant, actor=ACTOR, check_uid=check.uid, all_or_nothing=whole
        )


def workbook(lines: Sequence[Sequence[str]], heads=("订单号", "快递公司", "运单号")) -> bytes:
    body = io.BytesIO()
    write_worksheet([dict(zip(heads, line, strict=True)) for line in lines], body)
    return body.getvalue()


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)
