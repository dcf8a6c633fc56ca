"""What both versions of 易支付 say about a payment, understood."""

import hashlib
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from kacang.payments.adapters.epay.terms import Terms
from kacang.payments.ports import (
    BadNotice,
    BadSignature,
    Device,
    IncomingMessage,
    PaymentRef,
    QueryResult,
    QueryState,
    VerifiedNotice,
)
from kacang.shared.money import BadAmount, Money

PAID = "TRADE_SUCCESS"
# Of the gateway's answers about an order.
WAITS, HAS_MONEY, GIVEN_BACK = "0", "1", "2"
FIELDS_MAX = 64
NAME_MAX = 60
DEVICES = {
    Device.DESKTOP: "pc",
    Device.PHONE: "mobile",
    Device.WECHAT: "wechat",
    Device.ALIPAY: "alipay",
}
KEPT = ("trade_no", "out_trade_no", "api_trade_no", "pid", "type", "money", "status", "endtime")
_MONEY = re.compile(r"[0-9]{1,13}(\.[0-9]{1,8})?")
_NUMBER = re.compile(r"[!-~]{1,64}")
_NOT_IN_NAMES = re.compile(r"[^\w .()（）×:：-]+")


def fields_of(message: IncomingMessage) -> dict[str, str]:
    """Read the form of a message: the query of a GET, the body of a POST.

    Raises:
        BadSignature: It is none, or says something twice: what was signed is unknown.
    """
    try:
        text = message.query if message.method == "GET" else message.body.decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise BadSignature from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadSignature
    return fields


def notice_of(terms: Terms, fields: Mapping[str, str], message: IncomingMessage) -> VerifiedNotice:
    """Understand a message whose signature fits.

    Raises:
        BadNotice: It is another merchant's, or says something that no notice says.
    """
    if fields.get("pid") != terms.pid:
        raise BadNotice(field="pid")
    status = _number(fields, "trade_status")
    told = (_number(fields, "trade_no"), _number(fields, "out_trade_no"), status)
    amount = money_of(fields.get("money", ""))
    return VerifiedNotice(
        notice_id=_id("told", *told, amount.plain),
        payment_number=told[1],
        provider_number=told[0],
        amount=amount,
        is_final=status == PAID,
        raw=message.query if message.method == "GET" else message.body.decode(),
    )


def result_of(terms: Terms, payment: PaymentRef, said: Mapping[str, str]) -> QueryResult:
    """Understand what a gateway answers about an order.

    Raises:
        BadNotice: It speaks of another order, or not of money.
    """
    if said.get("out_trade_no") != payment.number or said.get("pid") not in {None, "", terms.pid}:
        raise BadNotice(field="out_trade_no")
    status = said.get("status", "")
    if status != HAS_MONEY:
        # Money that came and went back before we heard of it is no payment.
        failed = status == GIVEN_BACK
        return QueryResult(QueryState.FAILED if failed else QueryState.PENDING)
    amount = money_of(said.get("money", ""))
    number = _number(said, "trade_no")
    notice = VerifiedNotice(
        notice_id=_id("asked", number, payment.number, status, amount.plain),
        payment_number=payment.number,
        provider_number=number,
        amount=amount,
        is_final=True,
        raw=json.dumps({name: said[name] for name in KEPT if name in said}, ensure_ascii=False),
    )
    return QueryResult(QueryState.PAID, notice)


def money_of(text: str) -> Money:
    """Read an amount in yuan, to the fen: "1", "1.0" and "1.00" are the same.

    Raises:
        BadNotice: It is none, or has parts of a fen.
    """
    if not _MONEY.fullmatch(text):
        raise BadNotice(field="money")
    try:
        return Money.parse(text, "CNY")
    except BadAmount:
        raise BadNotice(field="money") from None


def name_of(title: str, number: str) -> str:
    """Return a title without what gateways choke on, short enough for an address."""
    return _NOT_IN_NAMES.sub(" ", title).strip()[:NAME_MAX].strip() or number


def _number(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise BadNotice(field=name)
    return value


def _id(*told: str) -> str:
    """Name a message by what it says: gateways give their messages no name."""
    return f"{told[0]}/{hashlib.sha256(chr(10).join(told).encode()).hexdigest()}"
