"""A shop with every kind of money in it: what the deeds of a random month need to be done."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.orders.types import Item, PlacedOrder, PlaceRequest
from kacang.payments import operations as payments
from kacang.payments.accounts import finding
from kacang.payments.companies import registry
from kacang.payments.ports import Surroundings, VerifiedNotice
from kacang.payments.queries import forget_accounts
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_lists import RefundFilter
from kacang.payouts import operations as payouts
from kacang.payouts.queries import Period
from kacang.reconciliation import operations as bills
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from kacang.vault import operations as vault
from kacang.vault import queries as vault_queries
from kacang.vault.card_ids import open_card_id, seal_card_id
from kacang.wallets import operations as wallets
from kacang.wallets.operations import Owner, OwnerKind
from tests import make
from tests.outside import company
from tests.outside.kacang_mypay import SECRET, MyPay
from tests.stock.conftest import Make

ZONE = ZoneInfo("Asia/Shanghai")
STAFF = Actor(kind="user", id=1, label="p@example.com")
OTHER = Actor(kind="user", id=2, label="q@example.com")
BUYER = Actor(kind="buyer")
PRICE, CODE, GIFT, WORTH, COST = 2_000, 1_500, 9_500, 10_000, 400
KEY = "0123456789abcdef" * 2


@dataclass
class Sale:
    """An order that was placed, and where it is paid."""

    placed: PlacedOrder
    provider: str
    payment: str
    amount: int
    contact: str
    sku_uid: str

    @property
    def number(self) -> str:
        return self.placed.number


@dataclass
class Expected:
    """What was done, counted beside the books."""

    received: int = 0
    deposited: int = 0
    paid_out: int = 0
    withdrawn: int = 0
    payout_fees: int = 0
    stocked: int = 0
    gift_difference: int = 0
    wallets: dict[str, int] = field(default_factory=dict)


class Shop:
    """Plain cards, gift cards, redeem codes and goods; four ways to pay; one company with bills."""

    def __init__(self) -> None:
        forget_accounts()
        self.merchant = open_merchant(
            slug=f"month-{secrets.token_hex(6)}", name="一个月", kind=MerchantKind.DEMO
        )
        self.expected = Expected()
        self.books = company.Books(KEY, datetime.now(ZONE))
        self._company = company.running(self.books)
        self._patch = pytest.MonkeyPatch()
        self.accounts = {
            "sandbox": make.account(self.merchant),
            "bank_transfer": make.bank_account(self.merchant),
            "wallet": make.balance_account(self.merchant),
            "mypay": self._mypay(self._company.__enter__()),
        }
        self.plain = make.sku(self.merchant, cards=0, price=PRICE)
        self.target = make.sku(self.merchant, cards=0, price=1_800)
        self.codes = make.redeem_codes(self.target, cards=0, price=CODE)
        self.gifts = make.sku(self.merchant, cards=0, price=GIFT, gift_minor=WORTH)
        self.stock = Make(self.merchant)
        self.goods = self.stock.goods()
        self.sales: list[Sale] = []
        self.codes_by_id: dict[int, str] = {}
        self.bill_lines: list[str] = []
        self.days = 0
        self.mypay = self.accounts["mypay"].id
        self.today = datetime.now(ZONE).date()
        terms = payouts.Terms(
            rate_millionths=15_000, period=Period.DAY, currency="CNY", starts_on=self.today,
            fixed_minor=3,
        )  # fmt: skip
        payouts.agree(merchant_id=self.merchant, terms=terms, actor=STAFF)

    def close(self) -> None:
        self._patch.undo()
        self._company.__exit__(None, None, None)
        forget_accounts()

    def _mypay(self, url: str) -> Any:
        http = Outbound(Guard.build(own_urls=[url]), seconds=3)
        known = {**registry.providers(), "mypay": MyPay(Surroundings("http://shop.test", http))}
        self._patch.setattr(registry, "providers", lambda: known)
        new = payments.NewAccount("mypay", "MyPay", secrets={SECRET: KEY}, options={"url": url})
        uid = payments.create_account(merchant_id=self.merchant, account=new).uid
        payments.enable_account(merchant_id=self.merchant, uid=uid)
        self.run("update account set created_at = now() - interval '20 days'")
        return finding.account_of_merchant(merchant_id=self.merchant, uid=uid)

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(sql, list(values))  # type: ignore[arg-type] # the tests' own values
            return list(cursor.fetchall()) if cursor.description else []

    def one(self, sql: str, *values: object) -> int:
        ((found,),) = self.run(sql, *values)
        return int(found or 0)

    def bring(self, made: make.Stocked, cards: int, cost: int = COST) -> str:
        """Take cards in with what they cost; return the batch."""
        lines = [f"M-{secrets.token_hex(8).upper()}" for _ in range(cards)]
        wish = vault.ImportRequest(
            sku_uid=made.sku.uid, purchase=vault.Purchase(unit_cost_minor=cost)
        )
        work = vault.import_cards(
            merchant_id=self.merchant, actor=STAFF, request=wish,
            file_uid=vault.seal_lines(merchant_id=self.merchant, lines=lines),
        )  # fmt: skip
        vault.run_import(merchant_id=self.merchant, work_uid=work)
        self.expected.stocked += cards * cost
        for code in lines:
            (card,) = vault_queries.find_cards(merchant_id=self.merchant, code=code)
            self.codes_by_id[self.card_id(card.uid)] = code
        ((uid,),) = self.run("select uid from batch order by id desc limit 1")
        return str(uid)

    def place(self, sku_uid: str, count: int, provider: str, contact: str = "") -> Sale:
        email = contact or f"m-{secrets.token_hex(6)}@example.com"
        wish = PlaceRequest(
            items=(Item(sku_uid, count),), contact=Contact(email=email),
            provider="" if provider == "mypay" else provider,
        )  # fmt: skip
        placed = orders.place_order(merchant_id=self.merchant, request=wish)
        if provider == "mypay":
            orders.start_payment(merchant_id=self.merchant, number=placed.number, provider=provider)
        sale = self.begun(placed, provider, email, sku_uid)
        self.sales.append(sale)
        return sale

    def begun(
        self, placed: PlacedOrder, provider: str, contact: str = "", sku_uid: str = ""
    ) -> Sale:
        """Return the one payment that was begun for an order."""
        ((number, minor),) = self.run(
            "select p.number, p.amount_minor from payment p join sale_order o on o.id = p.order_id"
            " where o.number = %s",
            placed.number,
        )
        return Sale(placed, provider, number, minor, contact, sku_uid)

    def pay(self, sale: Sale, minor: int = 0, *, is_new: bool = True) -> None:
        """Have the company tell of money for a sale; less or more than it costs, if so said."""
        amount = minor or sale.amount
        if sale.provider == "wallet":
            wallet = self.wallet(sale.contact)
            self.deposit(wallet, amount)
            orders.pay_from_wallet(merchant_id=self.merchant, number=sale.number, wallet_uid=wallet)
            self.expected.wallets[wallet] -= amount
            return
        if is_new:
            self.expected.received += amount
        if sale.provider == "bank_transfer":
            orders.confirm_transfer(
                merchant_id=self.merchant, payment_number=sale.payment, actor=STAFF,
                bank_number=secrets.token_hex(6), amount=Money(amount), is_sure=True,
            )  # fmt: skip
            return
        serial = f"mp-{sale.payment}" if sale.provider == "mypay" else secrets.token_hex(8)
        self.tell(sale, serial, amount)

    def tell(self, sale: Sale, serial: str, minor: int) -> None:
        notice = VerifiedNotice(
            secrets.token_hex(8), sale.payment, serial, Money(minor), is_final=True, raw="{}"
        )
        orders.settle_notices(account=self.accounts[sale.provider], notices=[notice])

    def wallet(self, contact: str) -> str:
        uid = wallets.open_wallet(
            merchant_id=self.merchant, owner=Owner(OwnerKind.CUSTOMER, contact), currency="CNY"
        )
        self.expected.wallets.setdefault(uid, 0)
        return uid

    def deposit(self, uid: str, minor: int) -> None:
        wallets.deposit(
            merchant_id=self.merchant, uid=uid, amount=Money(minor), note="现金",
            once=secrets.token_hex(8), actor=STAFF,
        )  # fmt: skip
        self.expected.deposited += minor
        self.expected.wallets[uid] += minor

    def card_id(self, uid: str) -> int:
        return open_card_id(cipher_for(self.merchant), uid)

    def card_uid(self, card_id: int) -> str:
        return seal_card_id(cipher_for(self.merchant), card_id)

    def ask_back(self, sale: Sale, wish: RefundWish) -> None:
        asked = orders.request_refund(
            merchant_id=self.merchant, number=sale.number, wish=wish, actor=STAFF, role="owner"
        )
        if wish.way is RefundWay.WALLET:
            self.expected.wallets[self.wallet(sale.contact)] += asked.amount.minor

    def refunds(self, *states: Any) -> list[Any]:
        rows = refund_lists.refunds_page(
            merchant_id=self.merchant, where=RefundFilter(), limit=500
        ).rows
        return [one for one in rows if not states or one.state in states]

    def line_of(self, sale: Sale) -> int:
        return queries.order(merchant_id=self.merchant, number=sale.number).lines[0].id

    def read_bill(self) -> None:
        """Have yesterday's bill of the company fetched and read."""
        day = self.today - timedelta(days=1)
        self.books.bills[day.isoformat()] = self.bill_lines
        account = self.accounts["mypay"]
        uid = bills.fetch_bill(
            merchant_id=self.merchant, account_uid=account.uid, day=day, actor=STAFF
        )
        bills.run_read(merchant_id=self.merchant, work_uid=uid)

    def noon(self, day: date) -> datetime:
        return datetime.combine(day, time(12), ZONE)
