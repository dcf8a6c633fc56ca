"""What components are given. Views build these; templates only show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from kacang.shared.money import EXPONENTS, exponent

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of a list: its name, its count, its address."""

    label: Words
    url: str
    count: int | None = None
    on: bool = False
    starred: bool = False
    # Whether there are more than `count`, which were not looked at.
    more: bool = False
    # Names the count, where it is renewed while the page is looked at.
    key: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set: what it says and where the list without it is."""

    label: Words
    value: Words
    clear_url: str


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a timeline."""

    text: Words
    at: datetime
    by: Words = ""
    # The network address that it came from, where one is known.
    place: str = ""
    now: bool = False
    tone: str = ""
    # Where it leads to, if anywhere.
    url: str = ""
    url_text: Words = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a cursor-paged list goes on. `total` is None when counting would cost too much."""

    next_url: str = ""
    previous_url: str = ""
    total: int | None = None
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class JobCard:
    """Long work as people follow it. `poll_url` answers with this card again, newer.

    `state` is a name of the family "work"; `total` 0 means that the size is not known yet.
    """

    title: Words
    state: str
    done: int
    total: int
    poll_url: str = ""
    note: Words = ""
    result_url: str = ""
    result_label: Words = ""
    cancel_url: str = ""

    @property
    def is_moving(self) -> bool:
        """Whether the card must look again."""
        return self.state.lower() in {"waiting", "running"}

    @property
    def percent(self) -> int:
        """Whole percent done, 0 while the size is unknown."""
        return min(100, self.done * 100 // self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class Todo:
    """One counter of the to-do strip."""

    icon: str
    label: Words
    count: int
    url: str
    note: Words = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure with its change and its course."""

    label: Words
    value: str
    before: Words = ""
    change: str = ""
    rises: bool = True
    course: Sequence[float] = ()
    help: Words = ""
    # Where the rows are that it counts, if anywhere.
    url: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers in a chart. `kind`: line, area, dashed or bar."""

    name: str
    data: Sequence[float | None]
    kind: str = "line"
    second_axis: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its table. `kind`: trend (over time) or rank (horizontal bars)."""

    name: str
    title: Words
    labels: Sequence[str]
    series: Sequence[Series]
    kind: str = "trend"
    unit: Words = ""

    @property
    def data_id(self) -> str:
        """The id of the JSON that the script reads."""
        return f"{self.name}-data"

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The numbers by label as the table writes them; "": there is none."""
        return [
            (label, [self._written(row, index) for row in self.series])
            for index, label in enumerate(self.labels)
        ]

    def _written(self, row: Series, index: int) -> str:
        number = row.data[index] if index < len(row.data) else None
        if number is None:
            return ""
        if self.unit in EXPONENTS and not row.second_axis:
            return f"{number:,.{exponent(str(self.unit))}f}".replace("-", "−")
        return f"{number:,.1f}".removesuffix(".0").replace("-", "−")


@dataclass(frozen=True, slots=True)
class ShopLink:
    """A link of the shop: menu, footer, category."""

    label: Words
    url: str
    icon: str = ""
    on: bool = False


@dataclass(frozen=True, slots=True)
class ShopShell:
    """What every page of a shop shows around its content.

    `brand` is a colour of `theme.PALETTE` or "#rrggbb"; `logo_url` may be empty.
    """

    name: str
    home_url: str
    lookup_url: str = ""
    brand: str = ""
    logo_url: str = ""
    notice: Words = ""
    links: Sequence[ShopLink] = ()
    is_trial: bool = False
