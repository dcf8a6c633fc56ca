"""What staff do to an order: its price while unpaid, notes, the mail once more (O3)."""

from datetime import timedelta

from kacang.catalog.queries import StockMode
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.operations import UnknownStaff
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.settings import SPECS
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import BadPrice, NotNow, PriceLimit
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Line, Order, OrderState, TimelineEntry
from kacang.orders.statements import rows
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.money import Money

NOTE_MAX = 1000
# How long a note can be taken back: longer than the page offers it.
WITHDRAW_WITHIN = timedelta(minutes=2)
REPRICE = """
update sale_order
set discount_minor = total_minor - %(payable)s::bigint, payable_minor = %(payable)s::bigint
where merchant_id = %(merchant)s::bigint and id = %(order)s::bigint
"""
ASSIGN = """
update sale_order set assignee_id = %(member)s::bigint
where merchant_id = %(merchant)s::bigint and id = %(order)s::bigint
"""
MOVE = """
update sale_order set store_id = %(store)s::bigint
where merchant_id = %(merchant)s::bigint and id = %(order)s::bigint
"""
TELL = """
insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
values (%(merchant)s::bigint, %(order)s::bigint, %(event)s::int, %(kind)s::text, %(label)s::text,
        %(address)s::text, jsonb_build_object('text', %(text)s::text, 'before', %(before)s::bigint,
                                              'after', %(after)s::bigint))
returning id
"""


@retry_conflicts
def change_price(
    *, merchant_id: int, number: str, payable_minor: int, reason: str, actor: Actor, role: str
) -> None:
    """Lower what a pending order costs. Payments that were opened for the old price fit no more.

    `role` may take off so much of what the lines cost as the merchant's settings say.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It is not pending.
        BadPrice: Not between nothing and what the lines cost. A price of nothing is a gift: then
            cancel the order and place a free one.
        PriceLimit: It is less than this role may set.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if order.state != OrderState.PENDING:
            raise NotNow
        if not 0 < payable_minor <= order.total_minor:
            raise BadPrice(most=order.total_minor)
        least = least_price(merchant_id=merchant_id, total_minor=order.total_minor, role=role)
        if payable_minor < least:
            raise PriceLimit(least=str(Money(least, order.currency)))
        before = order.payable_minor
        if before == payable_minor:
            return
        rows(REPRICE, {"merchant": merchant_id, "order": order.pk, "payable": payable_minor})
        _tell(order, Event.PRICE_CHANGED, actor, reason, (before, payable_minor))
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.change_price",
            object_kind="order",
            object_uid=number,
            before={"payable_minor": before},
            after={"payable_minor": payable_minor},
            reason=reason,
        )


def least_price(*, merchant_id: int, total_minor: int, role: str) -> int:
    """Return what a role may lower a price to, in minor units: rounded up, at least one."""
    name = f"price_cut_{role}"
    name = name if name in SPECS else "price_cut_other"
    percent = int(str(merchants.setting(merchant_id=merchant_id, name=name)))
    return max(1, -(-total_minor * (100 - percent) // 100))


def add_note(*, merchant_id: int, number: str, text: str, actor: Actor) -> int:
    """Write a note on an order, for staff only; returns its entry. Empty ones are dropped: 0.

    Raises:
        UnknownOrder: There is no such order.
    """
    text = text.strip()[:NOTE_MAX]
    entry = 0
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if text:
            Order.objects.filter(merchant_id=merchant_id, pk=order.pk).update(has_note=True)
            entry = _tell(order, Event.NOTE, actor, text)
            note_staff(merchant_id, number, actor, "orders.note")
    return entry


def withdraw_note(*, merchant_id: int, number: str, entry: int, actor: Actor) -> None:
    """Take back one's own note, just written. It stays in the log; pages no longer show its text.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It is no note of this person on this order, too old, or withdrawn already.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        entries = TimelineEntry.objects.filter(merchant_id=merchant_id, order_id=order.pk)
        since = utc_now() - WITHDRAW_WITHIN
        mine = entries.filter(event=Event.NOTE, actor_label=actor.label, at__gte=since)
        gone = set(
            entries.filter(event=Event.NOTE_WITHDRAWN).values_list("detail__before", flat=True)
        )
        if entry in gone or not mine.filter(id=entry).exists():
            raise NotNow
        _tell(order, Event.NOTE_WITHDRAWN, actor, change=(entry, None))
        left = entries.filter(event=Event.NOTE).exclude(id__in={*gone, entry}).exists()
        Order.objects.filter(merchant_id=merchant_id, pk=order.pk).update(has_note=left)


def assign_order(*, merchant_id: int, number: str, member_uid: str, actor: Actor) -> None:
    """Make an order somebody's work; "" makes it nobody's. Roles may reach to own orders only (I1).

    Raises:
        UnknownOrder: There is no such order.
        UnknownStaff: Nobody who works here now has this id.
    """
    people = merchants.staff(merchant_id=merchant_id) if member_uid else []
    to = next((one for one in people if one.uid == member_uid and one.is_active), None)
    if member_uid and to is None:
        raise UnknownStaff
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        assignee_id = to.member_id if to else None
        if order.assignee_id == assignee_id:
            return
        rows(
            ASSIGN,
            {"merchant": merchant_id, "order": order.pk, "member": assignee_id},
        )
        _tell(order, Event.ASSIGNED, actor, to.name if to else "")
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.assign",
            object_kind="order",
            object_uid=number,
            after={"member": member_uid},
        )


def move_to_store(*, merchant_id: int, number: str, store_uid: str, actor: Actor) -> None:
    """Say in which open store an order was bought; "": in none (I1, R1).

    Raises:
        UnknownOrder: There is no such order.
        UnknownStore: There is no such store, or it is closed.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        before = merchants.store_of_id(merchant_id=merchant_id, store_id=order.store_id)
        if store_uid == (before.uid if before else ""):
            return
        to = merchants.open_store_of(merchant_id=merchant_id, uid=store_uid) if store_uid else None
        store_id = to.id if to else None
        rows(MOVE, {"merchant": merchant_id, "order": order.pk, "store": store_id})
        _tell(order, Event.STORE_CHANGED, actor, to.name if to else "")
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.store",
            object_kind="order",
            object_uid=number,
            before={"store": before.name if before else ""},
            after={"store": to.name if to else ""},
        )


def resend(*, merchant_id: int, number: str, actor: Actor) -> None:
    """Send the mail that leads the buyer back to the codes once more.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: Nothing is delivered yet, it has no codes, or no e-mail address.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        is_given = order.state in (OrderState.DELIVERED, OrderState.COMPLETED)
        if not is_given or not order.email or not _has_codes(order):
            raise NotNow
        _tell(order, Event.RESENT, actor)
        note_staff(merchant_id, number, actor, "orders.resend")
        enqueue(
            "orders.tell_delivered",
            queue="mail",
            merchant_id=merchant_id,
            order_id=order.pk,
            again=1,
        )


def _has_codes(order: Order) -> bool:
    if not order.has_goods:
        return True
    lines = Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk)
    return lines.exclude(stock_mode=StockMode.GOODS).exists()


def _tell(
    order: Order,
    event: Event,
    actor: Actor,
    text: str = "",
    change: tuple[int | None, int | None] = (None, None),
) -> int:
    ((entry,),) = rows(
        TELL,
        {
            "merchant": order.merchant_id,
            "order": order.pk,
            "event": int(event),
            "kind": actor.kind,
            "label": actor.label,
            "address": actor.address,
            "text": text,
            "before": change[0],
            "after": change[1],
        },
    )
    return int(entry)
