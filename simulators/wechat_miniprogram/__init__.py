"""WeChat's server for mini-programs: access tokens and subscription messages, checked (N1)."""

from simulators.wechat_miniprogram.server import WeChat

__all__ = ["WeChat"]
