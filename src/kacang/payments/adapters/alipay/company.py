"""Alipay's web, phone and QR payments (电脑网站、手机网站、当面付).

What is from memory and not from a source or a trial, to be seen once before earnest: the product
code QUICK_WAP_WAY, `time_expire` of the QR payment, and the columns of the bill.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO
from urllib.parse import urlencode

from kacang.payments.adapters.alipay import bill, gateway, keys, notices
from kacang.payments.adapters.alipay.fields import FIELDS
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSecrets,
    BillRow,
    Device,
    IncomingMessage,
    NoBill,
    Notice,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryResult,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundResult,
    RefundState,
    Reply,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.outbound import OK

QUERY = "alipay.trade.query"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
BILL = "alipay.data.dataservice.bill.downloadurl.query"
NOT_THERE = "ACQ.TRADE_NOT_EXIST"
URL_MAX = 2000
TITLE_LENGTHS = (128, 64, 32, 12)
_FORBIDDEN = re.compile(r"[\x00-\x1f/=&<>\"\\]+")
_APP_ID = re.compile(r"[0-9]{16}")
_SELLER = re.compile(r"2088[0-9]{12}")


class Alipay:
    """The company's protocol, as `PaymentProvider` wants it."""

    name = gateway.NAME
    port_version = 2
    # The QR code comes from a call; the two pages would not need one.
    creates_offline = False
    fields = FIELDS
    currencies = frozenset({"CNY"})
    notice_methods: tuple[str, ...] = ("POST",)
    taken = Reply(b"success", "text/plain")
    refunds = True
    bills = True
    zone = "Asia/Shanghai"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody but those inside WeChat, where Alipay's pages do not open."""
        return device is not Device.WECHAT

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Sign the address of a pay page, or fetch a QR code, by what is contracted.

        Raises:
            AccountRefused: The account, or this payment for a reason that does not pass.
        """
        is_desk = payment.device is Device.DESKTOP
        option = account.options.get("desktop" if is_desk else "phone")
        if option != "qr":
            page = ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY")
            wap = ("alipay.trade.wap.pay", "QUICK_WAP_WAY")
            return PayInstructions(pay_url=self._page(account, payment, page if is_desk else wap))
        content = _content(payment, "FACE_TO_FACE_PAYMENT", TITLE_LENGTHS[0])
        said = gateway.ask(
            self._http,
            account,
            ("alipay.trade.precreate", content),
            utc_now(),
            {"notify_url": self._surroundings.notice_url(account)},
        )
        if not said.is_done:
            raise AccountRefused(provider=self.name, why=said.why)
        code = said.text("qr_code")
        if not code.startswith(("https://", "http://")) or len(code) > URL_MAX:
            raise ProviderSilent(provider=self.name, why="no code")
        # On a phone the code's address opens the app.
        return PayInstructions(qr_content=code, pay_url="" if is_desk else code)

    def read_notice(self, account: AccountInfo, message: IncomingMessage, now: datetime) -> Notice:
        """Check the signature and whom it is for, then every field.

        Its age is not looked at: Alipay repeats a message unchanged for a day.
        """
        return notices.read(account, message)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask what became of a trade. It exists only once the buyer has signed in there."""
        said = self._ask(account, QUERY, {"out_trade_no": payment.number}, now)
        if not said.is_done:
            if said.sub_code == NOT_THERE:
                return QueryResult(QueryState.UNKNOWN)
            raise ProviderSilent(provider=self.name, why=said.why)
        # An answer names no question: one about another trade is not taken for ours.
        if said.text("out_trade_no") != payment.number:
            raise ProviderSilent(provider=self.name, why="another trade")
        status = said.text("trade_status")
        if status not in notices.PAID:
            is_closed = status == "TRADE_CLOSED"
            return QueryResult(QueryState.FAILED if is_closed else QueryState.PENDING)
        try:
            notice = VerifiedNotice(
                notice_id=f"query/{said.text('trade_no')}",
                payment_number=payment.number,
                provider_number=said.text("trade_no"),
                amount=notices.amount_of(said.fields),
                is_final=True,
                raw=said.raw,
            )
        except BadNotice as error:
            raise ProviderSilent(provider=self.name, why="not understood") from error
        return QueryResult(QueryState.PAID, notice)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Close a trade. One that nobody has opened yet ends by its own time.

        `alipay.trade.cancel` is not used: it would give money back that has just come.
        """
        self._ask(account, "alipay.trade.close", {"out_trade_no": payment.number}, now)

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give money back; `out_request_no` makes a repeat harmless.

        Raises:
            AccountRefused: The account's keys are not accepted any more.
        """
        content = {
            "out_trade_no": refund.payment.number,
            "refund_amount": refund.amount.plain,
            "out_request_no": refund.number,
            "refund_reason": _clean(refund.reason, 80),
        }
        content = {name: value for name, value in content.items() if value}
        said = gateway.ask(self._http, account, ("alipay.trade.refund", content), now)
        if not said.is_done:
            raise RefundRefused(provider=self.name, why=said.why)
        if said.text("out_trade_no") != refund.payment.number:
            raise ProviderSilent(provider=self.name, why="another trade")
        if said.text("fund_change") == "Y":
            return RefundResult(RefundState.DONE, refund.number)
        # No money moved by this call: it had moved before, or moves later. Which, is a question.
        known = self.query_refund(account, refund, now)
        if known.state is RefundState.UNKNOWN:
            return RefundResult(RefundState.PENDING, refund.number)
        return known

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask what became of a refund. One that failed is said not to be known."""
        numbers = {"out_trade_no": refund.payment.number, "out_request_no": refund.number}
        said = self._ask(account, REFUND_QUERY, numbers, now)
        if not said.is_done:
            if said.sub_code == NOT_THERE:
                return RefundResult(RefundState.UNKNOWN)
            raise ProviderSilent(provider=self.name, why=said.why)
        status = said.text("refund_status")
        if not status:
            return RefundResult(RefundState.UNKNOWN)
        if any(said.text(name) != number for name, number in numbers.items()):
            raise ProviderSilent(provider=self.name, why="another refund")
        # Alipay numbers no refunds of its own: ours is the name of one, in its bills as well.
        if status == "REFUND_SUCCESS":
            return RefundResult(RefundState.DONE, refund.number)
        if "FAIL" in status:
            return RefundResult(RefundState.FAILED, refund.number, status)
        return RefundResult(RefundState.PENDING, refund.number)

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        """Ask for the address of a day's bill, which holds for half a minute, and fetch it."""
        if day >= now.astimezone(gateway.ZONE).date():
            raise NoBill(provider=self.name, why="the day is not over")
        content = {"bill_type": "trade", "bill_date": day.isoformat()}
        said = self._ask(account, BILL, content, utc_now())
        if not said.is_done:
            if "bill" in said.sub_code.lower() and "exist" in said.sub_code.lower():
                raise NoBill(provider=self.name, why=said.why)
            raise ProviderSilent(provider=self.name, why=said.why)
        try:
            answer = self._http.download(said.text("bill_download_url"), into)
        except DomainError as error:
            raise ProviderSilent(provider=self.name, why=error.code) from error
        if answer.status != OK:
            raise ProviderSilent(provider=self.name, status=answer.status)

    def read_bill(self, account: AccountInfo, bill_file: BinaryIO) -> Iterator[BillRow]:
        """Read the ZIP line by line."""
        return bill.read(account, bill_file)

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Ask about a trade that was never made."""
        said = gateway.ask(self._http, account, (QUERY, {"out_trade_no": "KacangProbe"}), now)
        if not said.is_done and said.sub_code != NOT_THERE:
            raise AccountRefused(provider=self.name, why=said.why)

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Read every key and certificate, and see that those belong together that must."""
        if not _APP_ID.fullmatch(str(options.get("app_id", ""))):
            raise BadSecrets(field="app_id")
        if not _SELLER.fullmatch(str(options.get("seller_id", ""))):
            raise BadSecrets(field="seller_id")
        if not str(options.get("gateway") or gateway.GATEWAY).startswith(("https://", "http://")):
            raise BadSecrets(field="gateway")
        keys.check(secrets, str(options.get("mode") or keys.KEYS))

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make none: the merchant makes a key with Alipay's tool, and gets Alipay's in return."""
        return None

    def _page(self, account: AccountInfo, payment: PaymentAsked, product: tuple[str, str]) -> str:
        method, code = product
        addresses = {
            "notify_url": self._surroundings.notice_url(account),
            "return_url": payment.back_url,
        }
        now = utc_now()
        for length in (*TITLE_LENGTHS, 0):
            if not length:
                # Nothing follows from coming back; the buyer finds the order otherwise.
                addresses.pop("return_url")
            content = _content(payment, code, length)
            query = urlencode(gateway.signed(account, method, content, now, addresses))
            url = f"{gateway.url_of(account)}?{query}"
            if len(url) <= URL_MAX:
                return url
        raise AccountRefused(provider=self.name, why="the addresses are too long")

    def _ask(
        self, account: AccountInfo, method: str, content: Mapping[str, str], now: datetime
    ) -> gateway.Said:
        """Ask where no answer is better than a wrong one: a refused account has said nothing."""
        try:
            return gateway.ask(self._http, account, (method, content), now)
        except AccountRefused as error:
            raise ProviderSilent(**error.detail) from error


def _content(payment: PaymentAsked, product_code: str, length: int) -> dict[str, str]:
    content = {
        "out_trade_no": payment.number,
        "total_amount": payment.amount.plain,
        "subject": _clean(payment.title, length) or payment.number,
        "product_code": product_code,
    }
    if payment.expires_at is not None:
        content["time_expire"] = gateway.local(payment.expires_at)
    return content


def _clean(text: str, length: int) -> str:
    """Leave out what Alipay does not take in a text."""
    return _FORBIDDEN.sub(" ", text).strip()[:length]
