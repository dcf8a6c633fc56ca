"""Companies sign as the known vectors say, each by itself (P2)."""

import pytest

from simulators.payments.btcpay import server as btcpay
from simulators.payments.epay import signing as epay
from simulators.payments.epusdt import books as epusdt
from tests.payments.vectors import public_key, vector


@pytest.mark.parametrize("name", ["epay_v1_submit", "epay_v1_notify"])
def test_epay_V1(name):
    known = vector(name)

    assert epay.content(known["params"]) == known["string"]
    assert epay.md5(known["params"], known["key"]) == known["sign"]


def test_epay_V2():
    known = vector("epay_v2_create")
    said = {**known["params"], "sign": known["sign"]}
    keys = [public_key("merchant"), public_key("platform")]

    assert epay.content(known["params"]) == known["string"]
    assert sorted(epay.rsa_fits(said, key) for key in keys) == [False, True]
    assert not any(epay.rsa_fits({**said, "money": "1.01"}, key) for key in keys)


@pytest.mark.parametrize("name", ["epusdt_create", "epusdt_notify"])
def test_epusdt(name):
    known = vector(name)

    made = epusdt.signature(known["params"], known["token"], dialect="epusdt")

    assert made == known["signature"]


def test_btcpay():
    known = vector("btcpay_webhook")

    assert btcpay.signature(known["secret"], known["body"].encode()) == known["header"]
