"""What came over already: the memory that makes a second run do nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kacang.orders.models import Moved

KEY_MAX = 120


@dataclass(frozen=True, slots=True)
class Memory:
    """What a merchant has of one other system. Used inside the caller's transaction."""

    merchant_id: int
    system: str

    def ids(self, kind: str, keys: Iterable[str]) -> dict[str, int]:
        """Return what these keys became, by key; those that are new are left out."""
        found = Moved.objects.filter(
            merchant_id=self.merchant_id,
            system=self.system,
            kind=kind,
            foreign_key__in=list(keys),
        )
        return dict(found.values_list("foreign_key", f"{kind}_id"))

    def note(self, kind: str, ids: Mapping[str, int]) -> None:
        """Note what keys became."""
        Moved.objects.bulk_create(
            Moved(
                merchant_id=self.merchant_id,
                system=self.system,
                kind=kind,
                foreign_key=key,
                **{f"{kind}_id": found},
            )
            for key, found in ids.items()
        )
