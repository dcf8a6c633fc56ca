"""Redeem codes (兑换码): a card that was sold is given for a piece of another SKU, once (L21).

One transaction makes the card redeemed, places an order that costs nothing and delivers it, or
leaves all as it was. The card is locked first: of many who come with one code, the first gets the
order, and the others find it redeemed.

Whoever comes with a code is counted before it is looked at (`trying`), for codes can be guessed.
A refusal is the same for every cause; the cause is in the merchant's log, the code nowhere.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.buying.placing import place_alone
from kacang.orders.errors import BadRedeemCode, NotNow, RedeemSoldOut, SoldOut
from kacang.orders.fulfilling.deferring import earn_code
from kacang.orders.models import Channel, Event, Line, Order, OrderState, Redemption, TimelineEntry
from kacang.orders.types import Item, Origin, PlacedOrder, PlaceRequest
from kacang.risk import operations as risk
from kacang.risk.operations import Scope, TooManyAttempts, Want
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.vault import operations as vault
from kacang.vault.operations import CodeCard
from kacang.vault.queries import CardState

CODE_MOST = 2_000
# How often codes are tried from one place in ten minutes, and how many in an hour that were none.
TRIES, TRIES_SECONDS = 60, 600
MISSES, MISSES_SECONDS = 20, 3600
# A key stands for all the holders who come to a partner's shop.
KEY_TRIES, KEY_MISSES = 600, 100


@dataclass(frozen=True, slots=True)
class RedeemRequest:
    """A code, and the order that somebody wants for it. Never log it."""

    code: str = field(repr=False)
    contact: Contact = field(default_factory=Contact)
    origin: Origin = field(default_factory=Origin)
    language: str = "zh-Hans"
    password: str = field(default="", repr=False)
    external_number: str | None = None
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The order that was placed for a code, and for which SKU."""

    order: PlacedOrder
    sku_uid: str


@dataclass(slots=True)
class Try:
    """One attempt, which was counted. What it is refused for is written down when it ends."""

    merchant_id: int
    origin: Origin
    refused: BadRedeemCode | None = None

    def check(self, code: str) -> SkuView:
        """Return what a code is good for. It stays as it is.

        Raises:
            BadRedeemCode: It is none that can be redeemed.
        """
        try:
            return check_code(merchant_id=self.merchant_id, code=code)
        except BadRedeemCode as error:
            self.refused = error
            raise

    def redeem(self, request: RedeemRequest) -> Redeemed:
        """Give a code for an order: as `redeem`."""
        try:
            return redeem(merchant_id=self.merchant_id, request=request)
        except BadRedeemCode as error:
            self.refused = error
            raise


@contextmanager
def trying(*, merchant_id: int, origin: Origin, actor: Actor) -> Iterator[Try]:
    """Count an attempt to redeem a code, by address and device or by key, and see it through.

    Must not run inside a transaction: what is counted stays though the attempt is refused.

    Raises:
        TooManyAttempts: There were too many, or too many that were no codes. Nothing is tried.
    """
    misses = _count(merchant_id, origin)
    attempt = Try(merchant_id, origin)
    try:
        yield attempt
    finally:
        if attempt.refused is None:
            taken = [(want.key, want.amount) for want in misses]
            risk.release(merchant_id=merchant_id, taken=taken)
        else:
            _write_down(merchant_id, actor, attempt.refused)


def check_code(*, merchant_id: int, code: str) -> SkuView:
    """Return what a code is good for; it may be redeemed by somebody else a moment later.

    Raises:
        BadRedeemCode: It is none that can be redeemed.
    """
    with acting_as(merchant_id):
        _card, target = _held(merchant_id, code)
    return target


@retry_conflicts
def redeem(*, merchant_id: int, request: RedeemRequest) -> Redeemed:
    """Give a code for an order that costs nothing and is delivered at once.

    Raises:
        BadRedeemCode: It is none that can be redeemed: unknown, not sold, redeemed, void …
        RedeemSoldOut: What it is good for is out of stock. The code stays as it is.
        BadAnswer, BadPassword, Blocked, ExternalNumberTaken: As for any order.
    """
    with acting_as(merchant_id, hot=True):
        card, target = _held(merchant_id, request.code)
        order = _place(merchant_id, target, request)
        if not vault.redeem_card(merchant_id=merchant_id, card_id=card.id):
            raise BadRedeemCode("changed", card.uid)
        order_id = _note(merchant_id, card, order, request.origin)
        _book(merchant_id, card, order_id, target)
    return Redeemed(order, target.uid)


def _held(merchant_id: int, code: str) -> tuple[CodeCard, SkuView]:
    """Return the card of a code, locked, and what it is good for."""
    code = code.strip()
    targets = catalog.redeem_skus(merchant_id=merchant_id)
    if not code or len(code) > CODE_MOST:
        raise BadRedeemCode("unknown")
    cards = vault.lock_codes(merchant_id=merchant_id, code=code, sku_ids=list(targets))
    if not cards:
        others = vault.look_up_code(merchant_id=merchant_id, code=code)
        raise (
            BadRedeemCode("not_a_redeem_code", others[0].uid)
            if others
            else BadRedeemCode("unknown")
        )
    sold = [card for card in cards if card.state == CardState.SOLD]
    if not sold:
        raise BadRedeemCode(cards[0].state.name.lower(), cards[0].uid)
    card = sold[0]
    if card.expires_at is not None and card.expires_at <= utc_now():
        raise BadRedeemCode("expired", card.uid)
    return card, targets[card.sku_id]


def _place(merchant_id: int, target: SkuView, request: RedeemRequest) -> PlacedOrder:
    wish = PlaceRequest(
        items=(Item(target.uid, 1),),
        contact=request.contact,
        origin=replace(request.origin, channel=Channel.REDEEM),
        language=request.language,
        password=request.password,
        external_number=request.external_number,
        form=request.form,
        is_redemption=True,
    )
    try:
        order = place_alone(merchant_id, wish)
    except SoldOut:
        raise RedeemSoldOut from None
    if order.state != OrderState.DELIVERED:
        raise NotNow
    return order


def _note(merchant_id: int, card: CodeCard, order: PlacedOrder, origin: Origin) -> int:
    """Write which code was given for which order, in both their stories; return its id."""
    now = utc_now()
    order_id = Order.objects.values_list("id", flat=True).get(
        merchant_id=merchant_id, number=order.number
    )
    Redemption.objects.create(merchant_id=merchant_id, card_id=card.id, order_id=order_id, at=now)
    TimelineEntry.objects.create(
        merchant_id=merchant_id,
        order_id=order_id,
        event=Event.REDEEMED,
        actor_kind="key" if origin.api_key_id else "buyer",
        actor_label="",
        detail={"card": card.uid},
        address=origin.address,
        at=now,
    )
    return order_id


def _book(merchant_id: int, card: CodeCard, order_id: int, target: SkuView) -> None:
    """Earn what was paid for the code; a gift card that was given for it is owed that instead."""
    if target.gift is None:
        earn_code(merchant_id, card.id, order_id)
        return
    line = Line.objects.get(merchant_id=merchant_id, order_id=order_id)
    vault.hand_owed_on(merchant_id=merchant_id, card_uid=card.uid, line_id=line.pk, unit_no=1)


def _count(merchant_id: int, origin: Origin) -> list[Want]:
    """Take the places of an attempt; return those that a good code gives back."""
    by_address = (Scope.REDEEM_TRIES_BY_ADDRESS, Scope.REDEEM_MISSES_BY_ADDRESS)
    by_device = (Scope.REDEEM_TRIES_BY_DEVICE, Scope.REDEEM_MISSES_BY_DEVICE)
    if origin.api_key_id:
        places = [(by_address, f"key:{origin.api_key_id}")]
        tries_max, misses_max = KEY_TRIES, KEY_MISSES
    else:
        places = [(by_address, origin.address), (by_device, origin.device)]
        tries_max, misses_max = TRIES, MISSES
    places = [(scopes, value) for scopes, value in places if value]
    tries = [Want(scope, value, 1, tries_max, TRIES_SECONDS) for (scope, _), value in places]
    misses = [Want(scope, value, 1, misses_max, MISSES_SECONDS) for (_, scope), value in places]
    with acting_as(merchant_id):
        full = risk.take(merchant_id=merchant_id, wants=[*tries, *misses])
        if full:
            # Leaving by the error gives back what was taken.
            raise TooManyAttempts(retry_seconds=full[0].window_seconds or 60)
    return misses


def _write_down(merchant_id: int, actor: Actor, error: BadRedeemCode) -> None:
    """Tell the clerk why a code that the shop has was refused; one that it has not is a guess."""
    if not error.card_uid:
        return
    with acting_as(merchant_id):
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="cards.redeem_refused",
            object_kind="card",
            object_uid=error.card_uid,
            after={"cause": error.cause},
        )
