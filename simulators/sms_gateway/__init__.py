"""A company that sends text messages, as a server of its own: keeps what it was given."""

from simulators.sms_gateway.server import Gateway, Taken, signature

__all__ = ["Gateway", "Taken", "signature"]
