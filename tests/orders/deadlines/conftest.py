"""Orders whose deadlines come near."""

from tests.orders.exceptions.conftest import shop

__all__ = ["shop"]
