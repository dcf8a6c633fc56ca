"""Alipay's messages: forms, signed over everything but `sign` and `sign_type`."""

import re
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import parse_qsl

from kacang.payments.adapters.alipay.keys import is_alipays, joined
from kacang.payments.ports import (
    AccountInfo,
    BadNotice,
    BadSignature,
    Ignored,
    IncomingMessage,
    Notice,
    VerifiedNotice,
)
from kacang.shared.errors import DomainError
from kacang.shared.money import EXPONENTS, Money

PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
NOT_PAID = frozenset({"WAIT_BUYER_PAY", "TRADE_CLOSED"})
CHARSETS = frozenset({"utf-8", "gbk", "gb2312", "gb18030"})
FIELDS_MAX = 100
_AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
_NUMBER = re.compile(r"[!-~]{1,64}")


def read(account: AccountInfo, message: IncomingMessage) -> Notice:
    """Check a message's signature and whom it is for, then understand it.

    A message about a refund says TRADE_SUCCESS or TRADE_CLOSED like one about a payment, and its
    `refund_fee` is the sum of all refunds so far: nothing follows from it.
    """
    said = _checked(account, message.body)
    if said.get("refund_fee") or said.get("gmt_refund") or said.get("out_biz_no"):
        return Ignored("refund")
    if said.get("notify_type", "trade_status_sync") != "trade_status_sync":
        return Ignored("not about a trade")
    status = said.get("trade_status", "")
    if status not in PAID | NOT_PAID:
        _bad("trade_status")
    return VerifiedNotice(
        notice_id=f"{_text(said, 'notify_id', 100)}/{status}",
        payment_number=_text(said, "out_trade_no", 64),
        provider_number=_text(said, "trade_no", 64),
        amount=amount_of(said),
        is_final=status in PAID,
        raw=message.body.decode("ascii"),
    )


def amount_of(said: Mapping[str, object]) -> Money:
    """Return the amount in a notice or an answer. Raises BadNotice."""
    # Where a buyer pays in another currency than the shop's, `trans_currency` says which.
    currency = said.get("trans_currency") or "CNY"
    if not isinstance(currency, str) or currency not in EXPONENTS:
        _bad("trans_currency")
    text = said.get("total_amount")
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        _bad("total_amount")
    try:
        return Money.parse(text, currency)
    except DomainError:
        _bad("total_amount")


def _checked(account: AccountInfo, body: bytes) -> dict[str, str]:
    fields = _form(body)
    # The kind of signature is not signed itself: there is only one that counts.
    if fields.get("sign_type") != "RSA2":
        raise BadSignature
    said = joined(fields, without=("sign", "sign_type")).encode("latin-1")
    if not is_alipays(account, said, fields.get("sign", "")):
        raise BadSignature
    charset = fields.get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        _bad("charset")
    try:
        heard = {
            name: value.encode("latin-1").decode(charset)
            for name, value in fields.items()
            if name != "sign"
        }
    except UnicodeDecodeError:
        _bad("charset")
    options = account.options
    if heard.get("app_id") != options.get("app_id"):
        raise BadSignature
    if heard.get("seller_id") != options.get("seller_id"):
        raise BadSignature
    return heard


def _form(body: bytes) -> dict[str, str]:
    """Return the fields, each letter standing for one byte: the charset is itself a field."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="latin-1",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise BadSignature from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadSignature
    return fields


def _text(said: Mapping[str, str], name: str, most: int) -> str:
    value = said.get(name, "")
    if len(value) > most or not _NUMBER.fullmatch(value[:64]):
        _bad(name)
    return value


def _bad(field: str) -> NoReturn:
    raise BadNotice(field=field)
