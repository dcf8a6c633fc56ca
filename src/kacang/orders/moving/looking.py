"""A look at another system's file before anything of it is brought over (V7)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from kacang.merchants.tenancy import acting_as
from kacang.orders.moving.history import order_fault, order_problem
from kacang.orders.moving.jobs import plan_of
from kacang.orders.moving.moved import Memory
from kacang.orders.moving.plan import OldCard, OldOrder, OldSku, Plan
from kacang.orders.moving.report import write_report
from kacang.orders.moving.stock import as_entry, card_fault, card_groups, product_groups
from kacang.outbox import files, work
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task
from kacang.vault import operations as vault

T = TypeVar("T")
AT_ONCE = 10_000


def run_move_check(*, merchant_id: int, work_uid: str) -> None:
    """Read the file of a job and count what it would bring. Nothing of it is brought.

    A file that cannot be read is let go of at once; of the others a workbook says what was not
    understood.
    """
    guarded(merchant_id, work_uid, _look, clear_up=_forget)


def _forget(merchant_id: int, task: Task) -> None:
    files.delete(merchant_id=merchant_id, uid=task.arguments["file"])


class _Stopped(Exception):
    """The job was asked to stop."""


class _Look:
    def __init__(self, merchant_id: int, task: Task, plan: Plan) -> None:
        self.merchant_id, self.task, self.plan = merchant_id, task, plan
        self.memory = Memory(merchant_id, task.arguments["system"])
        self.total = len(plan.skus) + len(plan.cards) + len(plan.orders)
        self.done = 0

    def chunks(self, items: Iterable[T]) -> Iterable[Sequence[T]]:
        """Return the items in parts, and save after each how far the look is."""
        rest = iter(items)
        while chunk := list(islice(rest, AT_ONCE)):
            yield chunk
            self.done = min(self.done + len(chunk), self.total)
            if work.progress(
                merchant_id=self.merchant_id, uid=self.task.uid, done=self.done, total=self.total
            ):
                raise _Stopped

    def products(self) -> tuple[set[str], Counter[str]]:
        """Return the keys of what is sold there, and how much of it is new and known."""
        skus: list[OldSku] = [sku for group in product_groups(self.plan) for sku in group]
        found: Counter[str] = Counter()
        for chunk in self.chunks(skus):
            with acting_as(self.merchant_id):
                known = self.memory.ids("sku", [sku.key for sku in chunk])
            found += Counter(new=len(chunk) - len(known), known=len(known))
        return {sku.key for sku in skus}, found

    def cards(self, skus: set[str]) -> tuple[Counter[str], int]:
        """Return how many cards of which state would come, and how many came before."""
        found: Counter[str] = Counter()
        before = 0
        pairs: set[tuple[str, str]] = set()
        cards = [card for _kind, group in card_groups(self.plan) for card in group]
        for chunk in self.chunks(cards):
            with acting_as(self.merchant_id):
                known = self.memory.ids("card", [card.key for card in chunk])
                fresh = [card for card in chunk if card.key not in known]
                there = vault.in_vault(
                    merchant_id=self.merchant_id, entries=[as_entry(card) for card in fresh]
                )
            before += len(known)
            for place, card in enumerate(fresh):
                if reason := _problem(card, skus, pairs, is_there=place in there):
                    self.plan.fault(card_fault(card, reason))
                else:
                    found[card.state.name.lower()] += 1
        return found, before

    def orders(self, skus: set[str]) -> Counter[str]:
        """Return how many orders would come, and how many came before."""
        found: Counter[str] = Counter()
        keys: set[str] = set()
        for chunk in self.chunks(self.plan.orders):
            with acting_as(self.merchant_id):
                known = self.memory.ids("order", [order.key for order in chunk])
            for order in chunk:
                if order.key in known or order.key in keys:
                    found["known"] += order.key in known
                elif reason := _order_problem(order, skus):
                    self.plan.fault(order_fault(order, reason))
                else:
                    found["new"] += 1
                keys.add(order.key)
        return found


def _problem(card: OldCard, skus: set[str], pairs: set[tuple[str, str]], *, is_there: bool) -> str:
    if card.sku not in skus:
        return "unknown_sku"
    pair = ((card.number or "").strip(), card.secret.strip())
    if is_there or pair in pairs:
        return "duplicate_in_vault"
    pairs.add(pair)
    return ""


def _order_problem(order: OldOrder, skus: set[str]) -> str:
    is_known = all(line.sku in skus for line in order.lines)
    return order_problem(order) or ("" if is_known else "unknown_sku")


def _look(merchant_id: int, task: Task) -> None:
    plan = plan_of(merchant_id, task)
    look = _Look(merchant_id, task, plan)
    try:
        skus, products = look.products()
        cards, cards_before = look.cards(skus)
        orders = look.orders(skus)
    except _Stopped:
        with acting_as(merchant_id):
            files.delete(merchant_id=merchant_id, uid=task.arguments["file"])
            work.stop(merchant_id=merchant_id, uid=task.uid, result={})
        return
    result: dict[str, Any] = {
        "products": products["new"],
        "cards": cards.total(),
        "orders": orders["new"],
        "unpaid": plan.unpaid,
        "states": dict(cards),
        "before": {"products": products["known"], "cards": cards_before, "orders": orders["known"]},
        "bad": plan.reasons.total(),
        "reasons": dict(sorted(plan.reasons.items())),
        "error_file": write_report(
            merchant_id=merchant_id, plan=plan, language=task.arguments["language"]
        ),
    }
    work.finish(merchant_id=merchant_id, uid=task.uid, result=result)
