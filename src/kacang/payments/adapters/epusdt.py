"""epusdt and BEpusdt: USDT and its like, received by a program of the merchant's own.

`docs/how-it-works/epusdt.md` says what is filled in. The two share paths and signature and
differ in how a number is written where it is signed, and in what they can do besides.
"""

import hashlib
import hmac
import json
import re
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from kacang.payments.adapters.gateways import (
    GATEWAY_FIELD,
    answered,
    filled_in,
    gateway_of,
    object_of,
    paid_at,
    text_of,
    why_of,
)
from kacang.payments.adapters.without_bills import WithoutBills
from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSecrets,
    BadSignature,
    Device,
    Ignored,
    IncomingMessage,
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
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import BadAmount, Money

EPUSDT, BEPUSDT = "epusdt", "bepusdt"
TOKEN = "token"  # noqa: S105 - the name of a secret, not one
TOKEN_LENGTH_MIN, TOKEN_LENGTH_MAX = 16, 128
SUCCESS, UNSIGNED = "200", "401"
READ = range(200, 429)
PAID = "2"
# 4 to 6 are BEpusdt's: cancelled, waiting for confirmations, failed.
STATES = {"3": QueryState.FAILED, "4": QueryState.FAILED, "6": QueryState.FAILED}
SECONDS_MIN = 120
TITLE_MAX = 60
JSON = {"content-type": "application/json"}
TRC20 = "usdt.trc20"
_TRADE_TYPE = re.compile(r"[a-z0-9]{2,10}\.[a-z0-9]{2,12}")
_NUMBER = re.compile(r"[!-~]{1,64}")


class Epusdt(WithoutBills):
    """Both dialects, as `PaymentProvider` wants them."""

    name = "epusdt"
    port_version = 2
    creates_offline = False
    fields: tuple[AccountField, ...] = (
        GATEWAY_FIELD,
        AccountField(
            TOKEN,
            "API token",
            "API 令牌",
            is_secret=True,
            hint="epusdt: api_auth_token in its .env file. BEpusdt: the token of its settings.",
            hint_zh="epusdt：.env 里的 api_auth_token；BEpusdt：系统设置里的对接令牌。",
        ),
        AccountField("dialect", "Program", "程序", is_required=False, choices=(EPUSDT, BEPUSDT)),
        AccountField(
            "trade_type",
            "Coin and network (BEpusdt)",
            "币种与网络（BEpusdt）",
            is_required=False,
            default=TRC20,
            hint="Such as usdt.trc20, usdt.polygon, usdc.bep20. epusdt has usdt.trc20 only.",
            hint_zh="如 usdt.trc20、usdt.polygon、usdc.bep20；epusdt 只有 usdt.trc20。",
        ),
    )
    # What is sold has a price in yuan; the program turns it into coins at its own rate.
    currencies = frozenset({"CNY"})
    notice_methods: tuple[str, ...] = ("POST",)
    taken = Reply(b"ok", "text/plain")
    refunds = False
    zone = "Asia/Shanghai"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody: the wallet may be on another device."""
        return True

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Have the program give an address and an amount of coins that is this payment's alone.

        epusdt refuses an order number that it knows, and cannot be asked what it had answered:
        each call there has a number of its own, behind which ours stands. A trade whose answer
        was lost is one that no buyer has seen.
        """
        fields: dict[str, Any] = {
            "order_id": payment.number,
            "amount": Decimal(payment.amount.plain),
            "notify_url": self._surroundings.notice_url(account),
            "redirect_url": payment.back_url or self._surroundings.public_url,
        }
        network = TRC20
        if _dialect(account) == EPUSDT:
            fields["order_id"] += f"-{random.token_hex(2)}"
        else:
            network = _trade_type(account.options)
            fields |= {"fiat": "CNY", "trade_type": network, "name": payment.title[:TITLE_MAX]}
            fields |= _timeout(payment.expires_at)
        said = self._post(account, "create-transaction", fields)
        data = said.get("data")
        if text_of(said, "status_code") != SUCCESS:
            raise AccountRefused(provider=self.name, why=why_of(said, "message", account.secrets))
        if not isinstance(data, dict) or text_of(data, "order_id") != fields["order_id"]:
            raise ProviderSilent(provider=self.name, why="another order")
        made = paid_at(
            text_of(data, "payment_url"),
            text_of(data, "token"),
            text_of(data, "trade_id"),
            address=text_of(data, "token"),
            amount=text_of(data, "actual_amount"),
            network=network.upper().replace(".", " · "),
        )
        if not (made.pay_url and made.provider_ref):
            raise ProviderSilent(provider=self.name, why="no way to pay")
        return made

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice | Ignored:
        """Check the signature over the values, then every field; act on status 2 alone."""
        try:
            said = object_of(message.body)
        except BadNotice:
            raise BadSignature from None
        is_go_v = _dialect(account) == BEPUSDT
        if not _is_signed(said, account.secrets.get(TOKEN, ()), is_go_v=is_go_v):
            raise BadSignature
        status = text_of(said, "status")
        number, _, _ = _number(said, "order_id").partition("-")
        trade = _number(said, "trade_id")
        if status != PAID:
            return Ignored(f"status {status[:20]}")
        amount = _yuan(text_of(said, "amount"))
        if not _is_positive(text_of(said, "actual_amount")):
            raise BadNotice(field="actual_amount")
        return VerifiedNotice(
            notice_id=_id("told", trade, number, amount.plain),
            payment_number=number,
            provider_number=trade,
            amount=amount,
            is_final=True,
            raw=message.body.decode(),
        )

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask what the program's own pay page asks.

        It answers with a state alone. A trade is paid when exactly its amount of coins came, so
        the amount is the one for which it was made.
        """
        trade = payment.provider_ref
        if not _NUMBER.fullmatch(trade) or not trade.isalnum():
            return QueryResult(QueryState.UNKNOWN)
        url = f"{self._base(account)}/pay/check-status/{trade}"
        said = answered(self.name, lambda: self._http.get(url), read=READ)
        data = said.get("data")
        told = data if isinstance(data, dict) else said
        if text_of(said, "status_code") not in {"", SUCCESS}:
            return QueryResult(QueryState.UNKNOWN)
        if text_of(told, "trade_id") != trade:
            raise ProviderSilent(provider=self.name, why="another trade")
        status = text_of(told, "status")
        if status != PAID:
            return QueryResult(STATES.get(status, QueryState.PENDING))
        notice = VerifiedNotice(
            notice_id=_id("asked", trade, payment.number, payment.amount.plain),
            payment_number=payment.number,
            provider_number=trade,
            amount=payment.amount,
            is_final=True,
            raw=json.dumps({name: text_of(told, name) for name in told}),
        )
        return QueryResult(QueryState.PAID, notice)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Cancel a trade where the program can; what it refuses to cancel stays as it is."""
        if _dialect(account) == BEPUSDT and payment.provider_ref:
            self._post(account, "cancel-transaction", {"trade_id": payment.provider_ref})

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give nothing back: coins are sent back by a person, from the wallet."""
        raise RefundRefused(provider=self.name)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Know of no refund."""
        raise RefundRefused(provider=self.name)

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Send something signed that can change nothing: the signature is looked at first.

        epusdt gets an order without an amount, BEpusdt the cancelling of a trade that is none.
        """
        if _dialect(account) == EPUSDT:
            said = self._post(account, "create-transaction", {"order_id": "probe"})
        else:
            said = self._post(account, "cancel-transaction", {"trade_id": "probe"})
        code, why = text_of(said, "status_code"), why_of(said, "message", account.secrets)
        if code == UNSIGNED or "签名" in why:
            raise AccountRefused(provider=self.name, why=why)
        if code in {"", SUCCESS}:
            raise ProviderSilent(provider=self.name, why="took what is no order")

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand a safe address and one or two tokens that are worth something."""
        gateway_of(options, self._http)
        _trade_type(options)
        if options.get("dialect") not in {None, "", EPUSDT, BEPUSDT}:
            raise BadSecrets(field="dialect")
        tokens = secrets.get(TOKEN, ())
        if not 1 <= len(tokens) <= 2:  # noqa: PLR2004 - the old one and the new one
            raise BadSecrets(field=TOKEN)
        for token in tokens:
            is_plain = token.isascii() and token.isprintable() and " " not in token
            if not is_plain or not TOKEN_LENGTH_MIN <= len(token) <= TOKEN_LENGTH_MAX:
                raise BadSecrets(field=TOKEN)

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make none: the program has its token."""
        return None

    def _post(self, account: AccountInfo, what: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        tokens = account.secrets.get(TOKEN, ())
        if not tokens or not tokens[0]:
            raise BadSecrets(field=TOKEN)
        content = content_of(fields, is_go_v=_dialect(account) == BEPUSDT)
        signed = {**fields, "signature": signature_of(content, tokens[0])}
        body = json.dumps(signed, default=_in_json).encode()
        url = f"{self._base(account)}/api/v1/order/{what}"
        return answered(self.name, lambda: self._http.post(url, body, headers=JSON), read=READ)

    def _base(self, account: AccountInfo) -> str:
        with filled_in(self.name):
            return gateway_of(account.options, self._http)


def content_of(fields: Mapping[str, Any], *, is_go_v: bool = False) -> str:
    """Return what is signed: every value but blanks, in the order of the names.

    Args:
        fields: Texts and numbers; numbers are `Decimal`.
        is_go_v: Whether numbers are written as Go's `%v` does, and not as its `'f', -1`.

    Raises:
        BadSignature: A value is neither text nor number: nobody signs such.
    """
    said = []
    for name in sorted(fields):
        value = fields[name]
        if name == "signature" or value is None or value == "":
            continue
        if isinstance(value, Decimal):
            value = _go_v(value) if is_go_v else format(value.normalize(), "f")
        if not isinstance(value, str):
            raise BadSignature
        said.append(f"{name}={value}")
    return "&".join(said)


def signature_of(content: str, token: str) -> str:
    """Return the signature: the token follows the content at once."""
    return hashlib.md5((content + token).encode()).hexdigest()  # noqa: S324 - the protocol's


def _is_signed(said: Mapping[str, Any], tokens: Sequence[str], *, is_go_v: bool) -> bool:
    offered = text_of(said, "signature").lower().encode()
    content = content_of(said, is_go_v=is_go_v)
    rights = [signature_of(content, token).encode() for token in tokens if token]
    return any(hmac.compare_digest(right, offered) for right in rights)


def _go_v(value: Decimal) -> str:
    """Write a number as Go's `%v`: with an exponent from a million on, and below 0.0001."""
    plain = value.normalize()
    exponent = plain.adjusted()
    if not plain or -4 <= exponent < 6:  # noqa: PLR2004 - Go's
        return format(plain, "f")
    digits = "".join(map(str, plain.as_tuple().digits))
    mantissa = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
    return f"{'-' if plain < 0 else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _in_json(value: Decimal) -> int | float:
    # A price has two digits behind the point and fifteen in all: a float writes it the same.
    return int(value) if value == value.to_integral_value() else float(value)


def _dialect(account: AccountInfo) -> str:
    return str(account.options.get("dialect") or EPUSDT)


def _trade_type(options: Mapping[str, Any]) -> str:
    value = options.get("trade_type") or TRC20
    if not isinstance(value, str) or not _TRADE_TYPE.fullmatch(value):
        raise BadSecrets(field="trade_type")
    return value


def _timeout(expires_at: datetime | None) -> dict[str, Decimal]:
    if expires_at is None:
        return {}
    left = int((expires_at - utc_now()).total_seconds())
    return {"timeout": Decimal(max(left, SECONDS_MIN))}


def _number(said: Mapping[str, Any], name: str) -> str:
    value = text_of(said, name)
    if not _NUMBER.fullmatch(value):
        raise BadNotice(field=name)
    return value


def _yuan(text: str) -> Money:
    if not _is_positive(text):
        raise BadNotice(field="amount")
    try:
        return Money.parse(text, "CNY")
    except BadAmount:
        raise BadNotice(field="amount") from None


def _is_positive(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,18})?", text) is not None and Decimal(text) > 0


def _id(*told: str) -> str:
    """Name a message by what it says: the program gives its messages no name."""
    return f"{told[0]}/{hashlib.sha256(chr(10).join(told).encode()).hexdigest()}"
