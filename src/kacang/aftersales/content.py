"""How content buyers are with what was decided, by who decided it (X2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from kacang.aftersales.models import Case
from kacang.merchants.tenancy import acting_as

# Up to so many stars a buyer is not content.
UNHAPPY = 2
PEOPLE_MAX = 50


@dataclass(frozen=True, slots=True)
class Content:
    """What became of somebody's decisions. `name` "": of all of them together."""

    name: str
    decided: int
    rated: int
    stars: int
    unhappy: int

    @property
    def average(self) -> str:
        """The stars in the middle, to a tenth, rounded down; "": nobody gave any."""
        return f"{self.stars * 10 // self.rated / 10:.1f}" if self.rated else ""


def content_since(*, merchant_id: int, since: datetime) -> tuple[Content, Sequence[Content]]:
    """Return how content buyers are with all that was decided since then, and by whom it was."""
    with acting_as(merchant_id):
        rows = Case.objects.filter(merchant_id=merchant_id, decided_at__gte=since)
        found = (
            rows.values("decided_by")
            .annotate(
                decided=Count("id"),
                rated=Count("stars"),
                given=Sum("stars", default=0),
                unhappy=Count("id", filter=Q(stars__lte=UNHAPPY)),
            )
            .order_by()
        )
        people = [
            Content(row["decided_by"], row["decided"], row["rated"], row["given"], row["unhappy"])
            for row in found
        ]
    people.sort(key=lambda one: (-one.decided, one.name))
    everybody = Content(
        "",
        sum(one.decided for one in people),
        sum(one.rated for one in people),
        sum(one.stars for one in people),
        sum(one.unhappy for one in people),
    )
    return everybody, people[:PEOPLE_MAX]
