"""Customers' wallets: what is in them, what moved, deposits, payments, frozen sums (F3).

A key acts for its merchant, who owes this money: it sees and moves the merchant's wallets alone,
and pays from a wallet only what its owner ordered.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kacang.ledger.accounts import DocumentKind
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.operations import DepositWish
from kacang.orders.types import Origin
from kacang.reconciliation import books
from kacang.shared.contacts import read_contact
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets import operations, queries
from kacang.wallets.operations import BadWallet, Owner, OwnerKind
from kacang.wallets.queries import FrozenView, Line, WalletView
from kacang.web.api.answers import answer, utc
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.order_views import OPENS, STATES, placed
from kacang.web.api.paging import IDEMPOTENCY_KEY, Id, PageQuery, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import ContactIn, OrderPlaced
from kacang.web.api.wallet_schemas import (
    DepositIn,
    FreezeIn,
    FrozenSum,
    Wallet,
    WalletDetail,
    WalletEntry,
    WalletEntryList,
    WalletIn,
    WalletList,
    WalletPayment,
    WalletPaymentIn,
    WalletQuery,
)
from kacang.web.design.formats import mask_contact

router = Router(tags=["wallets"])
reads = BearerKey("wallets:read")
writes = BearerKey("wallets:write")
pays = BearerKey("wallets:pay")
LANGUAGES = {"zh-Hans": "zh-hans", "en": "en"}


@router.get("/wallets", response=WalletList, auth=reads, operation_id="list_wallets")
def list_wallets(request: HttpRequest, asked: Query[WalletQuery]) -> HttpResponse:
    """List wallets, or those of the customer whom `email` or `phone` names; owners are masked."""
    owner = _owner(asked.email, asked.phone) if asked.email or asked.phone else ""
    page = queries.wallets_page(
        merchant_id=caller_of(request).merchant_id,
        owner_ref=owner,
        cursor=asked.cursor[:32],
        limit=asked.limit,
    )
    items = [Wallet.model_construct(**_told(one, mask_contact)) for one in page.rows]
    return answer(WalletList(items=items, next_cursor=page.next_cursor or None))


@router.post("/wallets", response={201: Wallet}, auth=writes, operation_id="open_wallet")
def open_wallet(
    request: HttpRequest, data: WalletIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Open a customer's wallet in the shop's currency, or return the one that there is.

    Make sure that the address is the customer's: who proves it in the shop can spend the money.
    """
    caller = caller_of(request)

    def effect() -> Wallet:
        merchant_id = caller.merchant_id
        uid = operations.open_wallet(
            merchant_id=merchant_id,
            owner=Owner(OwnerKind.CUSTOMER, _owner(data.contact.email, data.contact.phone)),
            currency=merchants.merchant(merchant_id=merchant_id).currency,
        )
        return Wallet.model_construct(**_told(queries.wallet(merchant_id=merchant_id, uid=uid)))

    return once(request, Once(caller, repeat_key, 201, effect))


@router.get("/wallets/{wallet_id}", response=WalletDetail, auth=reads, operation_id="read_wallet")
def read_wallet(request: HttpRequest, wallet_id: Id) -> HttpResponse:
    """Show what is in a wallet, and what of it is frozen."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        found = queries.wallet(merchant_id=merchant_id, uid=wallet_id)
        frozen = queries.frozen_sums(merchant_id=merchant_id, uid=wallet_id)
    return answer(
        WalletDetail.model_construct(**_told(found), frozen=[_frozen(one) for one in frozen])
    )


@router.get(
    "/wallets/{wallet_id}/entries",
    response=WalletEntryList,
    auth=reads,
    operation_id="list_wallet_entries",
)
def entries(request: HttpRequest, wallet_id: Id, asked: Query[PageQuery]) -> HttpResponse:
    """List what moved in a wallet, as the ledger has it."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        found = queries.wallet(merchant_id=merchant_id, uid=wallet_id)
        page = queries.statement(
            merchant_id=merchant_id, wallet_id=found.id, cursor=asked.cursor, limit=asked.limit
        )
        documents = {(line.document, line.document_id) for line in page.lines}
        papers = books.papers(merchant_id=merchant_id, documents=documents)
    items = [
        _entry(line, papers[line.document, line.document_id].order_number) for line in page.lines
    ]
    return answer(WalletEntryList(items=items, next_cursor=page.next_cursor or None))


@router.post(
    "/wallets/{wallet_id}/deposits",
    response={201: OrderPlaced},
    auth=writes,
    operation_id="place_deposit",
)
def deposit(
    request: HttpRequest, wallet_id: Id, data: DepositIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Place an order of credit for a wallet: once it is paid, the money is in the wallet.

    It is paid as every order, by `POST /orders/{number}/payments` or at `access_url`. The shop
    must take deposits (Settings → Wallets), and sets the least and the most.
    """
    caller = caller_of(request)

    def effect() -> OrderPlaced:
        merchant_id = caller.merchant_id
        currency = queries.wallet(merchant_id=merchant_id, uid=wallet_id).currency
        wish = DepositWish(
            amount=Money(data.amount_minor, currency),
            once=new_uid("api"),
            language=LANGUAGES[data.language],
            origin=Origin(),
            actor=caller.actor,
        )
        made = orders.place_deposit(merchant_id=merchant_id, wallet_uid=wallet_id, wish=wish)
        return placed(made, caller)

    return once(request, Once(caller, repeat_key, 201, effect, secret=OPENS))


@router.post(
    "/wallets/{wallet_id}/payments",
    response={201: WalletPayment},
    auth=pays,
    operation_id="pay_from_wallet",
)
def pay(
    request: HttpRequest,
    wallet_id: Id,
    data: WalletPaymentIn,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Pay an unpaid order of the wallet's owner, all of it or nothing.

    The order's e-mail address or phone number must be the wallet's. Sent again, it pays nothing
    twice: an order that this wallet has paid is told as paid.
    """
    caller = caller_of(request)

    def effect() -> WalletPayment:
        orders.pay_for_owner(
            merchant_id=caller.merchant_id,
            number=data.order_number,
            wallet_uid=wallet_id,
            actor=caller.actor,
        )
        order = order_queries.order(merchant_id=caller.merchant_id, number=data.order_number)
        return WalletPayment.model_construct(
            order_number=order.number,
            state=STATES[order.state],
            amount_minor=order.payable.minor,
            currency=order.payable.currency,
        )

    # The way to pay is opened in a transaction of its own, before the one that pays.
    return once(request, Once(caller, repeat_key, 201, effect, calls_outside=True))


@router.post(
    "/wallets/{wallet_id}/freezes",
    response={201: FrozenSum},
    auth=writes,
    operation_id="freeze_wallet",
)
def freeze(
    request: HttpRequest, wallet_id: Id, data: FreezeIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Keep a sum of a wallet from being spent."""
    caller = caller_of(request)

    def effect() -> FrozenSum:
        merchant_id = caller.merchant_id
        with acting_as(merchant_id):
            currency = queries.wallet(merchant_id=merchant_id, uid=wallet_id).currency
            uid = operations.freeze(
                merchant_id=merchant_id,
                uid=wallet_id,
                amount=Money(data.amount_minor, currency),
                reason=data.reason,
                actor=caller.actor,
            )
            held = queries.frozen_sums(merchant_id=merchant_id, uid=wallet_id)
        return next(_frozen(one) for one in held if one.uid == uid)

    return once(request, Once(caller, repeat_key, 201, effect))


@router.post(
    "/wallets/{wallet_id}/freezes/{freeze_id}/release",
    response=Wallet,
    auth=writes,
    operation_id="unfreeze_wallet",
)
def release(
    request: HttpRequest, wallet_id: Id, freeze_id: Id, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Let a frozen sum be spent again. May be repeated."""
    caller = caller_of(request)

    def effect() -> Wallet:
        merchant_id = caller.merchant_id
        operations.unfreeze(
            merchant_id=merchant_id,
            frozen_uid=freeze_id,
            actor=caller.actor,
            wallet_uid=wallet_id,
        )
        found = queries.wallet(merchant_id=merchant_id, uid=wallet_id)
        return Wallet.model_construct(**_told(found))

    return once(request, Once(caller, repeat_key, 200, effect))


def _owner(email: str | None, phone: str | None) -> str:
    """Return the one contact that is named, in its one form.

    Raises:
        BadEmail, BadPhone: It is none.
        BadWallet: Neither is named, or both: these are two wallets.
    """
    contact = read_contact(email=email, phone=phone)
    if bool(contact.email) == bool(contact.phone):
        raise BadWallet(field="contact")
    return contact.email or contact.phone


def _told(found: WalletView, said: Callable[[str], str] = str) -> dict[str, Any]:
    is_customer = found.owner_kind is OwnerKind.CUSTOMER
    is_mail = "@" in found.owner_ref
    owner = said(found.owner_ref)
    return {
        "id": found.uid,
        "contact": ContactIn.model_construct(
            email=owner if is_customer and is_mail else None,
            phone=owner if is_customer and not is_mail else None,
        ),
        "state": found.state.name.lower(),
        "currency": found.currency,
        "balance_minor": found.balance.minor,
        "frozen_minor": found.frozen.minor,
        "available_minor": found.free.minor,
        "created_at": utc(found.created_at),
    }


def _frozen(one: FrozenView) -> FrozenSum:
    return FrozenSum.model_construct(
        id=one.uid,
        amount_minor=one.amount.minor,
        currency=one.amount.currency,
        reason=one.reason,
        is_for_withdrawal=bool(one.withdrawal),
        created_at=utc(one.created_at),
    )


def _entry(line: Line, order_number: str) -> WalletEntry:
    # A person's deed has a note of theirs; what an order did, its number.
    is_deed = line.document is DocumentKind.WALLET_DEED
    return WalletEntry.model_construct(
        at=utc(line.at),
        kind=line.kind.name.lower(),
        amount_minor=line.amount.minor,
        currency=line.amount.currency,
        order_number=order_number or None,
        note=line.note if is_deed else "",
    )
