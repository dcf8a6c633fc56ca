"""Aliyun's and Tencent's text messages: real signatures checked, misbehaving on order (N1)."""

from simulators.sms_companies.aliyun import Aliyun
from simulators.sms_companies.tencent import Tencent

__all__ = ["Aliyun", "Tencent"]
