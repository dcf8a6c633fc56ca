"""Tables of a dump by name, and what the readers of all systems do with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from zoneinfo import ZoneInfo

from kacang.orders.moving.dumps import BadDump, Found, Row, read_dump
from kacang.orders.moving.plan import Fault, OldCard, OldOrder, Plan
from kacang.orders.moving.values import chunk_lines
from kacang.vault.queries import CardState


@dataclass(frozen=True, slots=True)
class Home:
    """What of the merchant decides how a file is read."""

    currency: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Record:
    """A row with the name of its table and its line."""

    table: str
    line: int
    values: Row

    def get(self, column: str) -> str:
        """Return a value; empty where there is none."""
        return self.values.get(column) or ""

    @property
    def key(self) -> str:
        """What the other system calls it."""
        return self.get("id")

    @property
    def is_deleted(self) -> bool:
        """Whether the other system only keeps it for its records."""
        return bool(self.get("deleted_at"))

    def fault(self, column: str, reason: str) -> Fault:
        """Say what is wrong with it."""
        return Fault(self.table, self.line, self.key, column, reason)


def has_nul(value: str | None) -> bool:
    """Whether a text has the one character that our database keeps no text with."""
    return value is not None and "\0" in value


class Tables:
    """The tables of a dump that a reader asks for; others are passed over."""

    def __init__(
        self, text: str, wanted: Sequence[str], plan: Plan, *, prefixed: bool = False
    ) -> None:
        """Read. A row with another number of columns than its table is a fault of `plan`.

        `prefixed`: tables carry one word before their name, chosen when the shop was set up.
        """
        self._prefixed = prefixed
        self._rows: dict[str, list[Record]] = {name: [] for name in wanted}
        for found in read_dump(text):
            self._add(found, wanted, plan)
        if not any(self._rows.values()):
            raise BadDump(problem="no_tables", line=0)

    def __getitem__(self, name: str) -> list[Record]:
        """Return the rows of a table."""
        return self._rows[name]

    def _add(self, found: Found, wanted: Sequence[str], plan: Plan) -> None:
        name = found.table.split("_", 1)[-1] if self._prefixed else found.table
        if name not in wanted:
            return
        if found.values is None:
            plan.fault(Fault(found.table, found.line, "", "", "columns"))
            return
        record = Record(found.table, found.line, found.values)
        unfit = [column for column, value in found.values.items() if has_nul(value)]
        if unfit:
            plan.fault(record.fault(unfit[0], "control_character"))
        else:
            self._rows[name].append(record)


class Deliveries:
    """Which card went with which order: by the cards' own word, or by what the order shows.

    Some systems keep of a delivery only the text that the buyer was shown. Lines of it that are
    sold cards of that SKU are those cards; the others become cards.
    """

    def __init__(self, plan: Plan) -> None:
        """Begin with the cards that are in the plan."""
        self._plan = plan
        self._sold: dict[tuple[str, str], list[str]] = {}
        for card in plan.cards:
            if card.state == CardState.SOLD or card.key.startswith("loop:"):
                self._sold.setdefault((card.sku, card.secret.strip()), []).append(card.key)

    def of_text(self, record: Record, sku: str, text: str, quantity: int) -> tuple[str, ...]:
        """Return the keys of the cards that an order's text shows."""
        shown = chunk_lines(text)
        if len(shown) != quantity and text.strip():
            shown = [text.strip()]
        return tuple(self._keys(record, sku, shown))

    def _keys(self, record: Record, sku: str, shown: Sequence[str]) -> Iterator[str]:
        for number, secret in zip(count(1), shown, strict=False):
            known = self._sold.get((sku, secret.strip()), [])
            if known:
                yield known[0] if known[0].startswith("loop:") else known.pop(0)
                continue
            key = f"order:{record.key}:{number}"
            self._plan.cards.append(OldCard(record.line, key, sku, secret, state=CardState.SOLD))
            yield key


def keep(plan: Plan, order: OldOrder | None) -> None:
    """Add an order that was understood."""
    if order is not None:
        plan.orders.append(order)
