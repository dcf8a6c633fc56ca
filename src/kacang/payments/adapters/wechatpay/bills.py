"""WeChat Pay's daily bill of trades (交易账单): its file and its rows.

The file is text in UTF-8, or in GBK when a person has got it from the website; gzip around it or
not. A line of names, a line per payment or refund with a backquote before each value, then a line
of names and one of sums.
"""

import hashlib
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, NoReturn
from zoneinfo import ZoneInfo

from kacang.payments.ports import BadNotice, BillRow, RowKind
from kacang.shared.errors import DomainError
from kacang.shared.money import EXPONENTS, Money

ZONE = "Asia/Shanghai"
PIECE_BYTES = 64 * 1024
LINE_BYTES_MAX = 64 * 1024
GZIP = b"\x1f\x8b"
_WBITS = 31  # gzip, not bare zlib
AT, MCHID, PAYMENT, NUMBER = "交易时间", "商户号", "微信订单号", "商户订单号"
STATE, CURRENCY, TOTAL, FEE = "交易状态", "货币种类", "订单金额", "手续费"
REFUND, REFUND_NUMBER = "微信退款单号", "商户退款单号"
REFUND_TOTAL, REFUND_STATE, GOODS = "申请退款金额", "退款状态", "商品名称"
COLUMNS = frozenset({
    AT, MCHID, PAYMENT, NUMBER, STATE, CURRENCY, TOTAL, FEE, REFUND, REFUND_NUMBER, REFUND_TOTAL,
    REFUND_STATE, GOODS,
})  # fmt: skip
SUMMARY, ROWS = "总交易单数", 0
# A refund that waits is booked already; these came back to the merchant.
_NOT_REFUNDED = frozenset({"FAIL", "CHANGE", "CLOSED", "ABNORMAL"})
_STATES = {"SUCCESS": RowKind.PAYMENT, "REVOKED": RowKind.PAYMENT, "REFUND": RowKind.REFUND}


class Hashing:
    """A file that passes on what is written to it, and adds up what is inside the gzip."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into
        self._sum = hashlib.sha1(usedforsecurity=False)
        self._gzip = zlib.decompressobj(_WBITS)
        self._is_plain: bool | None = None
        self._is_broken = False

    def write(self, piece: bytes) -> int:
        """Take the next piece."""
        if self._is_plain is None:
            self._is_plain = not piece.startswith(GZIP)
        if self._is_plain:
            self._sum.update(piece)
        else:
            try:
                for part in _unpacked(self._gzip, piece):
                    self._sum.update(part)
            except zlib.error:
                self._is_broken = True
        return self._into.write(piece)

    def is_whole(self, digest: str) -> bool:
        """Whether all has come, and its sum is `digest`, in hexadecimal."""
        ended = self._is_plain or self._gzip.eof
        return bool(ended) and not self._is_broken and self._sum.hexdigest() == digest.lower()


def rows(bill: BinaryIO, mchid: str) -> Iterator[BillRow]:
    """Read a bill line by line.

    Raises:
        BadNotice: It is no bill of trades, another merchant's, or it breaks off. What was read
            until then is worth nothing.
    """
    lines = enumerate(_lines(bill), 1)
    _, first = next(lines, (0, b""))
    encoding, names = _header(first)
    count = 0
    for number, line in lines:
        said = line.decode(encoding, "replace").strip("\r\n ")
        if said.startswith(SUMMARY):
            _, last = next(lines, (0, b""))
            _check_summary(last.decode(encoding, "replace"), count)
            return
        if said:
            count += 1
            yield _row(_values(said, names), mchid, number)
    _bad("summary")


def _header(line: bytes) -> tuple[str, list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            names = line.decode(encoding).strip("\r\n ").split(",")
        except UnicodeDecodeError:
            continue
        if set(names) >= COLUMNS:
            return encoding.removesuffix("-sig"), names
    return _bad("columns")


def _values(said: str, names: list[str]) -> dict[str, str]:
    values = said.removeprefix("`").split(",`")
    after = len(names) - names.index(GOODS) - 1
    if len(values) < len(names):
        _bad("columns")
    # Goods may be called anything, also by what parts the columns.
    tail = values[len(values) - after :]
    return dict(zip(names, [*values[: names.index(GOODS)], "", *tail], strict=True))


def _row(said: dict[str, str], mchid: str, line: int) -> BillRow:
    if said[MCHID] != mchid:
        _bad("mchid")
    kind = _STATES.get(said[STATE])
    currency = said[CURRENCY]
    if kind is None or currency not in EXPONENTS:
        _bad("state")
    is_refund = kind is RowKind.REFUND
    is_done = (
        said[REFUND_STATE] not in _NOT_REFUNDED if is_refund else said[STATE] == "SUCCESS"
    )  # fmt: skip
    return BillRow(
        kind=kind,
        payment_number=said[NUMBER],
        refund_number=said[REFUND_NUMBER] if is_refund else "",
        provider_number=said[REFUND if is_refund else PAYMENT],
        amount=_money(said[REFUND_TOTAL if is_refund else TOTAL], currency),
        fee=_fee(said[FEE], currency),
        at=_time(said[AT]),
        is_done=is_done,
        line=line,
    )


def _money(written: str, currency: str) -> Money:
    try:
        return Money.parse(written, currency)
    except DomainError:
        _bad("amount")


def _fee(written: str, currency: str) -> Money:
    """Read a fee, which is written with five digits; half a fen and more is one."""
    digits = written.removeprefix("-")
    whole, _, rest = digits.partition(".")
    shown = EXPONENTS[currency]
    fee = _money(f"{whole}.{rest[:shown] or '0'}", currency)
    up = 1 if rest[shown : shown + 1] >= "5" else 0
    minor = fee.minor + up
    return Money(-minor if written.startswith("-") else minor, currency)


def _time(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(ZONE))
    except ValueError:
        _bad("time")


def _check_summary(said: str, count: int) -> None:
    values = said.strip("\r\n ").removeprefix("`").split(",`")
    if values[ROWS] != str(count):
        _bad("summary")


def _lines(bill: BinaryIO) -> Iterator[bytes]:
    rest = b""
    for piece in _pieces(bill):
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            _bad("line")
        yield from whole
    if rest:
        yield rest


def _pieces(bill: BinaryIO) -> Iterator[bytes]:
    first = bill.read(PIECE_BYTES)
    unpacker = zlib.decompressobj(_WBITS) if first.startswith(GZIP) else None
    piece = first
    while piece:
        if unpacker is None:
            yield piece
        else:
            try:
                yield from _unpacked(unpacker, piece)
            except zlib.error:
                _bad("gzip")
        piece = bill.read(PIECE_BYTES)


def _unpacked(unpacker: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    # A small file can unfold to gigabytes: never more than a piece at a time.
    part = b"x"
    while part and not unpacker.eof:
        part = unpacker.decompress(piece, PIECE_BYTES)
        yield part
        piece = unpacker.unconsumed_tail


def _bad(field: str) -> NoReturn:
    raise BadNotice(field=field)
