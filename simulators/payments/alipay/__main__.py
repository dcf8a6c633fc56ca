"""Run Alipay by hand: `python -m simulators.payments.alipay --port 8911 --account FILE`."""

from simulators.payments.alipay.keyring import account, new_keys
from simulators.payments.alipay.server import AlipayCompany
from simulators.payments.running import Script, run

SCRIPT = Script(
    name="alipay",
    new_keys=new_keys,
    company=lambda keys, place: AlipayCompany(keys, host=place.host, port=place.port),
    account=account,
)

if __name__ == "__main__":
    run(SCRIPT)
