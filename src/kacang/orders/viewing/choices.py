"""What a person chose for the list of orders: columns in order, density, the first view."""

from collections.abc import Collection
from dataclasses import dataclass

from kacang.merchants.tenancy import acting_as
from kacang.orders.list_models import ListChoice

COLUMNS = (
    "product", "number", "buyer", "amount", "channel", "state", "paid", "company", "external",
    "store",
)  # fmt: skip
USUAL = ("product", "number", "buyer", "amount", "channel", "state")
# Without it nobody could open an order.
NEEDED = "number"
DENSITIES = ("cosy", "compact")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose. `columns` are in order; `view_uid` may be empty, or "all"."""

    columns: tuple[str, ...] = USUAL
    density: str = DENSITIES[0]
    view_uid: str = ""


def choice_of(*, merchant_id: int, person_id: int) -> Choice:
    """Return what a person chose, or what the house begins with."""
    with acting_as(merchant_id):
        row = ListChoice.objects.filter(merchant_id=merchant_id, person_id=person_id).first()
    if row is None:
        return Choice()
    columns = tuple(checked_columns(row.columns)) or USUAL
    density = row.density if row.density in DENSITIES else DENSITIES[0]
    return Choice(columns, density, row.view_uid)


def choose_columns(
    *, merchant_id: int, person_id: int, columns: Collection[str], density: str
) -> None:
    """Keep which columns a person sees, in which order, and how dense; nonsense is left out."""
    kept = checked_columns(columns) or list(USUAL)
    dense = density if density in DENSITIES else DENSITIES[0]
    _keep(merchant_id, person_id, columns=kept, density=dense)


def choose_view(*, merchant_id: int, person_id: int, uid: str) -> None:
    """Keep with which view a person's list starts."""
    _keep(merchant_id, person_id, view_uid=uid)


def checked_columns(columns: Collection[str]) -> list[str]:
    """Return the columns that there are, each once, with the one that is needed."""
    kept = [name for name in dict.fromkeys(columns) if name in COLUMNS]
    return kept if NEEDED in kept or not kept else [NEEDED, *kept]


def _keep(merchant_id: int, person_id: int, **values: object) -> None:
    with acting_as(merchant_id):
        ListChoice.objects.update_or_create(
            merchant_id=merchant_id, person_id=person_id, defaults=values
        )
