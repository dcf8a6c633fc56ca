"""Run every company at once, for a demo: `python -m simulators.payments --folder DIR`.

`DIR/accounts.json` is a list of `{"provider", "currency", "secrets", "options", "control"}`. A form
with `callback_url` sent to `control` says where the messages of a company go that is told it once.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from simulators.payments.alipay.__main__ import SCRIPT as ALIPAY
from simulators.payments.btcpay.__main__ import SCRIPT as BTCPAY
from simulators.payments.epay.__main__ import SCRIPT as EPAY
from simulators.payments.epusdt.__main__ import SCRIPT as EPUSDT
from simulators.payments.running import Place, Script
from simulators.payments.stripe.__main__ import SCRIPT as STRIPE
from simulators.payments.wechatpay.__main__ import SCRIPT as WECHATPAY
from simulators.starting import Starter, serve

SCRIPTS = (WECHATPAY, ALIPAY, STRIPE, EPAY, EPUSDT, BTCPAY)
ACCOUNTS = "accounts.json"


def _starter(script: Script) -> Starter:
    def company(keys: Mapping[str, Any], host: str, port: int) -> AbstractContextManager[Any]:
        return script.company(keys, Place(host, port, ""))

    return Starter(script.name, script.new_keys, company, script.account)


def main() -> None:
    """Serve until interrupted, or until whoever started it is gone."""
    serve("simulators.payments", ACCOUNTS, [_starter(script) for script in SCRIPTS])


if __name__ == "__main__":
    main()
