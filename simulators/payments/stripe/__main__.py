"""Run Stripe by hand: `python -m simulators.payments.stripe --port 8912 --callback-url URL`."""

from simulators.payments.running import Script, run
from simulators.payments.stripe.keyring import account, new_keys
from simulators.payments.stripe.server import StripeCompany

SCRIPT = Script(
    name="stripe",
    new_keys=new_keys,
    company=lambda keys, place: StripeCompany(
        keys, callback_url=place.callback_url, host=place.host, port=place.port
    ),
    account=account,
)

if __name__ == "__main__":
    run(SCRIPT)
