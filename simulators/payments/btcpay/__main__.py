"""Run a server by hand: `python -m simulators.payments.btcpay --port 8913`.

Its webhook goes to `--callback-url`, or where a call of its API says later.
"""

from simulators.payments.btcpay import account, new_keys
from simulators.payments.btcpay.server import Server
from simulators.payments.running import Script, run

LATE_SECONDS = 20

SCRIPT = Script(
    name="btcpay",
    new_keys=new_keys,
    company=lambda keys, place: Server(
        keys,
        place.callback_url,
        host=place.host,
        port=place.port,
        late_seconds=LATE_SECONDS,
    ),
    account=account,
)

if __name__ == "__main__":
    run(SCRIPT)
