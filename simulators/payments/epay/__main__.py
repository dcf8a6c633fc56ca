"""Run a gateway by hand: `python -m simulators.payments.epay --port 8911`."""

from simulators.payments.epay import account, new_keys
from simulators.payments.epay.server import Gateway
from simulators.payments.running import Script, run

LATE_SECONDS = 20

SCRIPT = Script(
    name="epay",
    new_keys=new_keys,
    company=lambda keys, place: Gateway(
        keys, host=place.host, port=place.port, late_seconds=LATE_SECONDS
    ),
    account=account,
)

if __name__ == "__main__":
    run(SCRIPT)
