"""Alipay as a server of its own, written from the pages of its protocol."""

from simulators.payments.alipay.books import Refund, Trade
from simulators.payments.alipay.keyring import account, new_keys
from simulators.payments.alipay.server import AlipayCompany

__all__ = ["AlipayCompany", "Refund", "Trade", "account", "new_keys"]
