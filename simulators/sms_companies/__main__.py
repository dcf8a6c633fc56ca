"""Run both companies at once, for a demo: `python -m simulators.sms_companies --folder DIR`.

`DIR/senders.json` is a list of `{"company", "key_id", "secret", "app", "sign_name",
"templates", "endpoint", "control"}`. What arrived is read at the endpoint by a browser.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from simulators.sms_companies import Aliyun, Tencent
from simulators.sms_companies.phones import SmsCompany
from simulators.starting import Starter, serve

COMPANIES: dict[str, type[SmsCompany]] = {"aliyun": Aliyun, "tencent": Tencent}
SENDERS = "senders.json"
REPORT_SECONDS = 3.0
SIGN_NAME = "小鹿数卡"
# What the demo shop's templates say: our event, our names in the order of their places, and words
# with the places' numbers.
TEXTS: dict[str, tuple[tuple[str, ...], str]] = {
    "order.delivered": (("order",), "您的订单 {1} 已发货，请到店铺的订单页查看。"),
    "order.shipped": (("order", "courier", "number"), "订单 {1} 已由{2}寄出，运单号 {3}。"),
    "order.waiting": (("order",), "已收到订单 {1} 的付款，正在处理，请勿重复付款。"),
    "order.refunded": (("order", "amount"), "您的订单 {1} 已退款 {2}。"),
    "staff.low_stock": (("title", "left"), "{1}库存不足，剩余 {2} 件。"),
    "staff.order_waiting": (("order",), "订单 {1} 已付款，待处理。"),
}


def main() -> None:
    """Serve until interrupted, or until whoever started it is gone."""
    serve("simulators.sms_companies", SENDERS, STARTERS)


def new_keys() -> dict[str, Any]:
    """Make the key of the demo shop at a company."""
    return {"key_id": f"SIM{secrets.token_hex(8)}", "secret": secrets.token_urlsafe(24)}


def _starter(name: str, kind: type[SmsCompany]) -> Starter:
    texts = {f"T-{event}": _text(name, *said) for event, said in TEXTS.items()}

    def company(keys: Mapping[str, Any], host: str, port: int) -> SmsCompany:
        return kind(
            keys["key_id"], keys["secret"], texts,
            report_seconds=REPORT_SECONDS, host=host, port=port,
        )  # fmt: skip

    def account(keys: Mapping[str, Any], url: str) -> dict[str, Any]:
        return {
            "company": name,
            "app": "1400006666" if name == "tencent" else "",
            "sign_name": SIGN_NAME,
            "templates": {
                event: [f"T-{event}", list(names)] for event, (names, _text) in TEXTS.items()
            },
            "endpoint": f"{url}/",
            **keys,
        }

    return Starter(name, new_keys, company, account)


def _text(company: str, names: tuple[str, ...], text: str) -> str:
    """Return a template in a company's manner: by name at Aliyun, by number at Tencent."""
    if company == "tencent":
        return text
    for place, name in enumerate(names, start=1):
        text = text.replace(f"{{{place}}}", f"{{{name}}}")
    return text


STARTERS = [_starter(name, kind) for name, kind in COMPANIES.items()]


if __name__ == "__main__":
    main()
