"""A payment company and a risk service as a package of somebody else would bring them.

Knows of Kacang only its two ports. The company's protocol has nothing in common with the
sandbox's: forms instead of JSON, one signature over the sorted fields, no headers.
"""

import csv
import hashlib
import hmac
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlencode

from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    BadNotice,
    BadSecrets,
    BadSignature,
    BillRow,
    Device,
    IncomingMessage,
    NoBill,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryResult,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundResult,
    Reply,
    RowKind,
    Surroundings,
    VerifiedNotice,
)
from kacang.risk.ports import Attempt, Decision, Verdict
from kacang.shared.errors import DomainError
from kacang.shared.money import Money

SECRET = "merchant_key"
MINUTES = 600
BILL_HEAD = "type,no,serial,refund,fen,fee,at,state"
_FEN = re.compile(r"[1-9][0-9]{0,14}")
_KEY = re.compile(r"[0-9a-f]{32,64}")


def sign(key: str, fields: Mapping[str, str]) -> str:
    """Sign every field but the signature itself."""
    said = urlencode(sorted((name, value) for name, value in fields.items() if name != "sign"))
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


class MyPay:
    """The adapter."""

    name = "mypay"
    port_version = 2
    creates_offline = True
    fields: tuple[AccountField, ...] = (
        AccountField("url", "Gateway", "网关地址"),
        AccountField(SECRET, "Merchant key", "商户密钥", is_secret=True),
    )
    currencies = frozenset({"CNY"})
    notice_methods: tuple[str, ...] = ("POST",)
    taken = Reply(b"OK", "text/plain")
    refunds = False
    bills = True
    zone = "Asia/Shanghai"

    def __init__(self, surroundings: Surroundings) -> None:
        self._http = surroundings.http

    def fits(self, account: AccountInfo, device: Device) -> bool:
        return device in {Device.DESKTOP, Device.PHONE}

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        fields = {"no": payment.number, "fen": str(payment.amount.minor)}
        url = f"{account.options['url']}/pay?{urlencode(fields)}"
        return PayInstructions(pay_url=url, qr_content=f"mypay:{payment.number}")

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice:
        fields = _checked(account, message.body, now)
        is_final = fields.get("result") == "SUCCESS"
        if not _FEN.fullmatch(fields.get("fen", "")):
            raise BadNotice(field="fen")
        return VerifiedNotice(
            notice_id=f"{fields.get('serial', '')}/{fields.get('result', '')}",
            payment_number=fields.get("no", ""),
            provider_number=fields.get("serial", ""),
            amount=Money(int(fields["fen"]), "CNY"),
            is_final=is_final,
            raw=message.body.decode("ascii"),
        )

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        answer = self._ask(account, "query", payment.number)
        if answer == b"unknown":
            return QueryResult(QueryState.UNKNOWN)
        if answer == b"closed":
            return QueryResult(QueryState.FAILED)
        try:
            notice = self.read_notice(account, IncomingMessage(body=answer), now)
        except DomainError as error:
            raise ProviderSilent(provider=self.name) from error
        return QueryResult(QueryState.PAID, notice)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        self._ask(account, "close", payment.number)

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        raise RefundRefused

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        raise RefundRefused

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        fields = {"day": day.isoformat()}
        fields["sign"] = sign(account.secrets[SECRET][0], fields)
        try:
            answer = self._http.download(f"{account.options['url']}/bill?{urlencode(fields)}", into)
        except DomainError as error:
            raise ProviderSilent(provider=self.name) from error
        if answer.status == 404:
            raise NoBill
        if answer.status != 200:
            raise ProviderSilent(provider=self.name)

    def read_bill(self, account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
        lines = io.TextIOWrapper(bill, "utf-8", newline="")
        if lines.readline().strip() != BILL_HEAD:
            raise BadNotice(field="head")
        for number, line in enumerate(csv.reader(lines), start=1):
            try:
                kind, ours, theirs, refund, fen, fee, at, state = line
                yield BillRow(
                    kind=RowKind.PAYMENT if kind == "pay" else RowKind.REFUND,
                    payment_number=ours,
                    provider_number=theirs,
                    amount=Money(int(fen), "CNY"),
                    fee=Money(int(fee), "CNY"),
                    at=datetime.fromisoformat(at),
                    refund_number=refund,
                    is_done=state == "ok",
                    line=number,
                )
            except ValueError:
                raise BadNotice(field="line", line=number) from None
        lines.detach()

    def probe(self, account: AccountInfo, now: datetime) -> None:
        self._ask(account, "query", "probe")

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        keys = secrets.get(SECRET, ())
        if not keys or not all(map(_KEY.fullmatch, keys)):
            raise BadSecrets

    def new_secrets(self) -> Mapping[str, str] | None:
        return None  # the company makes them

    def _ask(self, account: AccountInfo, what: str, number: str) -> bytes:
        try:
            answer = self._http.post(f"{account.options['url']}/{what}", number.encode())
        except DomainError as error:
            raise ProviderSilent(provider=self.name) from error
        if answer.status != 200:
            raise ProviderSilent(provider=self.name)
        return answer.body


def _checked(account: AccountInfo, body: bytes, now: datetime) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise BadSignature from None
    fields = dict(pairs)
    given = fields.get("sign", "")
    keys = [key for key in account.secrets.get(SECRET, ()) if key]
    if len(fields) != len(pairs) or not any(
        hmac.compare_digest(sign(key, fields).encode(), given.encode()) for key in keys
    ):
        raise BadSignature
    at = fields.get("at", "")
    if not at.isdecimal() or abs(int(at) - now.timestamp()) > MINUTES:
        raise BadSignature
    return fields


class Outdated(MyPay):
    """An adapter for a port that is no more."""

    name = "outdated"
    port_version = 0


class Broken:
    """One that cannot be built."""

    def __init__(self, surroundings: Surroundings) -> None:
        raise ConnectionError(f"no licence for {surroundings.public_url}")


class NightWatch:
    """A risk service."""

    name = "nightwatch"
    port_version = 1

    def check(self, attempt: Attempt) -> Verdict:
        if attempt.email.endswith("@bad.example"):
            return Verdict(Decision.REFUSE, ("nightwatch.domain",))
        return Verdict(Decision.ALLOW)
