"""Exports of wallets, and of what moved in one of them (F3)."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from kacang.ledger.accounts import DocumentKind
from kacang.outbox.exporting import COUNT_MOST, FORMATS, Contents, Part
from kacang.reconciliation import books
from kacang.reconciliation.exports.asked import Asked, Listing, amount
from kacang.wallets import queries
from kacang.wallets.queries import Line


def _wallets_count(asked: Asked) -> int:
    return queries.count_up_to(
        merchant_id=asked.merchant_id, owner_ref=str(asked.where.get("owner", "")), most=COUNT_MOST
    )


def _wallets(asked: Asked) -> Contents:
    heads = [
        _("Wallet"), _("Owner"), _("Kind of owner"), _("State"), _("Currency"),
        _("In the wallet"), _("Frozen"), _("Can be spent"), _("Opened on"),
    ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        page = queries.wallets_page(
            merchant_id=asked.merchant_id,
            owner_ref=str(asked.where.get("owner", "")),
            cursor=after,
            limit=most,
        )
        rows = [
            [
                one.uid, asked.mask(one.owner_ref), asked.word("owner", one.owner_kind),
                asked.word("state", one.state), one.currency, amount(one.balance),
                amount(one.frozen), amount(one.free), asked.time(one.created_at),
            ]
            for one in page.rows
        ]  # fmt: skip
        return Part(rows, page.next_cursor)

    return Contents(_("Wallets"), heads, read)


def _statement_count(_asked: Asked) -> int:
    # How long one is, only its rows tell: the card shows how many are written.
    return 0


def _statement(asked: Asked) -> Contents:
    wallet = queries.wallet(merchant_id=asked.merchant_id, uid=str(asked.where["wallet"]))
    heads = [
        _("Time"), _("What"), _("Amount"), _("Currency"), _("Document"), _("Note"), _("By"),
    ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        page = queries.statement(
            merchant_id=asked.merchant_id, wallet_id=wallet.id, cursor=after, limit=most
        )
        named = _documents(asked, page.lines)
        rows = [
            [
                asked.time(line.at), asked.word("kind", line.kind), amount(line.amount),
                line.amount.currency, named[line.document, line.document_id], line.note,
                line.actor_label,
            ]
            for line in page.lines
        ]  # fmt: skip
        return Part(rows, page.next_cursor)

    return Contents(_("Wallet statement"), heads, read)


def _documents(asked: Asked, lines: Sequence[Line]) -> dict[tuple[DocumentKind, int], str]:
    wanted = {(line.document, line.document_id) for line in lines}
    papers = books.papers(merchant_id=asked.merchant_id, documents=wanted)
    return {key: paper.order_number or paper.name for key, paper in papers.items()}


WALLETS = Listing(FORMATS, _wallets, _wallets_count, lambda asked: asked.where)
STATEMENT = Listing(FORMATS, _statement, _statement_count, lambda asked: asked.where)
