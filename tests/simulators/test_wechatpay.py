"""WeChat Pay as a server of its own: what it demands of a merchant (P1)."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from simulators.payments.wechatpay import Deed, WechatPay, signing
from tests.payments import wechat

ORDERS = "/v3/pay/transactions"
NUMBER = "Pay1234567"


@pytest.fixture
def server() -> Iterator[WechatPay]:
    with WechatPay(wechat.keys()) as running:
        yield running


def header(
    said: bytes, method: str = "POST", target: str = f"{ORDERS}/native", **wrong: Any
) -> str:
    """An Authorization header, right but for what is `wrong`."""
    given = {
        "mchid": wechat.keys()["mchid"], "nonce_str": "a" * 32,
        "timestamp": str(int(time.time())), "serial_no": wechat.keys()["serial_no"], **wrong,
    }  # fmt: skip
    key = load_pem_private_key(wechat.keys()["private_key"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    text = f"{method}\n{target}\n{given['timestamp']}\n{given['nonce_str']}\n".encode()
    signed = base64.b64encode(key.sign(text + said + b"\n", PKCS1v15(), SHA256()))
    given.setdefault("signature", signed.decode())
    return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{k}="{v}"' for k, v in given.items())


def order(**changes: Any) -> bytes:
    said = {
        "appid": wechat.keys()["appid"], "mchid": wechat.keys()["mchid"], "description": "月卡",
        "out_trade_no": NUMBER, "notify_url": "https://shop.test/callbacks/x",
        "amount": {"total": 1999, "currency": "CNY"}, **changes,
    }  # fmt: skip
    return json.dumps(said).encode()


def post(server: WechatPay, body: bytes, authorization: str) -> httpx.Response:
    named = {"authorization": authorization}
    return httpx.post(f"{server.url}{ORDERS}/native", content=body, headers=named)


def test_takes_what_is_signed_and_signs_what_it_says(server):
    answer = post(server, order(), header(order()))

    assert answer.status_code == 200
    assert answer.json() == {"code_url": f"{server.url}/cashier/{NUMBER}"}
    said = answer.headers
    text = f"{said['wechatpay-timestamp']}\n{said['wechatpay-nonce']}\n{answer.text}\n"
    assert signing.checks(wechat.keys()["public_key"], text.encode(), said["wechatpay-signature"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature": "AAAA"}, {"serial_no": "0" * 40}, {"mchid": "1600000000"},
        {"timestamp": str(int(time.time()) - 3_600)}, {"timestamp": "soon"},
    ],
)  # fmt: skip
def test_takes_nothing_that_is_not(server, wrong):
    answer = post(server, order(), header(order(), **wrong))

    assert answer.status_code in {401, 404}
    assert answer.json()["code"] in {"SIGN_ERROR", "MCH_NOT_EXISTS"}
    assert server.books.trades == {}


def test_a_signature_is_for_one_body_one_address_and_once(server):
    signed = header(order())

    changed = post(server, order(description="年卡"), signed)
    elsewhere = httpx.post(
        f"{server.url}{ORDERS}/h5", content=order(), headers={"authorization": signed}
    )
    first, again = (post(server, order(), signed) for _ in range(2))

    statuses = [each.status_code for each in (changed, elsewhere, first, again)]
    assert statuses == [401, 401, 200, 401]
    assert post(server, order(), "").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"appid": "wx0000000000000000"}, {"mchid": "1600000000"}, {"description": ""},
        {"description": "长" * 128}, {"out_trade_no": "short"}, {"out_trade_no": "x" * 33},
        {"notify_url": "https://shop.test/x?a=b"}, {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": 19.99, "currency": "CNY"}},
        {"amount": {"total": 5, "currency": "USD"}}, {"time_expire": "2026-01-01T00:00:00+08:00"},
    ],
)  # fmt: skip
def test_takes_no_order_that_wechat_would_not_take(server, wrong):
    answer = post(server, order(**wrong), header(order(**wrong)))

    assert answer.status_code == 400
    assert answer.json()["code"] in {"PARAM_ERROR", "APPID_MCHID_NOT_MATCH"}
    assert server.books.trades == {}


def test_what_waits_is_sent_by_itself_when_it_runs_beside_a_demo():
    with WechatPay(wechat.keys(), deliver_seconds=0.01) as server:
        told = order(notify_url=f"{server.url}/nowhere")
        post(server, told, header(told))
        server.pay(NUMBER, Deed.LATE)
        for _ in range(500):
            if any(call.path == "/nowhere" for call in list(server.calls)):
                break
            time.sleep(0.01)

        assert any(call.path == "/nowhere" for call in server.calls)
