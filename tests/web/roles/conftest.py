"""The real application, as browsers are given it."""

from tests.browser.conftest import live

__all__ = ["live"]
