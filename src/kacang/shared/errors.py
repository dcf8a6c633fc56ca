"""What can go wrong, told apart by what the caller can do about it.

    DomainError
    ├── NotFound      the thing named does not exist, or may not be seen
    ├── Refused       the caller may not do this
    ├── Invalid       the request itself is wrong; sending it again will not help
    ├── Conflict      the request is right, but not in the present state
    ├── TooMany       the request is right, but comes too often; later it will be taken
    └── Unavailable   something outside failed; the same request may succeed later

Each concrete error sets `code`, which is public, is never reused and never changes.
"""

from typing import ClassVar


class DomainError(Exception):
    """An expected failure. `detail` is shown to callers, so it holds no secret."""

    code: ClassVar[str]
    by_code: ClassVar[dict[str, type["DomainError"]]] = {}

    def __init__(self, **detail: str | int) -> None:
        super().__init__(f"{self.code} {detail}")
        self.detail = detail

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            return
        if cls.code in cls.by_code:
            raise TypeError(f"error code {cls.code} is taken by {cls.by_code[cls.code].__name__}")
        cls.by_code[cls.code] = cls


class NotFound(DomainError):
    """The thing named does not exist, or this caller may not see it."""


class Refused(DomainError):
    """This caller may not do this."""


class Invalid(DomainError):
    """The request is wrong in itself."""


class Conflict(DomainError):
    """The request is right, but not in the present state."""


class TooMany(DomainError):
    """The request comes too often. `retry_seconds` in `detail` says when to come again."""


class Unavailable(DomainError):
    """Something outside failed. The same request may succeed later."""
