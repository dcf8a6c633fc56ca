"""What WeChat Pay says of payments and refunds, in the port's words.

All of it is authentic when it comes here. It is looked at field by field all the same: whatever
does not say what such a message says is a BadNotice.
"""

import json
import re
from typing import Any, NoReturn

from kacang.payments.adapters.wechatpay.account import Merchant
from kacang.payments.ports import (
    BadNotice,
    RefundNotice,
    RefundResult,
    RefundState,
    VerifiedNotice,
)
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money

CURRENCY = "CNY"
WHY_MAX = 200
_ID = re.compile(r"[!-~]{1,120}")
_NUMBER = re.compile(r"[!-~]{1,64}")
_REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PENDING,
    "CLOSED": RefundState.FAILED,
    # The buyer's card is closed or frozen: a person gives the money back by another way.
    "ABNORMAL": RefundState.FAILED,
}


def json_object(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None: it is none."""
    try:
        said = json.loads(body.decode())
    # ValueError covers broken UTF-8, broken JSON and numbers of thousands of digits.
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def text(said: dict[str, Any], name: str, form: re.Pattern[str] = _NUMBER) -> str:
    """Return a field that must be there."""
    value = said.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        _bad(name)
    return value


def identity(said: dict[str, Any]) -> str:
    """Return the id of a notice."""
    return text(said, "id", _ID)


def payment(
    merchant: Merchant, said: dict[str, Any], *, notice_id: str, raw: str
) -> VerifiedNotice:
    """Read a transaction that is paid."""
    _demand(said, mchid=merchant.mchid, appid=merchant.appid)
    return VerifiedNotice(
        notice_id=notice_id,
        payment_number=text(said, "out_trade_no"),
        provider_number=text(said, "transaction_id"),
        amount=_amount(said, "total", unsaid=""),
        is_final=True,
        raw=raw,
    )


def refund(merchant: Merchant, said: dict[str, Any], *, notice_id: str, raw: str) -> RefundNotice:
    """Read what a notice says of a refund. It names no app, and no currency."""
    _demand(said, mchid=merchant.mchid)
    return RefundNotice(
        notice_id=notice_id,
        refund_number=text(said, "out_refund_no"),
        provider_number=text(said, "refund_id"),
        payment_number=text(said, "out_trade_no"),
        amount=_amount(said, "refund", unsaid=CURRENCY),
        state=_refund_state(said, "refund_status"),
        raw=raw,
    )


def refund_result(said: dict[str, Any], number: str) -> RefundResult:
    """Read what an answer says of refund `number`."""
    _demand(said, out_refund_no=number)
    state = _refund_state(said, "status")
    why = str(said["status"]) if state is RefundState.FAILED else ""
    return RefundResult(state, text(said, "refund_id"), why)


def why_of(code: str, message: object) -> str:
    """Return the company's words for a refusal, for a person to read."""
    words = message if isinstance(message, str) else ""
    return f"{code}: {words}"[:WHY_MAX] if words else code[:WHY_MAX]


def _demand(said: dict[str, Any], **fields: str) -> None:
    for name, value in fields.items():
        if said.get(name) != value:
            _bad(name)


def _amount(said: dict[str, Any], name: str, *, unsaid: str) -> Money:
    amounts = said.get("amount")
    if not isinstance(amounts, dict):
        _bad("amount")
    minor, currency = amounts.get(name), amounts.get("currency", unsaid)
    # `type` and not `isinstance`: True is an int.
    if type(minor) is not int or not 0 < minor <= MINOR_MAX:
        _bad(name)
    if not isinstance(currency, str) or currency not in EXPONENTS:
        _bad("currency")
    return Money(minor, currency)


def _refund_state(said: dict[str, Any], name: str) -> RefundState:
    state = _REFUND_STATES.get(str(said.get(name)))
    return _bad(name) if state is None else state


def _bad(field: str) -> NoReturn:
    raise BadNotice(field=field)
