"""Run it by hand: `python -m simulators.payments.wechatpay --port 8901 --account FILE`."""

from collections.abc import Mapping
from typing import Any

from simulators.payments.running import Place, Script, run
from simulators.payments.wechatpay.keys import account_of, new_keys
from simulators.payments.wechatpay.server import WechatPay

# How long a message that is sent later waits, and how often one that was refused is sent again.
DELIVER_SECONDS = 15.0


def company(keys: Mapping[str, Any], place: Place) -> WechatPay:
    """Build the server; each order says itself where its messages go."""
    return WechatPay(keys, host=place.host, port=place.port, deliver_seconds=DELIVER_SECONDS)


SCRIPT = Script("wechatpay", new_keys, company, account_of)

if __name__ == "__main__":
    run(SCRIPT)
