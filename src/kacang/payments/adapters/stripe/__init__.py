"""Stripe (bank cards), as `PaymentProvider` wants it."""

from kacang.payments.adapters.stripe.company import Stripe

__all__ = ["Stripe"]
