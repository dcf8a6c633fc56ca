"""Writing the ledger in beancount's syntax, which `bean-check` accepts.

One transaction per transfer, dated in the merchant's time zone. Accounts are opened where they
first appear, on a date before all others: beancount sorts by date, so the text can be streamed.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

from kacang.ledger.accounts import CHART, Account, DocumentKind, TransferKind
from kacang.shared.money import Money

OPENED = "1970-01-01"
FORWARD = "Equity:BroughtForward"
WORDS: dict[TransferKind, tuple[str, str]] = {
    TransferKind.RECEIVED: ("收到货款", "Payment received"),
    TransferKind.RECEIVED_TO_SUSPENSE: ("收到待查款项", "Payment that fits no order"),
    TransferKind.DELIVERED: ("发货确认收入", "Delivered"),
    TransferKind.COST: ("结转销售成本", "Cost of what was sold"),
    TransferKind.STOCKED: ("卡密入库", "Stock taken in"),
    TransferKind.UNSTOCKED: ("撤销入库", "Stock taken back out"),
    TransferKind.WRITTEN_OFF: ("库存核销", "Stock written off"),
    TransferKind.WRITTEN_BACK: ("核销转回", "Stock written back"),
    TransferKind.MATCHED: ("待查款项已认领", "Matched with its order"),
    TransferKind.REVERSAL: ("冲正", "Reversal"),
    TransferKind.FOUND: ("盘盈入库", "Stock found"),
    TransferKind.REFUND_DUE: ("同意退款", "Refund approved"),
    TransferKind.REFUNDED: ("退款支出", "Refund paid"),
    TransferKind.RETURNED: ("退回入库", "Stock returned"),
    TransferKind.UNEARNED: ("收入冲回待重新发货", "To be delivered anew"),
    TransferKind.DEFERRED: ("卡券已发未兑", "Card given, not redeemed yet"),
    TransferKind.REDEEMED: ("卡券兑换确认收入", "Card redeemed"),
    TransferKind.LAPSED: ("卡券失效确认收入", "Card lapsed"),
    TransferKind.UNDEFERRED: ("卡券收回", "Card taken back"),
    TransferKind.WORTH_DIFFERS: ("储值卡售价与面值差额", "Gift card: price and worth differ"),
    TransferKind.DEPOSITED: ("余额充值", "Deposited"),
    TransferKind.PAID_FROM_WALLET: ("余额支付", "Paid from a wallet"),
    TransferKind.REFUNDED_TO_WALLET: ("退款到余额", "Refunded to a wallet"),
    TransferKind.WITHDRAWN: ("余额提现", "Withdrawn"),
    TransferKind.FEE: ("支付手续费", "Provider's fee"),
    TransferKind.SHARED: ("结算单", "Statement"),
    TransferKind.PAID_OUT: ("付款", "Paid out"),
}
CARRIED = ("期初余额", "Brought forward")

Place = tuple[Account, int]


@dataclass(frozen=True, slots=True)
class Booked:
    """A transfer as it is written out."""

    id: int
    at: datetime
    kind: TransferKind
    debit: Place
    credit: Place
    amount: Money
    document: tuple[DocumentKind, int]
    reverses_id: int | None


@dataclass(frozen=True, slots=True)
class Names:
    """How documents and owners are called outside; the rooms above know their numbers.

    Args:
        documents: From a kind and ids to what people call them, such as order numbers. What it
            leaves out is called by kind and place in the ledger.
        owners: From an account and its owner to one word of letters, digits and hyphens; "" puts
            all owners' parts on one account.
    """

    documents: Callable[[DocumentKind, Collection[int]], Mapping[int, str]]
    owners: Callable[[Account, int], str]


DEFAULT_NAMES = Names(documents=lambda _kind, _ids: {}, owners=lambda _account, _owner: "")


@dataclass(slots=True)
class Writer:
    """Turns transfers into text; remembers which accounts it has opened."""

    title: str
    salt: str
    time_zone: str
    language: str
    names: Names
    _opened: set[str] = field(default_factory=set)
    _zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        self._zone = ZoneInfo(self.time_zone)

    def head(self) -> str:
        """Return the first lines."""
        return f'option "title" {_quoted(self.title)}\n\n'

    def forward(
        self, since: datetime, stands: Iterable[tuple[Account, int, Money]]
    ) -> Iterator[str]:
        """Bring forward what stood on the accounts before `since`."""
        day = since.astimezone(self._zone).date().isoformat()
        for account, owner, amount in stands:
            name = self._name((account, owner))
            yield self._open(name) + self._open(FORWARD)
            yield (
                f"{day} * {_quoted(self._said(CARRIED))}\n"
                f"  {name}  {amount.plain} {amount.currency}\n"
                f"  {FORWARD}  {_negative(amount)} {amount.currency}\n\n"
            )

    def transfers(self, chunk: Sequence[Booked]) -> Iterator[str]:
        """Write a chunk of transfers."""
        called = self._called(chunk)
        for booked in chunk:
            debit, credit = self._name(booked.debit), self._name(booked.credit)
            yield self._open(debit) + self._open(credit)
            yield self._transaction(booked, (debit, credit), called[booked.document])

    def _transaction(self, booked: Booked, sides: tuple[str, str], document: str) -> str:
        local = booked.at.astimezone(self._zone)
        amount = booked.amount
        debit, credit = sides
        words = _quoted(self._said(WORDS[booked.kind]))
        undoes = f" ^{self._tag('t', booked.reverses_id)}" if booked.reverses_id else ""
        return (
            f"{local.date().isoformat()} * {words} ^{self._tag('t', booked.id)}{undoes}\n"
            f"  document: {_quoted(document)}\n"
            f"  kind: {_quoted(booked.kind.name.lower())}\n"
            f"  at: {_quoted(local.isoformat(timespec='milliseconds'))}\n"
            f"  {debit}  {amount.plain} {amount.currency}\n"
            f"  {credit}  {_negative(amount)} {amount.currency}\n\n"
        )

    def _called(self, chunk: Sequence[Booked]) -> dict[tuple[DocumentKind, int], str]:
        called = {}
        for kind in DocumentKind:
            ids = {booked.document[1] for booked in chunk if booked.document[0] is kind}
            known = self.names.documents(kind, ids) if ids else {}
            for id_ in ids:
                called[kind, id_] = f"{kind.name.lower()} {known.get(id_, self._tag('d', id_))}"
        return called

    def _tag(self, prefix: str, id_: int) -> str:
        """Name a row by a hash: the numbers of rows stay in the house (rule 21)."""
        digest = blake2b(f"{self.salt}.{prefix}.{id_}".encode(), digest_size=8)
        return prefix + digest.hexdigest()

    def _name(self, place: Place) -> str:
        account, owner = place
        name = CHART[account].beancount
        part = self.names.owners(account, owner) if owner else ""
        return f"{name}:{part}" if part else name

    def _open(self, name: str) -> str:
        if name in self._opened:
            return ""
        self._opened.add(name)
        return f"{OPENED} open {name}\n"

    def _said(self, words: tuple[str, str]) -> str:
        return words[0] if self.language.startswith("zh") else words[1]


def _negative(amount: Money) -> str:
    return Money(-amount.minor, amount.currency).plain


def _quoted(text: str) -> str:
    # A name may hold a quotation mark or a line break; beancount reads JSON's escapes of both.
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
