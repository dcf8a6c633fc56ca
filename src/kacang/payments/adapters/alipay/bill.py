"""Alipay's bill of a day: a ZIP with tables in GBK, one of single trades and one of sums.

The table of trades begins with lines of `#` (whose bill, which day), ends with a line that says
so, and has sums after it. Refunds are rows with a negative amount.
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, BinaryIO, NoReturn

from kacang.payments.adapters.alipay.gateway import ZONE
from kacang.payments.ports import AccountInfo, BadNotice, BillRow, RowKind
from kacang.shared.errors import DomainError
from kacang.shared.money import Money

LINE_MAX = 16 * 1024
FILES_MAX = 10
SINGLE = "业务明细查询"
ACCOUNT, END, TRADES, REFUNDS = "#账号", "明细列表结束", "#交易合计", "#退款合计"
TRADE_NO, ORDER_NO, KIND = "支付宝交易号", "商户订单号", "业务类型"
DONE_AT, AMOUNT, FEE = "完成时间", "订单金额（元）", "服务费（元）"
REFUND_NO = "退款批次号/请求号"
COLUMNS = frozenset({TRADE_NO, ORDER_NO, KIND, DONE_AT, AMOUNT, FEE, REFUND_NO})
_COUNT = re.compile(r"：([0-9]{1,9})笔")
_ACCOUNT = re.compile(r"\[([0-9]{16,20})\]")


def read(account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
    """Yield a bill's rows line by line.

    Raises:
        BadNotice: It is not such a bill, another account's, or cut off: the rows before that have
            been yielded.
    """
    try:
        with zipfile.ZipFile(bill, metadata_encoding="gbk") as packed:
            # By what they say: names come in one charset from one place, in another from another.
            for name in packed.namelist()[:FILES_MAX]:
                with packed.open(name) as table:
                    lines = _lines(table)
                    if SINGLE in next(lines, (0, ""))[1]:
                        yield from _rows(account, lines)
                        return
            _bad("files")
    # What the reader of ZIP files says about those that are none, or broken.
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError, OSError):
        _bad("zip")


def _lines(table: IO[bytes]) -> Iterator[tuple[int, str]]:
    number = 0
    while line := table.readline(LINE_MAX):
        number += 1
        if len(line) == LINE_MAX and not line.endswith(b"\n"):
            _bad("line")
        # Titles of goods may hold letters that GBK has not; what counts is in ASCII.
        yield number, line.decode("gb18030", "replace").strip("\ufeff\r\n")


def _rows(account: AccountInfo, lines: Iterator[tuple[int, str]]) -> Iterator[BillRow]:
    columns = _columns(account, lines)
    counts = dict.fromkeys(RowKind, 0)
    line = ""
    for number, line in lines:
        if line.startswith("#"):
            break
        cells = map(str.strip, next(csv.reader([line]), []))
        row = _row(number, dict(zip(columns, cells, strict=False)))
        counts[row.kind] += 1
        yield row
    # Without its last line a bill has been cut off, and money would seem to be missing.
    if END not in line:
        _bad("end")
    _check_sums(counts, lines)


def _columns(account: AccountInfo, lines: Iterator[tuple[int, str]]) -> list[str]:
    is_ours = False
    for _, line in lines:
        if line.startswith(ACCOUNT):
            is_ours = _is_of(account, line)
        if not line.startswith("#"):
            columns = [cell.strip() for cell in next(csv.reader([line]), [])]
            if not set(columns) >= COLUMNS:
                break
            return columns if is_ours else _bad("account")
    raise BadNotice(field="columns")


def _check_sums(counts: Mapping[RowKind, int], lines: Iterator[tuple[int, str]]) -> None:
    for _, line in lines:
        for sums, kind in ((TRADES, RowKind.PAYMENT), (REFUNDS, RowKind.REFUND)):
            said = _COUNT.search(line)
            if line.startswith(sums) and said and int(said[1]) != counts[kind]:
                _bad("sums")


def _is_of(account: AccountInfo, line: str) -> bool:
    """Whether the line names our seller; an account there is the seller's number and "0156"."""
    said = _ACCOUNT.search(line)
    seller = str(account.options.get("seller_id", ""))
    return bool(said and seller and said[1].startswith(seller))


def _row(number: int, cells: Mapping[str, str]) -> BillRow:
    try:
        amount = _money(cells[AMOUNT])
        booked_at = datetime.fromisoformat(cells[DONE_AT])
        is_refund = amount.minor < 0 or "退款" in cells[KIND]
        refund_number = cells[REFUND_NO] if is_refund else ""
        return BillRow(
            kind=RowKind.REFUND if is_refund else RowKind.PAYMENT,
            payment_number=cells[ORDER_NO],
            # Alipay numbers no refunds of its own: the request's number is the name of one.
            provider_number=refund_number or cells[TRADE_NO],
            amount=Money(abs(amount.minor), amount.currency),
            fee=Money(-_money(cells[FEE]).minor) if cells[FEE] else None,
            at=booked_at.replace(tzinfo=ZONE),
            refund_number=refund_number,
            line=number,
        )
    except (KeyError, ValueError, DomainError):
        raise BadNotice(field="row", line=number) from None


def _money(text: str) -> Money:
    sign = -1 if text.startswith("-") else 1
    return Money.parse(text.lstrip("+-")) * sign


def _bad(field: str) -> NoReturn:
    raise BadNotice(field=field)
