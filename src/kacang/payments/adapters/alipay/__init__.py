"""Alipay (支付宝), as `PaymentProvider` wants it."""

from kacang.payments.adapters.alipay.company import Alipay

__all__ = ["Alipay"]
