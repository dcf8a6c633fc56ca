"""The job that moves a shop here (V7). Run again after a crash, it finds what it has done."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.moving import acg_faka, dujiao_next, dujiaoka, workbook
from kacang.orders.moving.dumps import BadDump
from kacang.orders.moving.history import bring_orders, order_fault, order_problem
from kacang.orders.moving.moved import Memory
from kacang.orders.moving.plan import OldOrder, Plan
from kacang.orders.moving.report import write_report
from kacang.orders.moving.stock import (
    bring_cards,
    bring_skus,
    card_groups,
    product_fault,
    product_groups,
)
from kacang.orders.moving.tables import Home
from kacang.outbox import files, work
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid
from kacang.vault.operations import Arrival
from kacang.vault.queries import CardState

T = TypeVar("T")
KIND = "orders.move"
CHECK = "orders.move_check"
RUNNERS = {KIND: "orders.run_move", CHECK: "orders.run_move_check"}
JOB = "job"
SIZE_MAX = 256 * 2**20
CARDS_AT_ONCE = 10_000
ORDERS_AT_ONCE = 100
_LOCK_CLASS = 0x6D6F76 << 36

Read = Callable[[bytes, Home], Plan]


class UnknownSystem(Invalid):
    """Nothing is known of a system of this name."""

    code = "moving.unknown_system"


def _dump(read: Callable[[str, Home], Plan]) -> Read:
    def run(body: bytes, home: Home) -> Plan:
        try:
            return read(body.decode("utf-8-sig"), home)
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            raise BadDump(problem="encoding", line=line) from None

    return run


SYSTEMS: Mapping[str, Read] = MappingProxyType(
    {
        "acg-faka": _dump(acg_faka.read),
        "dujiaoka": _dump(dujiaoka.read),
        "dujiao-next": _dump(dujiao_next.read),
        "workbook": workbook.read,
    }
)


def start_move(
    *, merchant_id: int, actor: Actor, system: str, file_uid: str, language: str = "zh-hans"
) -> str:
    """Start the job that takes over what a sealed file holds; return the job's uid.

    Its result counts what came, what was not taken by reason, and has the uid of a workbook of
    the latter as `error_file`. The same file, or a newer one of the same shop, may be brought
    again: only what is new comes.

    Raises:
        UnknownSystem, UnknownFile: There is none.
        BadDump: The file is larger than 256 MB.
    """
    return _start(merchant_id, actor, KIND, (system, file_uid, language))


def check_move(
    *, merchant_id: int, actor: Actor, system: str, file_uid: str, language: str = "zh-hans"
) -> str:
    """Start the job that looks at a sealed file and brings nothing; return the job's uid.

    Its result has what `start_move` would bring, by state, and a workbook of what it would not.

    Raises:
        UnknownSystem, UnknownFile, BadDump: As `start_move`.
    """
    return _start(merchant_id, actor, CHECK, (system, file_uid, language))


def _start(merchant_id: int, actor: Actor, kind: str, told: tuple[str, str, str]) -> str:
    system, file_uid, language = told
    if system not in SYSTEMS:
        raise UnknownSystem
    with acting_as(merchant_id):
        file = files.info(merchant_id=merchant_id, uid=file_uid)
        if file.size > SIZE_MAX:
            raise BadDump(problem="too_large", line=0)
        uid = work.start(
            merchant_id=merchant_id,
            kind=kind,
            actor=actor,
            arguments={"file": file.uid, "system": system, "language": language},
        )
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=kind,
            object_kind="merchant",
            object_uid=merchants.merchant(merchant_id=merchant_id).uid,
            after={"job": uid, "file": file.name, "system": system},
        )
        enqueue(
            RUNNERS[kind],
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def run_move(*, merchant_id: int, work_uid: str) -> None:
    """Do the job, or the rest of it. What is wrong with the file ends it with an error code."""
    guarded(merchant_id, work_uid, lambda merchant_id, task: _Move(merchant_id, task).run())


def plan_of(merchant_id: int, task: Task) -> Plan:
    """Read the file of a job.

    Raises:
        BadDump, BadFile: It cannot be read.
        UnknownFile: Its time is over.
    """
    merchant = merchants.merchant(merchant_id=merchant_id)
    body = files.read(merchant_id=merchant_id, uid=task.arguments["file"])
    home = Home(merchant.currency, ZoneInfo(merchant.time_zone))
    return SYSTEMS[task.arguments["system"]](body, home)


def _chunks(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (items[at : at + most] for at in range(0, len(items), most))


class _Stopped(Exception):
    """The job was asked to stop. What came so far stays: the next run goes on from there."""


@dataclass(slots=True)
class _Move:
    merchant_id: int
    task: Task
    came: dict[str, int] = field(default_factory=lambda: {"products": 0, "cards": 0, "orders": 0})
    done: int = 0
    total: int = 0
    stop: bool = False

    @property
    def memory(self) -> Memory:
        return Memory(self.merchant_id, self.task.arguments["system"])

    def run(self) -> None:
        plan = plan_of(self.merchant_id, self.task)
        self.total = len(plan.skus) + len(plan.cards) + len(plan.orders)
        try:
            self._products(plan)
            self._cards(plan)
            self._orders(plan)
        except _Stopped:
            work.stop(merchant_id=self.merchant_id, uid=self.task.uid, result=dict(self.came))
            return
        self._finish(plan)

    @contextmanager
    def _step(self, count: int) -> Iterator[None]:
        """One transaction that also says how far the job is. Moves of a merchant take turns."""
        if self.stop:
            raise _Stopped
        with acting_as(self.merchant_id):
            with connection.cursor() as cursor:
                lock = _LOCK_CLASS + self.merchant_id
                cursor.execute("set local lock_timeout = '60s'")
                cursor.execute("select pg_advisory_xact_lock(%s::bigint)", [lock])
            yield
            self.done += count
            self.stop = work.progress(
                merchant_id=self.merchant_id, uid=self.task.uid, done=self.done, total=self.total
            )

    def _products(self, plan: Plan) -> None:
        actor = Actor(JOB, None, self.task.actor_label)
        for group in product_groups(plan):
            try:
                with self._step(len(group)):
                    made = bring_skus(self.memory, actor, group)
                self.came["products"] += made
            except Invalid as error:
                plan.fault(product_fault(group, error))

    def _cards(self, plan: Plan) -> None:
        arrival = Arrival("move", self.task.id, self.task.actor_label)
        # What was sold comes first: should a code stand twice, it is not sold again.
        groups = sorted(card_groups(plan), key=lambda item: item[0][1] != CardState.SOLD)
        for (_, state), cards in groups:
            for chunk in _chunks(cards, CARDS_AT_ONCE):
                with self._step(len(chunk)):
                    count, faults = bring_cards(self.memory, arrival, state, chunk)
                self.came["cards"] += count
                for fault in faults:
                    plan.fault(fault)

    def _orders(self, plan: Plan) -> None:
        for chunk in _chunks(plan.orders, ORDERS_AT_ONCE):
            with self._step(len(chunk)):
                self.came["orders"] += self._bring_orders(plan, chunk)

    def _bring_orders(self, plan: Plan, orders: Sequence[OldOrder]) -> int:
        known = set(self.memory.ids("order", [order.key for order in orders]))
        fresh: dict[str, OldOrder] = {}
        for order in orders:
            if order.key in known or order.key in fresh:
                continue
            if problem := order_problem(order):
                plan.fault(order_fault(order, problem))
            else:
                fresh[order.key] = order
        ids, faults = bring_orders(self.memory, list(fresh.values()), utc_now())
        for fault in faults:
            plan.fault(fault)
        self.memory.note("order", ids)
        return len(ids)

    def _finish(self, plan: Plan) -> None:
        merchant_id, task = self.merchant_id, self.task
        report = write_report(
            merchant_id=merchant_id, plan=plan, language=task.arguments["language"]
        )
        result = {
            **self.came,
            "unpaid": plan.unpaid,
            "bad": plan.reasons.total(),
            "reasons": dict(sorted(plan.reasons.items())),
            "error_file": report,
        }
        with acting_as(merchant_id):
            work.finish(merchant_id=merchant_id, uid=task.uid, result=result)
            files.delete(merchant_id=merchant_id, uid=task.arguments["file"])
