"""Which lists of money can be exported at the desk: who may, and what the address narrows (O10).

Each reads its list's address as the list's page does: what is exported is what the page shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.ledger.accounts import Account, TransferKind
from kacang.payments.finding.filters import STATES
from kacang.payments.refunding.refund_lists import RefundStatus
from kacang.reconciliation.exports.asked import Words
from kacang.reconciliation.queries import DifferenceKind
from kacang.shared.clock import utc_now
from kacang.wallets.queries import WalletState
from kacang.web.console.desk import Desk
from kacang.web.console.finance.pages import days_of
from kacang.web.console.ledger.words import kind_word
from kacang.web.console.payments.filters import read_filter
from kacang.web.console.reconciliation.bill import KINDS_BY_NAME
from kacang.web.console.reconciliation.filters import day_of
from kacang.web.console.reconciliation.words import KIND_WORDS, RESOLUTION_WORDS, WHAT_WORDS
from kacang.web.console.refunds.queue import BY_HAND, WAYS
from kacang.web.console.refunds.queue import STATES as REFUND_STATES
from kacang.web.console.wallets.pages import OWNER_WORDS, owner_asked
from kacang.web.design.states import look_of

Where = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """A list of money as the desk exports it.

    Args:
        title: What the export is called.
        permission: Who may have it.
        page: The page of the list, by what it is called; there its exports lead back.
        where: From the list's address to what narrows it.
        words: Of states and kinds.
        is_page_of_one: Whether the page is that of one thing, which `where` names.
    """

    title: Promise
    permission: str
    page: str
    where: Callable[[QueryDict, Desk], Where]
    words: Callable[[], Words]
    is_page_of_one: bool = False


def _payments(query: QueryDict, desk: Desk) -> Where:
    return read_filter(query, desk).where.stored()


def _refunds(query: QueryDict, _desk: Desk) -> Where:
    name = query.get("state", "")
    where: dict[str, Any] = {"number": query.get("q", "").replace("\0", "").strip()[:32]}
    if name == BY_HAND:
        where["by_hand"] = True
    elif name in REFUND_STATES:
        where["state"] = int(REFUND_STATES[name])
    return where


def _wallets(query: QueryDict, _desk: Desk) -> Where:
    return {"owner": owner_asked(query)[1]}


def _statement(query: QueryDict, _desk: Desk) -> Where:
    return {"wallet": query.get("wallet", "").replace("\0", "")[:32]}


def _transfers(query: QueryDict, _desk: Desk) -> Where:
    first, last = day_of(query, "first"), day_of(query, "last")
    where: dict[str, Any] = {
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
    }
    number = query.get("account", "")
    if number.isascii() and number.isdecimal() and int(number) in set(Account):
        where["account"] = int(number)
    names = {kind.name.lower(): int(kind) for kind in TransferKind}
    kinds = [names[name] for name in query.get("kind", "").split(",") if name in names]
    return {**where, "kinds": kinds}


def _differences(query: QueryDict, _desk: Desk) -> Where:
    first, last = day_of(query, "first"), day_of(query, "last")
    show = query.get("show", "open")
    kind: DifferenceKind | None = KINDS_BY_NAME.get(show)
    return {
        "account": query.get("account", "").replace("\0", "")[:32],
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
        "kind": None if kind is None else int(kind),
        "open": show == "open",
    }


def _figures(query: QueryDict, desk: Desk) -> Where:
    today = utc_now().astimezone(desk.zone).date()
    first = today - timedelta(days=days_of(query) - 1)
    return {"first": first.isoformat(), "last": today.isoformat()}


def _said(words: Mapping[Any, Any]) -> dict[str, str]:
    return {str(int(key)): str(word) for key, word in words.items()}


def _looks(table: str, states: Any) -> dict[str, str]:
    return {str(int(state)): str(look_of(table, state).word) for state in states}


LISTS: Mapping[str, Exported] = {
    "payments": Exported(
        _("Payments"), "payments.view", "console_payments", _payments,
        lambda: {"state": _looks("payment", STATES.values())},
    ),
    "refunds": Exported(
        _("Refunds"), "refunds.view", "console_refunds", _refunds,
        lambda: {"state": _looks("refund", RefundStatus), "way": _said(WAYS)},
    ),
    "wallets": Exported(
        _("Wallets"), "wallets.view", "console_wallets", _wallets,
        lambda: {"state": _looks("wallet", WalletState), "owner": _said(OWNER_WORDS)},
    ),
    "wallet": Exported(
        _("Wallet statement"), "wallets.view", "console_wallet", _statement,
        lambda: {"kind": {str(int(kind)): str(kind_word(kind)) for kind in TransferKind}},
        is_page_of_one=True,
    ),
    "transfers": Exported(
        _("Ledger"), "ledger.export", "console_ledger", _transfers, dict,
    ),
    "books": Exported(
        _("Books"), "ledger.export", "console_ledger", _transfers, dict,
    ),
    "differences": Exported(
        _("Differences"), "reconciliation.view", "console_differences", _differences,
        lambda: {"kind": _said(KIND_WORDS), "what": _said(WHAT_WORDS),
                 "resolution": _said(RESOLUTION_WORDS)},
    ),
    "figures": Exported(
        _("Finance"), "ledger.view", "console_finance", _figures, dict,
    ),
}  # fmt: skip
