"""What is summed up of the books by day: money received, paid back, fees, revenue (F1)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from kacang.ledger.accounts import Account, TransferKind
from kacang.ledger.sums import DayFlow

RECEIVED = (TransferKind.RECEIVED, TransferKind.RECEIVED_TO_SUSPENSE)


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is summed up by day: its words, its account, on which side that grows.

    `kinds` says which flows count; empty: all.
    """

    name: str
    word: Promise
    account: Account
    sign: int
    kinds: tuple[TransferKind, ...] = ()

    def adds(self, flow: DayFlow) -> int:
        """Return what a flow adds to it, in minor units."""
        counts = not self.kinds or flow.kind in self.kinds
        return self.sign * flow.of(self.account) if counts else 0


MEASURES = (
    Measure("received", gettext_lazy("Money received"), Account.CASH_AT_PROVIDER, 1, RECEIVED),
    # Whichever way it went: by the company, by the bank, into a wallet.
    Measure(
        "refunded",
        gettext_lazy("Paid back"),
        Account.REFUNDS_DUE,
        1,
        (TransferKind.REFUNDED, TransferKind.REFUNDED_TO_WALLET),
    ),
    Measure("fee", gettext_lazy("Provider fees"), Account.PROVIDER_FEE, 1),
    Measure("earned", gettext_lazy("Revenue of what was delivered"), Account.REVENUE, -1),
)


def by_day_and_currency(flows: Iterable[DayFlow]) -> dict[tuple[date, str], dict[str, int]]:
    """Return what each measure comes to on each day in each currency, in minor units."""
    found: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for flow in flows:
        for measure in MEASURES:
            added = measure.adds(flow)
            if added:
                found[flow.day, flow.amount.currency][measure.name] += added
    return found
