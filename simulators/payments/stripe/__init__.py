"""Stripe as a server of its own, written from the pages of its protocol."""

from simulators.payments.stripe.books import Refund, Session
from simulators.payments.stripe.keyring import account, new_keys
from simulators.payments.stripe.server import StripeCompany

__all__ = ["Refund", "Session", "StripeCompany", "account", "new_keys"]
