"""What others may do about supply."""

from kacang.supply.alarms import Alarm, claim_digest, watch_stock

__all__ = ["Alarm", "claim_digest", "watch_stock"]
