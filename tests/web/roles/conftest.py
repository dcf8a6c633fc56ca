"""The real application, as browsers are given it, and people who are signed in."""

from tests.browser.conftest import live
from tests.web.console.conftest import owner, work

__all__ = ["live", "owner", "work"]
