"""What the shop and a payment company tell one another: the vocabulary of the port."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from kacang.shared.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money

# How much of a company's names is stored.
NAME_MAX = 128
NUMBER_MAX = 64
ADDRESS_MAX = 2000


class BadSignature(Refused):
    """A message was not signed by whom it says it comes from, or not lately."""

    code = "payments.bad_signature"


class BadNotice(Invalid):
    """A signed message does not say what it must say. Nothing was stored."""

    code = "payments.bad_notice"


class BadSecrets(Invalid):
    """An account's secrets are missing, empty or not of the company's form (L9)."""

    code = "payments.bad_secrets"


class ProviderSilent(Unavailable):
    """The company did not answer, or not in a way that can be understood."""

    code = "payments.provider_silent"


class AccountRefused(Conflict):
    """The company does not accept this account or its secrets. `why` is in its own words."""

    code = "payments.account_refused"


class RefundRefused(Conflict):
    """The company will not give this money back. `why` is in its own words."""

    code = "payments.refund_refused"


class NoBill(NotFound):
    """The company has no bill of that day, not yet, or never has one."""

    code = "payments.no_bill"


class Device(Enum):
    """What the buyer holds."""

    DESKTOP = "desktop"
    PHONE = "phone"
    WECHAT = "wechat"  # the browser inside WeChat
    ALIPAY = "alipay"  # the browser inside Alipay


@dataclass(frozen=True, slots=True)
class AccountField:
    """One thing that a person fills in for an account.

    Args:
        name: Its key in `secrets` or `options`.
        label: In English, as the form says it.
        label_zh: In Chinese.
        is_secret: Whether it is sealed, and never shown again without a reason.
        is_required: Whether the account cannot be enabled without it.
        is_long: A key in PEM, or another text of several lines.
        choices: When not empty, the values that it may have; the first is the default.
        default: What it is when left empty.
        hint, hint_zh: Where the company shows it, in a sentence.
    """

    name: str
    label: str
    label_zh: str
    is_secret: bool = False
    is_required: bool = True
    is_long: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    hint: str = ""
    hint_zh: str = ""


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A merchant's account at a company, its secrets open.

    `secrets` maps a name to the values that are in force, the newest first: while one is being
    rotated there are two. Never log it. `networks` says from where its messages may come
    (addresses or networks); empty: from anywhere.
    """

    id: int
    merchant_id: int
    uid: str
    provider: str
    enabled: bool
    currency: str
    secrets: Mapping[str, tuple[str, ...]] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    """What a company is told about a payment that somebody wants to make.

    Args:
        number: Ours, of 0-9A-Za-z, at most 32, unique in the installation.
        amount: In the account's currency.
        title: What is bought, in the buyer's language; may be cut.
        device: What the buyer holds.
        address: The buyer's IP address; "" when unknown.
        payer: The company's name of the buyer, where it must be known (`KnowsBuyers`).
        back_url: Where the buyer's browser goes afterwards. Nothing follows from coming back.
        expires_at: When the order is given up.
    """

    number: str
    amount: Money
    title: str = ""
    device: Device = Device.DESKTOP
    address: str = ""
    payer: str = ""
    back_url: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayInstructions:
    """How the buyer pays. At least one of the first three is given.

    Args:
        pay_url: The company's page, at most 2,000 characters.
        qr_content: What a QR code says that the company's app reads, likewise.
        in_app: What the company's own browser is called with (WeChat's `WeixinJSBridge`).
        provider_ref: The company's own name of the payment, for asking later.
        facts: What the buyer copies, by name: `bank`, `holder`, `number`, `reference`, `amount`,
            `address`, `network`.
    """

    pay_url: str = ""
    qr_content: str = ""
    in_app: Mapping[str, str] = field(default_factory=dict)
    provider_ref: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentRef:
    """A payment that was made, as the company can find it again."""

    number: str
    amount: Money
    provider_ref: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A call to our door. `headers` has lower-case names; `query` is what stood after "?"."""

    method: str = "POST"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the company is answered once its notice is stored."""

    body: bytes = b'{"ok": true}'
    content_type: str = "application/json"
    status: int = 200


@dataclass(frozen=True, slots=True)
class VerifiedNotice:
    """A message that the company has certainly sent, about money it has seen.

    Args:
        notice_id: Equal for repeats of the same message, different for different ones.
        payment_number: Which payment the company says it is for; perhaps not one of ours.
        provider_number: The company's own number of the money, once per account.
        amount: Positive when `is_final`.
        is_final: Whether the money is there. If not, nothing follows from the notice.
        raw: The message as it came.

    Raises:
        BadNotice: A field could not be stored, or says that nothing was paid.
    """

    notice_id: str
    payment_number: str
    provider_number: str
    amount: Money
    is_final: bool
    raw: str

    def __post_init__(self) -> None:
        # Whatever an adapter lets through: no database error may come of it, and no delivery
        # of nothing (L9).
        _refuse_long(self, notice_id=NAME_MAX, payment_number=NUMBER_MAX, provider_number=NAME_MAX)
        if not self.notice_id or not self.payment_number or "\0" in self.raw:
            raise BadNotice(field="id")
        if self.is_final and not (self.provider_number and 0 < self.amount.minor <= MINOR_MAX):
            raise BadNotice(field="amount")
        if self.amount.currency not in EXPONENTS:
            raise BadNotice(field="currency")


class RefundState(Enum):
    """What a company says about money that it was to give back."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it never heard of it: asking it again is right


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """A message that the company has certainly sent, about money it gives back.

    Args:
        notice_id: As of a `VerifiedNotice`.
        refund_number: Ours, of `RefundAsked`; "" for one that was made at the company's website.
        provider_number: The company's own number of the refund.
        payment_number: Which payment it is a refund of.
        amount: How much goes back.
        state: DONE, PENDING or FAILED.
        raw: The message as it came.
    """

    notice_id: str
    refund_number: str
    provider_number: str
    payment_number: str
    amount: Money
    state: RefundState
    raw: str

    def __post_init__(self) -> None:
        _refuse_long(
            self,
            notice_id=NAME_MAX,
            refund_number=NUMBER_MAX,
            provider_number=NAME_MAX,
            payment_number=NUMBER_MAX,
        )
        if not self.notice_id or "\0" in self.raw or self.amount.currency not in EXPONENTS:
            raise BadNotice(field="refund")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is rightly signed, and from which nothing follows. It is not kept."""

    why: str


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A message that something became of a payment, without saying how much was paid.

    It is not kept: the company is asked about the payment, at once.
    """

    payment_number: str

    def __post_init__(self) -> None:
        if not self.payment_number:
            raise BadNotice(field="payment_number")
        _refuse_long(self, payment_number=NUMBER_MAX)


Notice = VerifiedNotice | RefundNotice | AskAgain | Ignored


class QueryState(Enum):
    """What a company says about a payment when it is asked."""

    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it never heard of it: nobody has opened the pay page


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a question about one payment; with `notice` exactly when it is paid."""

    state: QueryState
    notice: VerifiedNotice | None = None


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """Money that is to go back to where it came from.

    Args:
        number: Ours, of 0-9A-Za-z, at most 32, unique in the installation; the same for a repeat.
        payment: The payment whose money it is.
        provider_number: The company's own number of the money, of the receipt.
        amount: How much goes back, at most what is left of the payment.
        reason: For the buyer's statement; may be cut.
        provider_ref: The company's own name of the refund, once it is known.
    """

    number: str
    payment: PaymentRef
    provider_number: str
    amount: Money
    reason: str = ""
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class RefundResult:
    """What a company says about a refund; `why` in its own words when it failed."""

    state: RefundState
    provider_ref: str = ""
    why: str = ""


class RowKind(Enum):
    """What a row of a bill is about."""

    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class BillRow:
    """One movement as the company has booked it.

    Args:
        kind: Money in or money back.
        payment_number: Ours, as the company knows it; "" when it has none.
        refund_number: Ours, of a refund.
        provider_number: The company's own number: of the payment, or of the refund.
        amount: Positive, also of a refund.
        fee: What the company keeps for it; negative when it gives a fee back; None: not said.
        at: When it was booked.
        is_done: Whether the money moved. A row of something that failed is no difference.
        line: Where it stands in the bill, from 1.
    """

    kind: RowKind
    payment_number: str
    provider_number: str
    amount: Money
    fee: Money | None
    at: datetime
    refund_number: str = ""
    is_done: bool = True
    line: int = 0


def _refuse_long(said: object, **most: int) -> None:
    for name, length in most.items():
        value = getattr(said, name)
        if len(value) > length or "\0" in value:
            raise BadNotice(field=name)
