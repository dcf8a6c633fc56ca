"""Marks that say how a view guards itself. A test refuses a URL whose view has none (rule 8).

@public            anybody may come
@machine           the view checks a key or a signature by itself (API, callbacks, metrics)
@needs("…")        people with a permission: `kacang.web.console.access`
"""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
MARK = "kacang_access"


def marked(view: View, access: str) -> View:
    """Write on a view how it guards itself."""
    setattr(view, MARK, access)
    return view


def public(view: View) -> View:
    """Say that anybody may call this view."""
    return marked(view, "public")


def machine(view: View) -> View:
    """Say that this view checks a key, a token or a signature by itself."""
    return marked(view, "machine")


def access_of(view: Callable[..., Any]) -> str:
    """Return the mark of a view, or "" when it has none."""
    return str(getattr(view, MARK, ""))
