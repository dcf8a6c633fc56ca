"""The merchant's choices that placing an order obeys, read at most every few seconds."""

import time
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kacang.merchants import queries as merchants
from kacang.payments.bank_transfers import transfers
from kacang.shared.clock import utc_now

CACHE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """How long an order waits for money, and the caps of L6 and Z1."""

    zone: ZoneInfo
    pay_minutes: int
    transfer_minutes: int
    proof_hours: int
    unpaid_shop: int
    unpaid_device: int
    unpaid_address: int
    unpaid_api: int
    per_minute_address: int
    per_minute_device: int

    def minutes_to_pay(self, provider: str) -> int:
        """Return how long an order waits that is to be paid in this way; "": nobody knows yet."""
        if provider == transfers.NAME:
            return max(self.pay_minutes, self.transfer_minutes)
        return self.pay_minutes

    def local_now(self) -> datetime:
        """Return the merchant's time of day, by which order numbers are dated (rule 24)."""
        return utc_now().astimezone(self.zone)


_cache: dict[int, tuple[float, Rules]] = {}


def rules_of(merchant_id: int) -> Rules:
    """Return a merchant's rules; a change is obeyed within CACHE_SECONDS."""
    kept = _cache.get(merchant_id)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    info = merchants.merchant(merchant_id=merchant_id)
    chosen = merchants.settings_of(merchant_id=merchant_id)

    def number(name: str) -> int:
        value = chosen[name]
        assert isinstance(value, int)
        return value

    rules = Rules(
        zone=ZoneInfo(info.time_zone),
        pay_minutes=number("pay_minutes"),
        transfer_minutes=number("transfer_minutes"),
        proof_hours=number("transfer_proof_hours"),
        unpaid_shop=number("unpaid_orders_max_shop"),
        unpaid_device=number("unpaid_orders_max_device"),
        unpaid_address=number("unpaid_orders_max_address"),
        unpaid_api=number("unpaid_orders_max_api"),
        per_minute_address=number("orders_per_minute_address"),
        per_minute_device=number("orders_per_minute_device"),
    )
    _cache[merchant_id] = (time.monotonic() + CACHE_SECONDS, rules)
    return rules


def forget_rules() -> None:
    """Drop what this process keeps, so that the next order reads anew."""
    _cache.clear()
