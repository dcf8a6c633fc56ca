"""A batch that was bad: starting its replacement, and looking at what came of it."""

import csv
import io
from typing import Any

from kacang.catalog.models import Strategy
from kacang.orders import operations as orders
from kacang.outbox import files, work
from kacang.outbox.queries import WorkView
from kacang.vault import operations as vault
from kacang.vault.operations import Change, ChangeRequest
from tests import make
from tests.orders.test_replacing import CLERK, ask, given
from tests.vault.test_count_plans import lying

REASON = "供货商整批无效"


def asked(**which: Any) -> ChangeRequest:
    return ChangeRequest(Change.FAULTY, REASON, language="en", **which)


def started(merchant: int, **which: Any) -> str:
    return orders.replace_cards(merchant_id=merchant, actor=CLERK, request=asked(**which))


def ended(merchant: int, uid: str) -> WorkView:
    return work.work(merchant_id=merchant, uid=uid)


def done(merchant: int, **which: Any) -> WorkView:
    uid = started(merchant, **which)
    orders.run_replace(merchant_id=merchant, work_uid=uid)
    return ended(merchant, uid)


def lines(merchant: int, item: WorkView) -> list[list[str]]:
    text = files.read(merchant_id=merchant, uid=item.result["change_file"]).decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def held(made: make.Stocked, *numbers: str) -> list[str]:
    return [unit.card_uid for number in numbers for unit in given(made, number)]


def spare(made: make.Stocked, count: int) -> list[str]:
    """Put good cards of another batch in stock; return their codes."""
    return make.another_batch(made, cards=count).codes


def is_sound(merchant: int) -> bool:
    assert vault.check_references(merchant_id=merchant) == []
    assert orders.check_references(merchant_id=merchant) == []
    # No card is two units' at once, and no unit has two.
    (counted,) = ask(
        merchant,
        "select count(*), count(distinct card_id), count(distinct (line_id, unit_no))"
        " from allocation where released_at is null and exclusive",
    )
    return len(set(counted)) == 1


def a_batch(merchant: int) -> make.Stocked:
    """Five free cards for nothing, the first of which are sold first."""
    return lying(make.sku(merchant, cards=5, cost=120, price=0, strategy=Strategy.FIRST_IN))
