"""Orders whose stages take time."""

from tests.orders.exceptions.conftest import shop

__all__ = ["shop"]
