"""Of each event: whether it can wait, whether its reader can refuse it, and why not (N1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages.events import WATCHED, Event
from kacang.messages.restraint.models import MessageRule
from kacang.shared.errors import Invalid
from kacang.shared.texts import Text, both

DAILY_MOST = 1000
# Somebody waits for it at this very moment, or must know at once.
URGENT = frozenset(
    {
        Event.ORDER_CODE,
        Event.WALLET_CODE,
        Event.ORDER_DELIVERED,
        Event.ORDER_READY,
        Event.ORDER_WAITING,
        Event.ORDER_CONTACT_CHANGED,
        Event.SIGN_IN_NEW,
        *WATCHED,
    }
)
# These never wait: a code is of no use in the morning, nor is word of who looks in now.
ALWAYS_AT_ONCE = frozenset({Event.ORDER_CODE, Event.WALLET_CODE, *WATCHED})
# What a buyer may refuse, by address.
OPTIONAL = frozenset(
    {
        Event.ORDER_SHIPPED,
        Event.ORDER_CANCELLED,
        Event.ORDER_UNPAID,
        Event.ORDER_EXPIRING,
        Event.CASE_ANSWERED,
    }
)
_BOUGHT = both("这是您购买的商品，必须送达。", "It is what you bought, or the way to it.")
_MONEY = both("涉及您的钱款，必须通知。", "It is about your money.")
_CODE = both(
    "由您本人申请，不发送就无法继续。", "You ask for it yourself, and cannot go on without."
)
_SAFETY = both("关系到您订单的安全，必须通知。", "It protects your order.")
_ASKED = both("是对您申请的答复，必须通知。", "It answers what you asked for.")
OBLIGATORY: dict[Event, Text] = {
    Event.ORDER_DELIVERED: _BOUGHT,
    Event.ORDER_READY: _BOUGHT,
    Event.ORDER_REPLACED: _BOUGHT,
    Event.ORDER_WAITING: _MONEY,
    Event.ORDER_REFUNDED: _MONEY,
    Event.ORDER_PROOF_REJECTED: _MONEY,
    Event.WITHDRAWAL: _MONEY,
    Event.ORDER_CODE: _CODE,
    Event.WALLET_CODE: _CODE,
    Event.ORDER_CONTACT_CHANGED: _SAFETY,
    Event.ORDER_CHANGED: _ASKED,
    Event.CASE_DECIDED: _ASKED,
}


# A number of its own limits these; the setting does not: they must be told, or were asked for.
SPARED = frozenset({*OBLIGATORY, Event.RESTOCKED})


class BadRule(Invalid):
    """There is no such event, or a limit that none can have."""

    code = "messages.bad_rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """How an event is held back. `daily_max` 0: as the setting says."""

    is_urgent: bool
    daily_max: int = 0


def rules(*, merchant_id: int) -> dict[Event, Rule]:
    """Return the rule of every event."""
    with acting_as(merchant_id):
        said = {row.event: row for row in MessageRule.objects.filter(merchant_id=merchant_id)}
    return {event: _rule(event, said.get(event)) for event in Event}


def rule_of(merchant_id: int, event: str) -> Rule:
    """Return the rule of one event. In the caller's transaction."""
    row = MessageRule.objects.filter(merchant_id=merchant_id, event=event).first()
    return _rule(Event(event), row)


def most_a_day(event: str, own_max: int, usual: int) -> int:
    """Return how many of an event a recipient gets a day by one channel; 0: there is no limit.

    `own_max` is the event's own number, `usual` that of the setting; 0: none was given.
    """
    if event in ALWAYS_AT_ONCE:
        return 0
    return own_max or (0 if event in SPARED else usual)


def save_rules(*, merchant_id: int, changed: Mapping[str, Rule], actor: Actor) -> int:
    """Keep the rules of some events; return how many changed.

    Raises:
        BadRule: As it says. Nothing was changed.
    """
    for event, rule in changed.items():
        if event not in set(Event) or not 0 <= rule.daily_max <= DAILY_MOST:
            raise BadRule
    present = rules(merchant_id=merchant_id)
    new = {event: rule for event, rule in changed.items() if rule != present[Event(event)]}
    with acting_as(merchant_id):
        for event, rule in sorted(new.items()):
            MessageRule.objects.update_or_create(
                merchant_id=merchant_id,
                event=event,
                defaults={"is_urgent": rule.is_urgent, "daily_max": rule.daily_max},
            )
        if new:
            after = {event: [rule.is_urgent, rule.daily_max] for event, rule in new.items()}
            audit.record(
                merchant_id=merchant_id, actor=actor, action="messages.rules",
                object_kind="message", object_uid="", after=after,
            )  # fmt: skip
    return len(new)


def _rule(event: Event, row: MessageRule | None) -> Rule:
    if row is None:
        return Rule(event in URGENT)
    return Rule(row.is_urgent or event in ALWAYS_AT_ONCE, row.daily_max)
