"""F1 – F4, P4: a month of random business over all kinds of transfers, and the books of it."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kacang.ledger.accounts import CHART, TransferKind
from kacang.orders.refunding.types import Cards, RefundWay
from kacang.payments.ports import RefundState
from kacang.reconciliation import books
from tests.books import giving_back, keeping, owed_cards, sales
from tests.books.proofs import check, stands
from tests.books.registry import DEEDS
from tests.books.shop import Shop
from tests.ledger.test_ledger import sums_of

CHART_NAMES = {account: chart.beancount for account, chart in CHART.items()}


def after(what: str, shop: Shop) -> None:
    """Prove the books, and say after what they were wrong."""
    try:
        check(shop)
    except AssertionError as error:
        error.add_note(f"after {what}")
        raise


# Kinds that no deed is there for, each with its reason.
UNREACHED: dict[TransferKind, str] = {}


def check_outside(shop: Shop) -> None:
    """Have the real bean-check judge the export of the month, and compare its balances."""
    text = "".join(books.export(merchant_id=shop.merchant, language="en"))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "month.beancount"
        file.write_text(text, "utf-8")
        checked = subprocess.run(
            [Path(sys.executable).with_name("bean-check"), file],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert (checked.returncode, checked.stderr) == (0, "")
        said: dict[str, float] = defaultdict(float)
        for (account, _currency), amount in sums_of(file).items():
            said[account.partition(":Part")[0]] += round(float(amount) * 100)
    ours = {account: minor for account, minor in stands(shop).items() if minor}
    assert {name: int(minor) for name, minor in said.items() if minor} == {
        CHART_NAMES[account]: minor for account, minor in ours.items()
    }


class Month(RuleBasedStateMachine):
    """Deeds in any order; after each of them every account is proved."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()

    @rule(data=st.data(), name=st.sampled_from(sorted(DEEDS)))
    def something_happens(self, data: st.DataObject, name: str) -> None:
        wanted = DEEDS[name]
        arguments = {key: data.draw(values, key) for key, values in wanted.arguments.items()}
        wanted.do(self.shop, **arguments)

    @invariant()
    def books_are_right(self) -> None:
        check(self.shop)

    def teardown(self) -> None:
        try:
            check_outside(self.shop)
        finally:
            self.shop.close()


TestMonth = Month.TestCase
TestMonth.settings = settings(
    max_examples=6,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# One of each, in an order in which each finds what it needs.
WALK: list[tuple[Any, dict[str, Any]]] = [
    (sales.sell_cards, {"provider": "sandbox", "count": 3}),
    (sales.sell_cards, {"provider": "bank_transfer", "count": 1}),
    (sales.sell_from_a_wallet, {"count": 2}),
    (sales.sell_goods, {"provider": "sandbox", "count": 2, "hand": True}),
    (sales.sell_goods, {"provider": "mypay", "count": 2, "hand": False}),
    (sales.sell_gift_cards, {"provider": "sandbox", "count": 3}),
    (sales.sell_redeem_codes, {"provider": "sandbox", "count": 3}),
    (sales.pay_in_two_parts, {"part": 700}),
    (sales.pay_what_fits_nothing, {"draw": 0, "minor": 900}),
    (sales.tell_again, {"draw": 0}),
    (owed_cards.add_gift_card, {"draw": 0}),
    (owed_cards.redeem_code, {"draw": 0}),
    (owed_cards.let_a_card_lapse, {"draw": 0, "gift": True}),
    (owed_cards.void_a_sold_card, {"draw": 0, "gift": False}),
    (owed_cards.replace_a_card, {"draw": 4, "made": "codes"}),
    (keeping.deposit, {"minor": 500}),
    (keeping.deposit_by_an_order, {"provider": "sandbox", "minor": 3_000, "share": 0}),
    (keeping.deposit_by_an_order, {"provider": "mypay", "minor": 2_500, "share": 40}),
    (keeping.deposit_by_an_order, {"provider": "sandbox", "minor": 1_700, "share": 100}),
    (giving_back.company_says, {"draw": 0, "state": RefundState.DONE}),
    (giving_back.pay_twice, {"provider": "sandbox", "rule": "refund"}),
    (giving_back.company_says, {"draw": 0, "state": RefundState.DONE}),
    (giving_back.pay_twice, {"provider": "sandbox", "rule": "wallet"}),
    (giving_back.pay_twice, {"provider": "mypay", "rule": "wallet"}),
    (giving_back.pay_twice, {"provider": "sandbox", "rule": "wait"}),
    (keeping.freeze, {"draw": 0, "back": False}),
    (keeping.withdraw, {"minor": 1_500, "fee": 3}),
    (keeping.undo_a_batch, {"count": 2}),
    (keeping.void_by_mistake, {"count": 2}),
    (keeping.count_goods, {"found": 2, "lost": 1}),
    (keeping.make_a_statement, {}),
    (keeping.pay_a_statement, {"draw": 0, "part": 60}),
    (keeping.read_a_bill, {"fee": 12, "lost": True, "unknown": True, "missing": False}),
    # Read again, it says other fees; and once a payment is missing.
    (keeping.read_a_bill, {"fee": -9, "lost": False, "unknown": False, "missing": False}),
    (keeping.read_a_bill, {"fee": 5, "lost": False, "unknown": False, "missing": True}),
    (keeping.sum_up, {}),
    # The first sale: a card goes back, unseen.
    (
        giving_back.ask_for_money_back,
        {"draw": 0, "share": 34, "units": {1}, "how": Cards.RETURN, "way": RefundWay.ORIGIN},
    ),
    (giving_back.company_says, {"draw": 0, "state": RefundState.FAILED}),
    (giving_back.follow_up, {"draw": 0, "what": "retry"}),
    (giving_back.company_says, {"draw": 0, "state": RefundState.DONE}),
    # Gift cards go back, whichever of them are not used up, and their refund is given up.
    (
        giving_back.ask_for_money_back,
        {"draw": 5, "share": 30, "units": {1, 2, 3}, "how": Cards.VOID, "way": RefundWay.BY_HAND},
    ),
    (giving_back.follow_up, {"draw": 0, "what": "drop"}),
    (giving_back.give_back_to_a_wallet, {"draw": 2}),
    (giving_back.give_back_what_fits_nothing, {"draw": 0, "minor": 400}),
    (giving_back.company_gives_back_by_itself, {"draw": 0, "share": 5}),
    (
        giving_back.ask_for_money_back,
        {"draw": 1, "share": 50, "units": set(), "how": Cards.KEEP, "way": RefundWay.BY_HAND},
    ),
    (giving_back.follow_up, {"draw": 0, "what": "by_hand"}),
    (sales.pay_late_and_find_no_stock, {"provider": "sandbox", "count": 2}),
    (sales.bring_stock, {"count": 3}),
]


class TestKinds:
    def test_F1_every_kind_of_transfer_has_a_deed_or_a_reason(self):
        reached = frozenset[TransferKind]().union(*(one.books for one in DEEDS.values()))

        assert reached | set(UNREACHED) == set(TransferKind)
        assert not reached & set(UNREACHED)
        assert {step.__name__ for step, _ in WALK} == set(DEEDS)

    def test_F1_the_walk_books_every_kind_and_each_step_leaves_the_books_right(self, database):
        shop = Shop()
        try:
            for step, arguments in WALK:
                step(shop, **arguments)
                after(step.__name__, shop)
            check_outside(shop)
            rows = shop.run("select distinct kind from transfer")
        finally:
            shop.close()

        assert {TransferKind(kind) for (kind,) in rows} == set(TransferKind) - set(UNREACHED)
