"""Run a program by hand: `python -m simulators.payments.epusdt --port 8912`."""

from simulators.payments.epusdt import account, new_keys
from simulators.payments.epusdt.server import Wallet
from simulators.payments.running import Script, run

LATE_SECONDS = 20

SCRIPT = Script(
    name="epusdt",
    new_keys=new_keys,
    company=lambda keys, place: Wallet(
        keys["token"],
        keys["dialect"],
        host=place.host,
        port=place.port,
        late_seconds=LATE_SECONDS,
    ),
    account=account,
)

if __name__ == "__main__":
    run(SCRIPT)
