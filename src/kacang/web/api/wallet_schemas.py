"""What the API takes and tells of wallets (F3)."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from kacang.web.api.paging import PageQuery, Wanted
from kacang.web.api.schemas import (
    MINOR_MAX,
    NO_NUL,
    ORDER_NUMBER,
    ContactIn,
    Input,
    OrderStateName,
    Output,
)

AmountIn = Annotated[int, Field(ge=1, le=MINOR_MAX)]


class WalletIn(Input):
    """Whose wallet: an e-mail address or a phone number, one of them."""

    contact: ContactIn


class WalletQuery(PageQuery):
    """Whose wallets are asked for; nobody named: all."""

    email: Wanted = ""
    phone: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] = ""


class Wallet(Output):
    """A wallet as it stands now."""

    id: str
    contact: ContactIn
    state: str = Field(description="`open`, or `blocked`: nothing is paid from it.")
    currency: str
    balance_minor: int
    frozen_minor: int = Field(description="Of the balance, what cannot be spent.")
    available_minor: int
    created_at: datetime


class FrozenSum(Output):
    """A sum that cannot be spent."""

    id: str
    amount_minor: int
    currency: str
    reason: str
    is_for_withdrawal: bool = Field(
        description="It waits to be paid out to the customer, and is not released here."
    )
    created_at: datetime


class WalletDetail(Wallet):
    """A wallet with what is frozen in it, the newest first."""

    frozen: list[FrozenSum]


class WalletList(Output):
    """Wallets, the newest first."""

    items: list[Wallet]
    next_cursor: str | None


class WalletEntry(Output):
    """One movement of a wallet."""

    at: datetime
    kind: str = Field(
        description="`deposited`, `paid_from_wallet`, `refunded_to_wallet`, `withdrawn`,"
        " `refund_due` (a deposit that goes back), `reversal`."
    )
    amount_minor: int = Field(description="Below nothing where money went out.")
    currency: str
    order_number: str | None
    note: str


class WalletEntryList(Output):
    """What moved in a wallet, the newest first."""

    items: list[WalletEntry]
    next_cursor: str | None


class DepositIn(Input):
    """How much a customer wants to pay into their wallet."""

    amount_minor: AmountIn
    language: Annotated[str, StringConstraints(pattern="^(zh-Hans|en)$")] = Field(
        default="zh-Hans", description="What the customer's mails speak: `zh-Hans` or `en`."
    )


class WalletPaymentIn(Input):
    """Which order is paid."""

    order_number: Annotated[str, StringConstraints(pattern=ORDER_NUMBER)]


class WalletPayment(Output):
    """An order that was paid from a wallet."""

    order_number: str
    state: OrderStateName
    amount_minor: int
    currency: str


class FreezeIn(Input):
    """How much is kept from being spent, and why."""

    amount_minor: AmountIn
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)]
