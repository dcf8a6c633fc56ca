"""Asking the rules about orders that are being paid, in the transaction that pays them (O9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kacang.orders import sql
from kacang.orders.models import Event
from kacang.orders.reviewing.books import RuleList, rules_on
from kacang.orders.reviewing.conditions import decide
from kacang.orders.reviewing.facts import Known, read_facts, to_json
from kacang.orders.reviewing.types import Decision, Deed, Facts, ReviewState, Verdict
from kacang.orders.statements import rows, table
from kacang.payments.ports import AccountInfo


def review_paid(account: AccountInfo, order_ids: Sequence[int], stamp: int) -> frozenset[int]:
    """Ask the rules about orders, write what they come to, and return which are to be held.

    The caller has locked the orders, and each was found unpaid: so each is asked about once.
    `account` is where their money has come in.
    """
    merchant_id = account.merchant_id
    book = rules_on(merchant_id, stamp)
    facts = read_facts(merchant_id, order_ids, book.asked, (account.provider, account.uid))
    decided = {order_id: decide(book.rules, known.facts) for order_id, known in facts.items()}
    told = {order_id: one for order_id, one in decided.items() if one.hits}
    if told:
        _write(book, merchant_id, told, facts)
    return frozenset(key for key, one in told.items() if one.verdict is Verdict.HOLD)


def _write(
    book: RuleList, merchant_id: int, told: Mapping[int, Decision], known: Mapping[int, Known]
) -> None:
    rows(
        sql.REVIEW_WRITE,
        {
            "merchant": merchant_id,
            "event": int(Event.REVIEWED),
            "decided": table(
                {
                    "order_id": order_id,
                    "verdict": int(one.verdict),
                    "state": int(
                        ReviewState.NOTHING if one.verdict is Verdict.PASS else ReviewState.OPEN
                    ),
                    "priority": one.priority,
                    "assignee_id": one.assignee_id,
                    "facts": to_json(known[order_id].facts),
                    "told": story_of(one, known[order_id].facts),
                    "people": one.people,
                    "limit_at": _text(book.limit_at(one, known[order_id].at)),
                    "deed": int(one.limit.deed if one.limit else Deed.NOTHING),
                }
                for order_id, one in told.items()
            ),
            "hits": table(
                {
                    "rule_id": hit.rule.id,
                    "order_id": order_id,
                    "version": hit.rule.version,
                    "is_deciding": hit.is_deciding,
                }
                for order_id, one in told.items()
                for hit in one.hits
            ),
        },
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def story_of(one: Decision, facts: Facts) -> dict[str, Any]:
    """Return what the order's timeline keeps of a decision. It names nobody."""
    return {
        "verdict": one.verdict.name.lower(),
        "rules": [
            {"rule": hit.rule.uid, "version": hit.rule.version, "name": hit.rule.body.name}
            for hit in one.hits
        ],
        "priority": one.priority,
        "risk": facts.risk,
    }
