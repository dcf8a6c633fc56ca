"""An order on its way into the database: checked, priced, with its secrets made.

Nothing here asks the database: it is given what `quote.sql` found.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kacang.catalog.forms import check_answers, read_fields
from kacang.catalog.queries import DeliveryWay, StockMode, Strategy
from kacang.logistics import operations as logistics
from kacang.logistics.queries import RecipientView
from kacang.merchants.keys import sealing_cipher
from kacang.orders.counters import Taken
from kacang.orders.errors import BadChoice, BadPassword, BadQuantity, UnknownSku
from kacang.orders.passwords import hash_password
from kacang.orders.types import Item, PlaceRequest
from kacang.shared.ciphers import MerchantCipher
from kacang.shared.ids import new_order_number, new_token
from kacang.vault.card_ids import open_card_id

UNITS_MAX = 10_000
LINES_MAX = 50


@dataclass(frozen=True, slots=True)
class Quoted:
    """A SKU on sale, as `quote.sql` found it."""

    uid: str
    id: int
    price_minor: int
    currency: str
    min_per_order: int
    max_per_order: int
    max_per_buyer: int | None
    strategy: int
    stock_mode: int
    chosen_surcharge_minor: int
    form_fields: str  # JSON: most products ask nothing, and "[]" needs no parsing
    form_version: int
    product_uid: str
    delivery_way: str
    blocked: list[str]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line that will be written."""

    sku: Quoted
    quantity: int
    unit_price_minor: int
    chosen: tuple[int, ...]


@dataclass(slots=True)
class Draft:
    """One order that will be written, if there is stock for all of it."""

    request: PlaceRequest
    number: str
    token: str
    token_hash: bytes
    password_hash: str
    lines: list[DraftLine] = field(default_factory=list)
    form: dict[str, str] = field(default_factory=dict)
    form_sealed: bytes | None = None
    recipient: RecipientView | None = None
    store_id: int | None = None
    held: list[Taken] = field(default_factory=list)
    limits: list[Taken] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        """What the lines cost together."""
        return sum(line.unit_price_minor * line.quantity for line in self.lines)

    @property
    def units(self) -> int:
        """How many pieces are wanted."""
        return sum(line.quantity for line in self.lines)

    @property
    def card_units(self) -> int:
        """How many pieces of the units are cards: what `place.sql` must find."""
        return sum(line.quantity for line in self.lines if line.sku.stock_mode != StockMode.GOODS)

    @property
    def goods(self) -> dict[int, int]:
        """How many pieces of goods are wanted, by the id of the SKU."""
        return {
            line.sku.id: line.quantity
            for line in self.lines
            if line.sku.stock_mode == StockMode.GOODS
        }

    @property
    def is_plain(self) -> bool:
        """Whether it takes any free cards, each for one unit."""
        return all(
            line.sku.stock_mode == StockMode.CARDS and not line.chosen for line in self.lines
        )

    @property
    def currency(self) -> str:
        """All SKUs of a merchant are priced in its book currency (rule 13)."""
        return self.lines[0].sku.currency


def hash_token(token: str) -> bytes:
    """Return what is stored of an access token."""
    return hashlib.sha256(token.encode()).digest()


def begin(request: PlaceRequest, *, local_time: datetime) -> Draft:
    """Make the parts that need no database: number, token, hash of the password.

    Raises:
        BadPassword: Too short or too long.
    """
    if request.password and not 6 <= len(request.password) <= 64:  # noqa: PLR2004 - said in BadPassword
        raise BadPassword
    token = new_token()
    return Draft(
        request=request,
        number=new_order_number(local_time),
        token=token,
        token_hash=hash_token(token),
        password_hash=hash_password(request.password) if request.password else "",
    )


def price(draft: Draft, skus: Mapping[str, Quoted], cipher: MerchantCipher) -> None:
    """Fill in the lines and the form.

    Raises:
        UnknownSku: A SKU is not on sale here.
        BadQuantity: A quantity is outside of the SKU's limits, or too much is asked in all.
        BadChoice: Cards were chosen that cannot be.
        BadAnswer: The buyer's form does not pass.
        RecipientMissing, BadRecipient: Goods go by courier, and nobody says rightly to whom.
        RecipientNotNeeded: An address was given, and nothing is sent.
    """
    items = _merged(draft.request.items)
    make = _redeemed if draft.request.is_redemption else _line
    draft.lines = [make(item, skus, cipher) for item in items]
    if not draft.lines or len(draft.lines) > LINES_MAX or draft.units > UNITS_MAX:
        raise BadQuantity(most=UNITS_MAX)
    _fill_form(draft, cipher)
    draft.recipient = _recipient(draft)


def _merged(items: Sequence[Item]) -> list[Item]:
    """Bring the same SKU named twice to one line."""
    merged: dict[str, Item] = {}
    for item in items:
        before = merged.get(item.sku_uid, Item(item.sku_uid, 0))
        merged[item.sku_uid] = Item(
            item.sku_uid, before.quantity + item.quantity, before.chosen + item.chosen
        )
    return list(merged.values())


def _line(item: Item, skus: Mapping[str, Quoted], cipher: MerchantCipher) -> DraftLine:
    sku = skus.get(item.sku_uid)
    if sku is None:
        raise UnknownSku(sku=item.sku_uid[:40])
    if not sku.min_per_order <= item.quantity <= sku.max_per_order:
        raise BadQuantity(sku=sku.uid, least=sku.min_per_order, most=sku.max_per_order)
    if not item.chosen:
        return DraftLine(sku, item.quantity, sku.price_minor, ())
    is_choice = sku.strategy == Strategy.CHOSEN and sku.stock_mode != StockMode.GOODS
    if not is_choice or len(set(item.chosen)) != item.quantity:
        raise BadChoice(sku=sku.uid)
    cards = tuple(open_card_id(cipher, uid) for uid in item.chosen)
    return DraftLine(sku, item.quantity, sku.price_minor + sku.chosen_surcharge_minor, cards)


def _redeemed(item: Item, skus: Mapping[str, Quoted], _: MerchantCipher) -> DraftLine:
    """A line that a redeem code is given for: no price, and no limit on how many are sold."""
    sku = skus.get(item.sku_uid)
    if sku is None:
        raise UnknownSku(sku=item.sku_uid[:40])
    return DraftLine(sku, item.quantity, 0, ())


def _recipient(draft: Draft) -> RecipientView | None:
    given = draft.request.recipient
    if not any(line.sku.delivery_way == DeliveryWay.COURIER for line in draft.lines):
        if given is not None:
            raise logistics.RecipientNotNeeded
        return None
    if given is None:
        raise logistics.RecipientMissing
    return logistics.read_recipient(given)


def _fill_form(draft: Draft, cipher: MerchantCipher) -> None:
    forms = [line.sku.form_fields for line in draft.lines if line.sku.form_fields != "[]"]
    if not forms:
        return
    fields: list[dict[str, Any]] = [field for form in forms for field in json.loads(form)]
    by_name = {field["name"]: field for field in fields}
    answers = check_answers(read_fields(by_name.values()), draft.request.form)
    draft.form = answers.open
    if answers.secret:
        # The order's number is its place: the sealed answers open for this order only.
        draft.form_sealed = sealing_cipher(cipher.merchant_id).seal(
            "sale_order", "form", json.dumps(answers.secret).encode(), draft.number.encode()
        )
