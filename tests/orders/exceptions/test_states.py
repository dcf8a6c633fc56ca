"""O1, O6: whatever happens to an order, its open exceptions are those that its state says."""

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.exceptions import operations
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.exceptions.operations import Decider
from kacang.orders.exceptions.queries import Kind, changes_of_order
from kacang.orders.models import Event, OrderState
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_lists import RefundStatus
from kacang.shared.errors import DomainError
from tests import make
from tests.orders.exceptions.conftest import GONE
from tests.orders.looking import settle

DEEDS = (
    "pay", "empty", "stock", "replenish", "cancel", "ask_refund", "approve", "reject", "by_hand",
    "ask_change", "decide", "sync",
)  # fmt: skip


class Course:
    """One order, and what may be done with it; what is refused changes nothing."""

    def __init__(self, shop) -> None:
        self.shop = shop
        self.who = {"merchant_id": shop.merchant}
        make.stock(shop.sku, 1)
        self.placed = make.order(shop.sku)
        self.number = self.placed.number
        self.notice = make.notice(self.placed)

    def do(self, deed: str) -> None:
        with contextlib.suppress(DomainError):
            getattr(self, deed)()

    def pay(self) -> None:
        settle(self.shop.account, self.notice)

    def empty(self) -> None:
        self.shop.run(GONE)

    def stock(self) -> None:
        make.stock(self.shop.sku, 1)

    def replenish(self) -> None:
        orders.replenish(**self.who, number=self.number, actor=SYSTEM)

    def cancel(self) -> None:
        orders.cancel_order(**self.who, number=self.number, actor=SYSTEM)

    def ask_refund(self) -> None:
        wish = RefundWish(None, "不要了", way=RefundWay.BY_HAND)
        orders.request_refund(**self.who, number=self.number, wish=wish, actor=SYSTEM, role="api")

    def refunds(self, *states: RefundStatus) -> list[str]:
        order = queries.order(**self.who, number=self.number)
        found = refund_lists.refunds_of_order(**self.who, order_id=order.id)
        return [one.number for one in found if one.state in states]

    def approve(self) -> None:
        for number in self.refunds(RefundStatus.REQUESTED):
            person = self.shop.person("finance")
            orders.approve_refund(**self.who, number=number, actor=person, role="finance")

    def reject(self) -> None:
        for number in self.refunds(RefundStatus.REQUESTED):
            orders.reject_refund(
                **self.who, number=number, actor=self.shop.person("finance"), reason="不行"
            )

    def by_hand(self) -> None:
        for number in self.refunds(RefundStatus.APPROVED):
            orders.finish_by_hand(
                **self.who, number=number, actor=self.shop.person("finance"), note="转账"
            )

    def ask_change(self) -> None:
        wish = ChangeWish(email="other@example.com")
        operations.ask_change(**self.who, number=self.number, wish=wish, actor=SYSTEM)

    def decide(self) -> None:
        for change in changes_of_order(**self.who, number=self.number):
            operations.decide_change(
                **self.who,
                uid=change.uid,
                approves=False,
                words="不",
                by=Decider(self.shop.person()),
            )

    def sync(self) -> None:
        self.shop.sync()

    def expected(self) -> set[Kind]:
        """What is so, worked out from the order's own state."""
        kinds = set()
        order = queries.order(**self.who, number=self.number)
        if order.state is OrderState.ON_HOLD:
            kinds.add(Kind.STOCK)
        if self.refunds(RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.FAILED):
            kinds.add(Kind.REFUND)
        if any(one.decided_at is None for one in changes_of_order(**self.who, number=self.number)):
            kinds.add(Kind.ADDRESS)
        return kinds


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(DEEDS), min_size=3, max_size=9))
def test_open_exceptions_follow_the_state_whatever_happens(shop, deeds):
    course = Course(shop)
    for deed in deeds:
        course.do(deed)
        course.sync()

        found = [kind for number, kind in shop.kinds() if number == course.number]
        assert set(found) == course.expected(), deed
        assert len(found) == len(set(found))

    # Each that was opened was closed before it was opened again.
    told = queries.timeline(merchant_id=shop.merchant, number=course.number)
    open_now: set[object] = set()
    for entry in told:
        kind = entry.detail.get("kind")
        if entry.event is Event.EXCEPTION_OPENED:
            assert kind not in open_now
            open_now.add(kind)
        if entry.event is Event.EXCEPTION_CLOSED:
            open_now.remove(kind)
    assert open_now == set(map(int, course.expected()))
    assert shop.sync() == 0
