"""Run the company by hand: `python -m simulators.sandbox_cashier ACCOUNT SECRET CALLBACK_URL`."""

import argparse
import threading

from simulators.sandbox_cashier.server import Cashier


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="sandbox_cashier", description=__doc__)
    parser.add_argument("account")
    parser.add_argument("secret")
    parser.add_argument("callback_url")
    parser.add_argument("--port", type=int, default=8900)
    given = parser.parse_args()
    with Cashier(given.account, given.secret, given.callback_url, port=given.port) as cashier:
        print(f"The sandbox cashier listens on {cashier.url}")  # noqa: T201 - a command
        threading.Event().wait()


if __name__ == "__main__":
    main()
