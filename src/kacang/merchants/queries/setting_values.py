"""What a merchant chose, with the defaults for the rest."""

import time
from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType

from kacang.merchants.models import Setting
from kacang.merchants.settings import SPECS, Value, spec_of
from kacang.merchants.tenancy import acting_as

# A sale asks for several settings: they are kept in the process this long.
CACHE_SECONDS = 5

_cache: dict[int, tuple[float, Mapping[str, Value]]] = {}
_lock = Lock()


def settings_of(*, merchant_id: int) -> Mapping[str, Value]:
    """Return every setting of a merchant by name, at most five seconds old."""
    kept = _cache.get(merchant_id)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    until = time.monotonic() + CACHE_SECONDS
    with acting_as(merchant_id):
        rows = dict(Setting.objects.filter(merchant_id=merchant_id).values_list("name", "value"))
    values = MappingProxyType({name: rows.get(name, spec.default) for name, spec in SPECS.items()})
    with _lock:
        _cache[merchant_id] = (until, values)
    return values


def setting(*, merchant_id: int, name: str) -> Value:
    """Return one setting, at most five seconds old.

    Raises:
        UnknownSetting: There is none of this name.
    """
    spec_of(name)
    return settings_of(merchant_id=merchant_id)[name]


def forget_settings(merchant_id: int | None = None) -> None:
    """Drop what this process remembers of one merchant's settings, or of all."""
    with _lock:
        if merchant_id is None:
            _cache.clear()
        else:
            _cache.pop(merchant_id, None)
