"""The API keys of a merchant, without the keys themselves."""

from dataclasses import dataclass
from datetime import datetime

from kacang.merchants.models import ApiKey
from kacang.merchants.tenancy import acting_as


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One API key as the list shows it. `used_at` is exact to a minute."""

    uid: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    addresses: tuple[str, ...]
    rate_per_minute: int
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    created_at: datetime

    def state(self, now: datetime) -> str:
        """Return "active", "expired" or "revoked"."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"


def api_keys(*, merchant_id: int) -> list[KeyInfo]:
    """Return all keys of a merchant, those that can still work first, then the newest."""
    with acting_as(merchant_id):
        rows = list(ApiKey.objects.filter(merchant_id=merchant_id).order_by("-id"))
    keys = [
        KeyInfo(
            uid=row.uid, name=row.name, hint=row.hint, scopes=tuple(row.scopes),
            addresses=tuple(row.addresses), rate_per_minute=row.rate_per_minute,
            expires_at=row.expires_at, revoked_at=row.revoked_at, used_at=row.used_at,
            created_at=row.created_at,
        )
        for row in rows
    ]  # fmt: skip
    return sorted(keys, key=lambda key: key.revoked_at is not None)
