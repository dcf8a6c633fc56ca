"""The daily bill of trades, as WeChat writes it, and as it is wrong on order."""

import gzip
from collections.abc import Iterable
from datetime import date

from simulators.payments.company import BillFault
from simulators.payments.wechatpay.books import CHINA, TYPES, Books, Refund, Trade

COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
FEE_PER_MILLE = 6
ADRIFT = "NobodyAskedForThis"


def fee(fen: int) -> int:
    """Return what is kept of an amount: six per mille, to the nearest fen."""
    return (fen * FEE_PER_MILLE + 500) // 1000


def written(books: Books, day: date, faults: frozenset[BillFault]) -> bytes:
    """Return a day's bill as text; b"" when nothing happened."""
    rows = [_payment(each, each.total) for each in _paid_on(books.trades.values(), day)]
    first = next(iter(_paid_on(books.trades.values(), day)), None)
    if first and BillFault.CHANGED in faults:
        rows[0] = _payment(first, first.total + 1)
    if BillFault.MISSING in faults:
        rows = rows[1:]
    if first and BillFault.EXTRA in faults:
        adrift = Trade({**first.asked, "out_trade_no": ADRIFT}, first.product, total=888)
        adrift.paid_at = first.paid_at
        rows.append(_payment(adrift, 888))
    rows += [
        _refund(each)
        for each in books.refunds.values()
        if each.made_at.astimezone(CHINA).date() == day
    ]
    if not rows:
        return b""
    sums = _line([str(len(rows)), "0.00", "0.00", "0.00", "0.00000", "0.00", "0.00"])
    lines = [COLUMNS, *map(_line, rows), SUMS, sums]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def packed(text: bytes) -> bytes:
    """Return it as it is downloaded."""
    return gzip.compress(text)


def _paid_on(trades: Iterable[Trade], day: date) -> list[Trade]:
    return [
        each for each in trades if each.paid_at and each.paid_at.astimezone(CHINA).date() == day
    ]


def _payment(trade: Trade, fen: int) -> list[str]:
    assert trade.paid_at is not None
    asked, at = trade.asked, f"{trade.paid_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    return [
        at, asked["appid"], asked["mchid"], "0", "", trade.transaction_id, trade.number,
        trade.openid, TYPES[trade.product], "SUCCESS", "OTHERS", trade.currency, _yuan(fen),
        "0.00", "0", "0", "0.00", "0.00", "", "", asked["description"], "",
        f"{_yuan(fee(fen))}000", "0.60%", _yuan(fen), "0.00", "",
    ]  # fmt: skip


def _refund(refund: Refund) -> list[str]:
    trade, at = refund.trade, f"{refund.made_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    status = {"ABNORMAL": "FAIL", "CLOSED": "FAIL"}.get(refund.status, refund.status)
    return [
        at, trade.asked["appid"], trade.asked["mchid"], "0", "", trade.transaction_id,
        trade.number, trade.openid, TYPES[trade.product], "REFUND", "OTHERS", trade.currency,
        "0.00", "0.00", refund.refund_id, refund.asked["out_refund_no"], _yuan(refund.fen), "0.00",
        "ORIGINAL", status, trade.asked["description"], "", f"-{_yuan(fee(refund.fen))}000",
        "0.60%", "0.00", _yuan(refund.fen), "",
    ]  # fmt: skip


def _line(values: list[str]) -> str:
    return ",".join(f"`{value}" for value in values)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
