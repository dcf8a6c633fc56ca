"""WeChat Pay (微信支付), APIv3, for merchants with an account of their own.

`docs/how-it-works/wechatpay.md` says what is filled in and how it works.
"""

from kacang.payments.adapters.wechatpay.company import WechatPay

__all__ = ["WechatPay"]
