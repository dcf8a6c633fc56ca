"""The chart of accounts: which sides money can stand on (F1).

Fixed from the first migration. A number is never reused or renamed. `normal` says on which side
an account usually grows; a balance is always debits less credits.
"""

from dataclasses import dataclass
from enum import IntEnum


class Account(IntEnum):
    """What a transfer can take from and give to."""

    CASH_AT_PROVIDER = 1100  # money that a payment company holds for the merchant
    CASH_AT_BANK = 1200
    RECEIVABLE = 1300
    INVENTORY = 1400
    PAYABLE_SUPPLIER = 2100
    PAYABLE_PLATFORM = 2150  # the operator's share, by statements that are not paid
    ADVANCE_FROM_BUYER = 2200  # paid, not yet delivered
    REFUNDS_DUE = 2210  # to be given back, not yet seen to be
    DEFERRED_REVENUE = 2250  # paid for gift cards and redeem codes that are not redeemed
    WALLET = 2300
    SUSPENSE = 2900  # money that fits no payment, until a person decides
    CAPITAL = 3100
    REVENUE = 4100
    GIFT_CARD_DIFFERENCE = 4200  # what gift cards were sold for, less what they were worth
    COST_OF_SALES = 5100
    PROVIDER_FEE = 5200
    PLATFORM_FEE = 5300
    EXCHANGE_DIFFERENCE = 5900


@dataclass(frozen=True, slots=True)
class Chart:
    """How an account is shown and exported."""

    beancount: str
    zh: str
    en: str


CHART = {
    Account.CASH_AT_PROVIDER: Chart("Assets:Provider", "支付渠道待结算", "Cash at providers"),
    Account.CASH_AT_BANK: Chart("Assets:Bank", "银行存款", "Cash at bank"),
    Account.RECEIVABLE: Chart("Assets:Receivable", "应收账款", "Receivable"),
    Account.INVENTORY: Chart("Assets:Inventory", "库存卡密", "Inventory"),
    Account.PAYABLE_SUPPLIER: Chart("Liabilities:Suppliers", "应付供货商", "Payable to suppliers"),
    Account.PAYABLE_PLATFORM: Chart("Liabilities:Platform", "应付平台", "Payable to the platform"),
    Account.ADVANCE_FROM_BUYER: Chart("Liabilities:Advances", "预收货款", "Advances from buyers"),
    Account.REFUNDS_DUE: Chart("Liabilities:Refunds", "应退款项", "Refunds due"),
    Account.DEFERRED_REVENUE: Chart(
        "Liabilities:Deferred", "递延收入（未兑卡券）", "Deferred revenue (unredeemed cards)"
    ),
    Account.WALLET: Chart("Liabilities:Wallets", "客户余额", "Wallets"),
    Account.SUSPENSE: Chart("Liabilities:Suspense", "待查款项", "Suspense"),
    Account.CAPITAL: Chart("Equity:Capital", "实收资本", "Capital"),
    Account.REVENUE: Chart("Income:Sales", "销售收入", "Sales revenue"),
    Account.GIFT_CARD_DIFFERENCE: Chart(
        "Income:GiftCardDifferences", "储值卡售价与面值差额", "Gift card differences"
    ),
    Account.COST_OF_SALES: Chart("Expenses:CostOfSales", "销售成本", "Cost of sales"),
    Account.PROVIDER_FEE: Chart("Expenses:ProviderFees", "支付手续费", "Provider fees"),
    Account.PLATFORM_FEE: Chart("Expenses:PlatformFees", "平台服务费", "Platform fees"),
    Account.EXCHANGE_DIFFERENCE: Chart("Expenses:Exchange", "汇兑差额", "Exchange differences"),
}


class TransferKind(IntEnum):
    """Why money moved."""

    RECEIVED = 1  # provider → advance
    RECEIVED_TO_SUSPENSE = 2  # provider → suspense
    DELIVERED = 3  # advance → revenue
    COST = 4  # inventory → cost of sales
    STOCKED = 5  # supplier → inventory
    UNSTOCKED = 6  # inventory → supplier, for an undone batch
    WRITTEN_OFF = 7  # inventory → cost of sales, for void cards
    MATCHED = 8  # suspense → advance: it was an order's money after all
    REVERSAL = 9
    WRITTEN_BACK = 10  # cost of sales → inventory: what was written off is stock again
    FOUND = 11  # cost of sales → inventory, for goods that a count found
    REFUND_DUE = 12  # advance, revenue or suspense → refunds due: somebody has approved it
    REFUNDED = 13  # refunds due → provider or bank: the money is gone
    RETURNED = 14  # cost of sales → inventory, for what a buyer gave back
    UNEARNED = 15  # revenue → advance: what was delivered is to be delivered anew
    DEFERRED = 16  # advance → deferred revenue: a card was given that is good for something
    REDEEMED = 17  # deferred revenue → revenue: the goods were given for it
    LAPSED = 18  # deferred revenue → revenue: nobody can redeem it; the other way when one can
    UNDEFERRED = 19  # deferred revenue → revenue or advance: the card came back with a refund
    WORTH_DIFFERS = 20  # gift card differences → deferred revenue, or the other way
    # provider → provider fees, from a bill; the other way when fees come back. bank → provider
    # fees for what a payout cost.
    FEE = 30
    SHARED = 40  # payable → expense, for a statement; the other way when refunds were more
    PAID_OUT = 41  # bank → payable
    DEPOSITED = 50  # bank, or what was paid for a gift card → wallet
    PAID_FROM_WALLET = 51  # wallet → provider: the balance is the company that pays
    REFUNDED_TO_WALLET = 52  # what the order's money became → wallet
    WITHDRAWN = 53  # wallet → bank


class DocumentKind(IntEnum):
    """What a transfer's `document_id` names."""

    ORDER = 1
    RECEIPT = 2
    BATCH = 3
    GOODS_ENTRY = 4
    REFUND = 5
    BILL = 20
    STATEMENT = 30
    PAYOUT = 31
    WALLET_DEED = 50
    WITHDRAWAL = 51
