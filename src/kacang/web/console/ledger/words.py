"""How accounts, transfers and their documents are said at the desk (F1)."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kacang.ledger.accounts import CHART, Account, DocumentKind, TransferKind
from kacang.ledger.beancount import WORDS
from kacang.reconciliation.books import Paper

GROUPS: dict[str, Promise] = {
    "Assets": _("Assets"),
    "Liabilities": _("Liabilities"),
    "Equity": _("Equity"),
    "Income": _("Income"),
    "Expenses": _("Expenses"),
}
# Where an account grows on the credit side, its balance is shown the other way round.
CREDIT_GROUPS = frozenset({"Liabilities", "Equity", "Income"})
DOCUMENT_WORDS: dict[str, Promise] = {
    "order": _("Order"),
    "receipt": _("Receipt"),
    "batch": _("Batch"),
    "goods_entry": _("Goods"),
    "bill": _("Bill"),
    "wallet_deed": _("Wallet"),
    "withdrawal": _("Withdrawal"),
    "refund": _("Refund"),
    "statement": _("Statement"),
    "payout": _("Payout"),
}
PERMISSIONS = {
    DocumentKind.ORDER: "orders.view",
    DocumentKind.RECEIPT: "orders.view",
    DocumentKind.REFUND: "orders.view",
    DocumentKind.BATCH: "stock.view",
    DocumentKind.GOODS_ENTRY: "stock.view",
    DocumentKind.BILL: "reconciliation.view",
    DocumentKind.WALLET_DEED: "wallets.view",
    DocumentKind.WITHDRAWAL: "wallets.view",
}


@dataclass(frozen=True, slots=True)
class PaperLink:
    """A document as a page shows it; `url` is "" where this person may not go."""

    word: Promise | str
    name: str
    url: str
    entries_url: str


def account_word(account: Account) -> str:
    """Return an account's name in the language of the page."""
    chart = CHART[account]
    return chart.zh if _is_chinese() else chart.en


def kind_word(kind: TransferKind) -> str:
    """Return why money moved."""
    zh, en = WORDS[kind]
    return zh if _is_chinese() else en


def group_of(account: Account) -> str:
    """Return the part of the chart that an account belongs to, "Assets" for instance."""
    return CHART[account].beancount.partition(":")[0]


def link_of(paper: Paper, permissions: frozenset[str]) -> PaperLink:
    """Return a document's words, where it is shown, and where its entries are."""
    kind = paper.kind.name.lower()
    word = DOCUMENT_WORDS.get(kind, kind.replace("_", " "))
    may_see = PERMISSIONS.get(paper.kind, "") in permissions
    entries = ""
    if kind in {"bill", "batch"} and paper.uid:
        entries = reverse("console_ledger_document", args=[kind, paper.uid])
    elif paper.order_number:
        entries = reverse("console_ledger_document", args=["order", paper.order_number])
    return PaperLink(word, paper.name, _url(paper) if may_see else "", entries)


def _url(paper: Paper) -> str:
    if paper.order_number:
        return reverse("console_order", args=[paper.order_number])
    pages = {
        DocumentKind.BATCH: "console_batch",
        DocumentKind.GOODS_ENTRY: "console_goods",
        DocumentKind.BILL: "console_bill",
        DocumentKind.WALLET_DEED: "console_wallet",
        DocumentKind.WITHDRAWAL: "console_withdrawal",
    }
    page = pages.get(paper.kind)
    return reverse(page, args=[paper.uid]) if page and paper.uid else ""


def _is_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")
