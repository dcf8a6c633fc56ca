"""What Alipay remembers: trades, refunds, and the bill that it writes of them."""

import io
import itertools
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

from simulators.payments.company import BillFault

CHINA = timezone(timedelta(hours=8))
WAITING, PAID, CLOSED = "WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_CLOSED"
FEE_PER_MILLE = 6
COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
    "商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_serial = itertools.count(1)


def yuan(minor: int) -> str:
    """Return cents as Alipay writes them."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def china(at: datetime) -> str:
    """Return an instant as Alipay writes it."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


@dataclass
class Refund:
    """Money that goes back: `status` is done, pending or failed."""

    number: str
    minor: int
    status: str = "done"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Trade:
    """One trade in the books."""

    out_trade_no: str
    minor: int
    subject: str = ""
    notify_url: str = ""
    return_url: str = ""
    status: str = WAITING
    currency: str = "CNY"
    is_scanned: bool = True
    trade_no: str = ""
    refunds: dict[str, Refund] = field(default_factory=dict)
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    paid_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.trade_no:
            self.trade_no = f"{china(self.made_at)[:10].replace('-', '')}22001{next(_serial):011d}"

    @property
    def refunded(self) -> int:
        """How much has gone back, or will."""
        return sum(one.minor for one in self.refunds.values() if one.status != "failed")


def bill(
    seller_id: str, trades: list[Trade], day: date, faults: frozenset[BillFault]
) -> bytes | None:
    """Return the ZIP of a day of China's; None when nothing happened."""
    rows = [row for trade in trades for row in _rows(trade, day)]
    if BillFault.MISSING in faults:
        rows = rows[1:]
    if BillFault.CHANGED in faults and rows:
        rows[0] = (rows[0][0], rows[0][1], rows[0][2] + 1, rows[0][3])
    if BillFault.EXTRA in faults:
        at = datetime.combine(day, datetime.min.time(), CHINA)
        rows.append((Trade("Stranger0001", 777, "?"), at, 777, None))
    if not rows:
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        name = f"{seller_id}0156_{day:%Y%m%d}_业务明细"
        _add(files, f"{name}.csv", _table(seller_id, rows, day))
        _add(files, f"{name}(汇总).csv", f"#支付宝业务汇总查询\r\n#账号：[{seller_id}0156]\r\n")
    return packed.getvalue()


_Row = tuple[Trade, datetime, int, Refund | None]


def _rows(trade: Trade, day: date) -> list[_Row]:
    rows: list[_Row] = []
    if trade.paid_at:
        rows.append((trade, trade.paid_at, trade.minor, None))
    rows += [(trade, one.at, -one.minor, one) for one in trade.refunds.values()
             if one.status == "done"]  # fmt: skip
    return [row for row in rows if row[1].astimezone(CHINA).date() == day]


def _table(seller_id: str, rows: list[_Row], day: date) -> str:
    ins = [row for row in rows if row[3] is None]
    lines = [
        "#支付宝业务明细查询",
        f"#账号：[{seller_id}0156]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 23:59:59]",
        "#-----------------------------------------业务明细列表-----------------------------------",
        COLUMNS,
        *(_line(row) for row in rows),
        "#-----------------------------------------业务明细列表结束-------------------------------",
        f"#交易合计：{len(ins)}笔，商家实收共{yuan(sum(row[2] for row in ins))}元",
        f"#退款合计：{len(rows) - len(ins)}笔",
        f"#导出时间：[{china(datetime.now(UTC))}]",
    ]
    return "\r\n".join(lines) + "\r\n"


def _line(row: _Row) -> str:
    trade, at, minor, refund = row
    fee = 0 if refund else -(minor * FEE_PER_MILLE // 1000)
    cells = [
        f"{trade.trade_no}\t", f"{trade.out_trade_no}\t", "退款" if refund else "交易",
        trade.subject.replace(",", " "), china(trade.made_at), china(at), "", "", "", "",
        "*小鹿(buy***@example.com)", yuan(minor), yuan(minor), "0.00", "0.00", "0.00", "0.00",
        "0.00", "", "0.00", "0.00", f"{refund.number}\t" if refund else "", yuan(fee), "0.00", "",
    ]  # fmt: skip
    return ",".join(cells)


def _add(files: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    files.writestr(entry, text.encode("gb18030", "replace"))
