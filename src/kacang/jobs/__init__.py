"""Every background job: its name, its queue, and the one operation it calls.

Jobs are equals of pages and API: they read their arguments, make one call, and are done. What
must happen by the clock is queued by the workers, once each, however many workers there are.
A module a room; `kacang.jobs` is all of them.
"""

from kacang.jobs import (
    aftersales,
    customers,
    exceptions,
    ledger,
    logistics,
    merchants,
    messages,
    orders,
    payments,
    payouts,
    reconciliation,
    stock,
    supply,
    vault,
    wallets,
    webhooks,
)
from kacang.jobs.merchants import SEALED
from kacang.jobs.news import LISTENERS, relay_news
from kacang.jobs.running import EVERY_NIGHT

__all__ = [
    "EVERY_NIGHT",
    "LISTENERS",
    "SEALED",
    "aftersales",
    "customers",
    "exceptions",
    "ledger",
    "logistics",
    "merchants",
    "messages",
    "orders",
    "payments",
    "payouts",
    "reconciliation",
    "relay_news",
    "stock",
    "supply",
    "vault",
    "wallets",
    "webhooks",
]
