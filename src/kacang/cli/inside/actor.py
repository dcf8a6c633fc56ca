"""Who does what commands do, for the logs."""

import getpass

from kacang.merchants.audit import Actor


def operator() -> Actor:
    """Return the person at the terminal, by the name of their account on this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(kind="command", label=f"kacang, {name}")
