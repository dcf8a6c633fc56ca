"""Gift cards (储值卡): a card that was sold is given for money in a wallet, once (F3).

One transaction makes the card redeemed and credits the wallet, or leaves both as they were. What
was paid for the card stood on the account of deferred revenue; what it is worth is owed in the
wallet from now on, and the difference of the two has an account of its own. A card that was sold
before such cards were put back was earned then: what it is worth is taken from revenue.

Attempts are counted and refused as those to redeem any code (`orders.redeeming.trying`).
"""

from kacang.catalog import queries as catalog
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side, transfer
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.cards.redeeming import CODE_MOST, trying
from kacang.orders.errors import BadRedeemCode
from kacang.orders.types import Origin
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.vault import operations as vault
from kacang.vault.operations import CodeCard
from kacang.vault.queries import CardState
from kacang.wallets import operations as wallets


def add_gift_card(
    *, merchant_id: int, wallet_uid: str, code: str, origin: Origin, actor: Actor
) -> Money:
    """Put what a gift card is worth into a wallet, and return how much that is.

    Must not run inside a transaction: the attempt is counted though it is refused.

    Raises:
        TooManyAttempts: There were too many from this place. Nothing was tried.
        BadRedeemCode: It is no gift card that can be redeemed; why is told to nobody.
        UnknownWallet, OtherCurrency: The wallet cannot take it. The card stays as it is.
    """
    with trying(merchant_id=merchant_id, origin=origin, actor=actor) as attempt:
        try:
            return _add(merchant_id, wallet_uid, code.strip(), actor)
        except BadRedeemCode as error:
            attempt.refused = error
            raise


@retry_conflicts
def _add(merchant_id: int, wallet_uid: str, code: str, actor: Actor) -> Money:
    with acting_as(merchant_id, hot=True):
        card, worth = _held(merchant_id, code)
        wallet = wallets.locked(merchant_id, wallet_uid)
        deed = wallets.do_once(wallet, wallets.DeedKind.GIFT_CARD, card.uid, "", actor)
        if deed is None or not vault.redeem_card(merchant_id=merchant_id, card_id=card.id):
            raise BadRedeemCode("changed", card.uid)
        owed = vault.release_owed(merchant_id=merchant_id, card_ids=[card.id])
        document = Document(DocumentKind.WALLET_DEED, deed)
        source = Account.REVENUE if owed is None else Account.DEFERRED_REVENUE
        wallets.credit(
            merchant_id=merchant_id,
            uid=wallet_uid,
            amount=worth,
            source=Side(source),
            kind=TransferKind.DEPOSITED,
            document=document,
        )
        if owed is not None:
            _book_difference(merchant_id, worth - owed, document)
    return worth


def _book_difference(merchant_id: int, given: Money, document: Document) -> None:
    """Book by how much a card was worth more than was paid for it, or less."""
    if not given.minor:
        return
    more, owed = Side(Account.GIFT_CARD_DIFFERENCE), Side(Account.DEFERRED_REVENUE)
    debit, credit = (more, owed) if given.minor > 0 else (owed, more)
    move = Move(
        debit=debit,
        credit=credit,
        amount=Money(abs(given.minor), given.currency),
        kind=TransferKind.WORTH_DIFFERS,
        document=document,
    )
    transfer(merchant_id=merchant_id, move=move)


def _held(merchant_id: int, code: str) -> tuple[CodeCard, Money]:
    """Return the card of a code, locked, and what it is worth."""
    worth = catalog.gift_skus(merchant_id=merchant_id)
    if not code or len(code) > CODE_MOST or not worth:
        raise BadRedeemCode("unknown")
    cards = vault.lock_codes(merchant_id=merchant_id, code=code, sku_ids=list(worth))
    if not cards:
        raise BadRedeemCode("unknown")
    sold = [card for card in cards if card.state == CardState.SOLD]
    if not sold:
        raise BadRedeemCode(cards[0].state.name.lower(), cards[0].uid)
    card = sold[0]
    if card.expires_at is not None and card.expires_at <= utc_now():
        raise BadRedeemCode("expired", card.uid)
    return card, worth[card.sku_id]
