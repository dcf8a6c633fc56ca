"""Things to test with: valid by default; name only what the test is about."""

import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from kacang.catalog.models import Category, Product, ProductState, Sku, Strategy
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.types import Item, Origin, PlacedOrder, PlaceRequest
from kacang.outbox import files as sealed_files
from kacang.payments import operations as payments
from kacang.payments import queries as payment_queries
from kacang.payments.models import Payment
from kacang.payments.ports import AccountInfo, VerifiedNotice
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.shared.zips import packed
from kacang.vault import operations as vault
from kacang.vault.models import Batch, BatchState, CardState
from kacang.wallets import operations as wallets
from kacang.wallets.withdrawals import asking
from kacang.wallets.withdrawals.types import Destination, PayoutTo, WithdrawalWish

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stocked:
    """A SKU with the codes that were put in stock for it."""

    merchant_id: int
    sku: Sku
    batch: Batch
    codes: list[str] = field(default_factory=list)


def sku(
    merchant: int, *, cards: int = 3, price: int = 1999, cost: int = 0, **fields: Any
) -> Stocked:
    """A SKU on sale with `cards` free codes."""
    with acting_as(merchant):
        category = Category.objects.create(
            merchant_id=merchant, uid=new_uid("cat"), title={"zh-Hans": "视频会员"}
        )
        product = Product.objects.create(
            merchant_id=merchant,
            uid=new_uid("prd"),
            category=category,
            title={"zh-Hans": "视频会员", "en": "Video"},
            state=ProductState.ON_SALE,
            form_fields=fields.pop("form_fields", []),
        )
        row = Sku.objects.create(
            merchant_id=merchant,
            uid=new_uid("sku"),
            product=product,
            title={"zh-Hans": "年卡", "en": "Year"},
            price_minor=price,
            currency="CNY",
            **{"strategy": Strategy.RANDOM, "max_per_order": 100, **fields},
        )
    made = Stocked(merchant, row, _batch(merchant, row, cost))
    stock(made, cards)
    return made


def another_batch(of: Stocked, *, cards: int) -> Stocked:
    """More free codes of the same SKU, in a batch of their own."""
    made = Stocked(of.merchant_id, of.sku, _batch(of.merchant_id, of.sku, of.batch.unit_cost_minor))
    stock(made, cards)
    return made


def _batch(merchant: int, row: Sku, cost: int) -> Batch:
    with acting_as(merchant):
        return Batch.objects.create(
            merchant_id=merchant,
            uid=new_uid("bat"),
            number=f"T{next(_numbers)}-{secrets.token_hex(3)}",
            sku=row,
            source="import",
            state=BatchState.STOCKED,
            currency="CNY",
            unit_cost_minor=cost,
        )


def redeem_codes(target: Stocked, *, cards: int = 3, **fields: Any) -> Stocked:
    """A SKU on sale whose cards are redeem codes for another one."""
    made = sku(target.merchant_id, cards=cards, **fields)
    with acting_as(target.merchant_id):
        Sku.objects.filter(merchant_id=target.merchant_id, pk=made.sku.pk).update(
            redeems=target.sku
        )
    return made


def stock(made: Stocked, cards: int, *, expires_in: str | None = None, loop: bool = False) -> None:
    """Put more codes in stock, straight into the table: imports have their own tests."""
    cipher = cipher_for(made.merchant_id)
    codes = [f"CODE-{secrets.token_hex(8)}" for _ in range(cards)]
    made.codes.extend(codes)
    prints = [cipher.fingerprint(b"", code.encode()) for code in codes]
    sealed = [
        cipher.seal("card", "secret", code.encode(), fingerprint)
        for code, fingerprint in zip(codes, prints, strict=True)
    ]
    with acting_as(made.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            """insert into card (merchant_id, sku_id, batch_id, pick_key, fingerprint, secret,
                                 is_loop, expires_at)
               select %s::bigint, %s::bigint, %s::bigint,
                      case when %s::boolean then n else floor(random() * 2147483647)::bigint end,
                      f, s, %s::boolean, clock_timestamp() + %s::text::interval
               from unnest(%s::bytea[], %s::bytea[]) with ordinality as c(f, s, n)""",
            [
                made.merchant_id, made.sku.pk, made.batch.pk, made.sku.strategy != Strategy.RANDOM,
                loop, expires_in, prints, sealed,
            ],
        )  # fmt: skip
        if cards:
            cursor.execute(
                """insert into card_movement (merchant_id, sku_id, batch_id, to_state, cards)
                   values (%s::bigint, %s::bigint, %s::bigint, 0, %s::int)""",
                [made.merchant_id, made.sku.pk, made.batch.pk, cards],
            )
            cursor.execute(
                """update batch set card_count = card_count + %s::int
                   where merchant_id = %s::bigint and id = %s::bigint""",
                [cards, made.merchant_id, made.batch.pk],
            )


def files(made: Stocked, *contents: tuple[str, bytes]) -> None:
    """Put small files in stock that are cards each."""
    work_uid = vault.import_cards(
        merchant_id=made.merchant_id,
        actor=SYSTEM,
        file_uid=sealed_files.store(
            merchant_id=made.merchant_id,
            purpose="import",
            name="files.zip",
            content=packed(contents),
        ),
        request=vault.ImportRequest(
            sku_uid=made.sku.uid, wishes=vault.Wishes(unit="file"), keep_good=False
        ),
    )
    vault.run_import(merchant_id=made.merchant_id, work_uid=work_uid)


def request(made: Stocked, quantity: int = 1, **fields: Any) -> PlaceRequest:
    """A buyer's wish, each time of another buyer."""
    contact = fields.pop("contact", Contact(email=f"buyer{next(_numbers)}@example.com"))
    return PlaceRequest(items=(Item(made.sku.uid, quantity),), contact=contact, **fields)


def order(made: Stocked, quantity: int = 1, **fields: Any) -> PlacedOrder:
    """A placed order with a payment at the sandbox."""
    return orders.place_order(
        merchant_id=made.merchant_id,
        request=request(made, quantity, **{"provider": "sandbox", **fields}),
    )


def account(merchant: int) -> AccountInfo:
    """An enabled sandbox account."""
    made = payments.create_account(
        merchant_id=merchant, account=payments.NewAccount(provider="sandbox", name="沙盒")
    )
    payments.enable_account(merchant_id=merchant, uid=made.uid)
    return payment_queries.account_of_uid(made.uid)


def account_of(placed: PlacedOrder, merchant: int) -> AccountInfo:
    """The account that an order's payment was begun at, of however many."""
    assert placed.payment is not None
    with acting_as(merchant):
        uid = Payment.objects.values_list("account__uid", flat=True).get(
            merchant_id=merchant, number=placed.payment.payment_id
        )
    return payment_queries.account_of_uid(uid)


BANK = {"bank": "招商银行深圳分行", "holder": "卡仓科技有限公司", "number": "6214830000000000"}


def bank_account(merchant: int) -> AccountInfo:
    """An enabled account for bank transfers."""
    made = payments.create_account(
        merchant_id=merchant,
        account=payments.NewAccount(provider="bank_transfer", name="银行转账", options=BANK),
    )
    payments.enable_account(merchant_id=merchant, uid=made.uid)
    return payment_queries.account_of_uid(made.uid)


def balance_account(merchant: int) -> AccountInfo:
    """An enabled account by which wallets pay."""
    made = payments.create_account(
        merchant_id=merchant, account=payments.NewAccount(provider="wallet", name="余额")
    )
    payments.enable_account(merchant_id=merchant, uid=made.uid)
    return payment_queries.account_of_uid(made.uid)


def wallet(merchant: int, minor: int = 0, contact: str = "") -> str:
    """A customer's wallet with money in it."""
    ref = contact or f"customer{next(_numbers)}@example.com"
    uid = wallets.open_wallet(
        merchant_id=merchant,
        owner=wallets.Owner(wallets.OwnerKind.CUSTOMER, ref),
        currency="CNY",
    )
    if minor:
        wallets.deposit(
            merchant_id=merchant,
            uid=uid,
            amount=Money(minor),
            note="现金",
            once=new_uid("once"),
            actor=SYSTEM,
        )
    return uid


def withdrawal(merchant: int, wallet_uid: str, minor: int, number: str = "6214830012340458") -> str:
    """What a customer asks to have paid out of a wallet."""
    change_settings(merchant_id=merchant, values={"withdrawals": True}, actor=SYSTEM)
    to = Destination(PayoutTo.BANK, number, "林小满", "招商银行")
    wish = WithdrawalWish(Money(minor), to, new_uid("frm"), "zh-Hans")
    return asking.ask(
        merchant_id=merchant, wallet_uid=wallet_uid, wish=wish, actor=Actor(kind="buyer")
    )


def notice(placed: PlacedOrder, **changes: Any) -> VerifiedNotice:
    """What the sandbox would tell of a payment that was made."""
    assert placed.payment is not None
    fields: dict[str, Any] = {
        "notice_id": f"msg_{secrets.token_hex(8)}",
        "payment_number": placed.payment.payment_id,
        "provider_number": f"sb_{secrets.token_hex(8)}",
        "amount": placed.payment.amount,
        "is_final": True,
        "raw": "{}",
    }
    return VerifiedNotice(**{**fields, **changes})


def card_states(made: Stocked) -> dict[CardState, int]:
    """How many cards of the SKU are in each state, counted from the rows."""
    with acting_as(made.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "select state, count(*) from card where sku_id = %s group by state", [made.sku.pk]
        )
        return {CardState(state): count for state, count in cursor.fetchall()}


__all__ = [
    "BANK",
    "Money",
    "Origin",
    "account",
    "another_batch",
    "balance_account",
    "bank_account",
    "card_states",
    "notice",
    "order",
    "redeem_codes",
    "request",
    "sku",
    "stock",
    "wallet",
    "withdrawal",
]
