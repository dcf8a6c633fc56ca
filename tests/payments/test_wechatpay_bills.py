"""F2: WeChat Pay's bills, as they come, as a person gets them, and as they must not be believed."""

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.payments.adapters.wechatpay import bills
from kacang.payments.ports import BadNotice, NoBill, ProviderSilent, RefundAsked, RowKind
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.company import BillFault, RefundWay
from simulators.payments.wechatpay.bill import ADRIFT, COLUMNS, SUMS
from tests.payments import wechat
from tests.payments.contract import MINOR, NUMBER, REFUND, made
from tests.payments.wechat import WechatCompany

CHINA = ZoneInfo("Asia/Shanghai")
MCHID = "1900000109"


@pytest.fixture
def company() -> Iterator[WechatCompany]:
    with wechat.running() as running:
        yield running


def fetched(company: WechatCompany) -> bytes:
    """The bill of today, as it is fetched tomorrow."""
    into = io.BytesIO()
    today = utc_now().astimezone(CHINA).date()
    company.provider.fetch_bill(company.account, today, into, utc_now() + timedelta(days=1))
    return into.getvalue()


def rows(company: WechatCompany, bill: bytes):
    return list(company.provider.read_bill(company.account, io.BytesIO(bill)))


def line(**changes: str) -> str:
    said = dict.fromkeys(COLUMNS.split(","), "")
    said |= {
        "交易时间": "2026-11-23 23:59:59", "公众账号ID": "wx8888888888888888", "商户号": MCHID,
        "微信订单号": "4200001", "商户订单号": "Pay1", "交易状态": "SUCCESS", "货币种类": "CNY",
        "订单金额": "19.99", "手续费": "0.12000", "商品名称": "视频会员", "申请退款金额": "0.00",
    }  # fmt: skip
    return ",".join(f"`{value}" for value in {**said, **changes}.values())


def bill(*lines: str, count: int | None = None) -> str:
    sums = f"`{len(lines) if count is None else count},`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00"
    return "\r\n".join([COLUMNS, *lines, SUMS, sums, ""])


def read(text: str | bytes):
    body = text if isinstance(text, bytes) else text.encode()
    return list(bills.rows(io.BytesIO(body), MCHID))


class TestFetch:
    def test_F2_has_payments_and_refunds(self, company):
        ref = made(company)
        company.pay(MINOR)
        number = company.server.books.trades[NUMBER].transaction_id
        back = RefundAsked(REFUND, ref, number, Money(500))
        said = company.provider.refund(company.account, back, utc_now())

        paid, refunded = rows(company, fetched(company))

        assert (paid.kind, paid.payment_number, paid.amount) == (
            RowKind.PAYMENT,
            NUMBER,
            ref.amount,
        )
        assert (paid.provider_number, paid.fee) == (number, Money(12))
        assert (refunded.kind, refunded.payment_number) == (RowKind.REFUND, NUMBER)
        assert (refunded.refund_number, refunded.provider_number) == (REFUND, said.provider_ref)
        assert (refunded.amount, refunded.fee) == (Money(500), Money(-3))
        assert [row.line for row in (paid, refunded)] == [2, 3]
        assert abs(datetime.now(UTC) - paid.at) < timedelta(minutes=1)

    def test_F2_a_refund_that_failed_moved_nothing(self, company):
        ref = made(company)
        company.pay(MINOR)
        number = company.server.books.trades[NUMBER].transaction_id
        company.server.mood.refunds = RefundWay.FAILS_LATER
        company.provider.refund(
            company.account, RefundAsked(REFUND, ref, number, Money(500)), utc_now()
        )
        assert [row.is_done for row in rows(company, fetched(company))] == [True, True]

        company.server.finish_refunds()

        assert [row.is_done for row in rows(company, fetched(company))] == [True, False]

    def test_F2_comes_as_it_is_gzip_and_whole(self, company):
        made(company)
        company.pay(MINOR)

        body = fetched(company)

        assert body.startswith(b"\x1f\x8b")
        assert gzip.decompress(body).decode("utf-8-sig").startswith("交易时间")

    def test_F2_none_of_a_day_without_trade_nor_of_one_that_goes_on(self, company):
        with pytest.raises(NoBill):
            fetched(company)
        before = len(company.server.calls)

        with pytest.raises(NoBill):
            company.provider.fetch_bill(
                company.account, utc_now().astimezone(CHINA).date(), io.BytesIO(), utc_now()
            )
        assert len(company.server.calls) == before

    @pytest.mark.parametrize("harm", ["cut", "changed", "plain", "empty"])
    def test_F2_a_file_that_is_not_the_one_that_was_vouched_for(self, company, monkeypatch, harm):
        made(company)
        company.pay(MINOR)
        harmed = {
            "cut": lambda body: gzip.compress(body)[:-9],
            "changed": lambda body: gzip.compress(body.replace(b"19.99", b"99.99")),
            "plain": lambda body: body + b"\n",
            "empty": lambda body: b"",
        }
        monkeypatch.setattr("simulators.payments.wechatpay.bill.packed", harmed[harm])

        with pytest.raises(ProviderSilent):
            fetched(company)

    def test_F2_a_file_elsewhere_is_not_fetched(self, company, monkeypatch):
        made(company)
        company.pay(MINOR)
        told = company.server.bill

        def elsewhere(query):
            status, said = told(query)
            return status, {**said, "download_url": "http://127.0.0.1:9/v3/billdownload/file?x=1"}

        monkeypatch.setattr(company.server, "bill", elsewhere)
        with pytest.raises(ProviderSilent, match="another host"):
            fetched(company)

    def test_F2_what_is_wrong_on_order_is_seen(self, company):
        made(company)
        company.pay(MINOR)
        right = [(row.payment_number, row.amount.minor) for row in rows(company, fetched(company))]

        found = {}
        for fault in BillFault:
            company.server.mood.bill = frozenset({fault, BillFault.EXTRA})
            read_rows = rows(company, fetched(company))
            found[fault] = [(row.payment_number, row.amount.minor) for row in read_rows]

        assert right == [(NUMBER, MINOR)]
        assert found == {
            BillFault.EXTRA: [(NUMBER, MINOR), (ADRIFT, 888)],
            BillFault.MISSING: [(ADRIFT, 888)],
            BillFault.CHANGED: [(NUMBER, MINOR + 1), (ADRIFT, 888)],
        }


class TestRead:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
    @pytest.mark.parametrize("ends", ["\r\n", "\n"])
    @pytest.mark.parametrize("is_packed", [True, False])
    def test_F2_as_it_comes_and_as_a_person_gets_it(self, encoding, ends, is_packed):
        body = bill(line(), line(商户订单号="Pay2")).replace("\r\n", ends).encode(encoding)

        first, second = read(gzip.compress(body) if is_packed else body)

        assert (first.payment_number, first.amount, first.fee) == ("Pay1", Money(1999), Money(12))
        assert first.at == datetime(2026, 11, 23, 23, 59, 59, tzinfo=CHINA)
        assert second.payment_number == "Pay2"

    @pytest.mark.parametrize(
        "title", ["a,b", "a,`b", "`,`,`", "总交易单数", "镕`", '"quoted", twice', "乗`鎈`"]
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
    def test_F2_goods_may_be_called_anything(self, title, encoding):
        body = bill(line(商品名称=title)).encode(encoding)

        (row,) = read(body)

        assert (row.payment_number, row.amount) == ("Pay1", Money(1999))

    @pytest.mark.parametrize(
        ("fee", "minor"),
        [
            ("0.12000", 12), ("-0.12000", -12), ("0", 0), ("0.00", 0), ("7.79", 779),
            ("0.00499", 0), ("0.00500", 1), ("-0.00500", -1), ("1.999", 200), ("12.3", 1230),
        ],
    )  # fmt: skip
    def test_F2_fees_are_whole_fen(self, fee, minor):
        assert read(bill(line(手续费=fee)))[0].fee == Money(minor)

    @given(st.integers(0, 10**13))
    def test_F2_amounts_are_exact(self, minor):
        yuan = f"{minor // 100}.{minor % 100:02d}"

        assert read(bill(line(订单金额=yuan)))[0].amount == Money(minor)

    def test_F2_an_empty_bill_has_no_rows(self):
        assert read(bill()) == []

    def test_F2_a_taken_back_payment_is_not_done(self):
        (row,) = read(bill(line(交易状态="REVOKED")))

        assert (row.kind, row.is_done) == (RowKind.PAYMENT, False)

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"a,b,c\n1,2,3\n", b"\xff\xfe\x00", b"\x1f\x8b\x08 nonsense", b"x" * 70_000,
            bill(line(), count=2).encode(), bill(line())[:-60].encode(),
            gzip.compress(bill(line()).encode())[:-30], bill(line(商户号="1")).encode(),
            bill(line(交易状态="WHAT")).encode(), bill(line(货币种类="???")).encode(),
            bill(line(订单金额="")).encode(), bill(line(订单金额="1e3.5")).encode(),
            bill(line(手续费="x")).encode(), bill(line(交易时间="yesterday")).encode(),
            bill("`1,`2").encode(), bill("x" * 70_000).encode(),
        ],
    )  # fmt: skip
    def test_F2_what_is_no_whole_bill_of_this_merchant_is_refused(self, body):
        with pytest.raises(BadNotice):
            read(body)

    def test_F2_a_long_bill_costs_no_more_memory_than_a_short_one(self):
        body = gzip.compress(bill(*[line()] * 40_000).encode())
        lines = bills.rows(io.BytesIO(body), MCHID)
        next(lines)
        tracemalloc.start()

        count = sum(1 for _ in lines)

        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 39_999
        assert most < 2 * 1024 * 1024
