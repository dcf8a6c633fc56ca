"""Somebody else's system that is told what happens here (J2)."""

from simulators.webhook_receiver.server import Heard, Receiver

__all__ = ["Heard", "Receiver"]
