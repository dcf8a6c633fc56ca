"""The sandbox payment company as a server of its own, written from its protocol page."""

from simulators.sandbox_cashier.books import Books, Charge, Refund
from simulators.sandbox_cashier.server import Cashier

__all__ = ["Books", "Cashier", "Charge", "Refund"]
