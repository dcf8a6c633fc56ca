"""The shapes of batches, cards and their changes; a code is part of none of them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kacang.web.api.paging import PageQuery
from kacang.web.api.schemas import NO_NUL, Input, Moment, Output, Uid

CARDS_MAX = 10_000
CardStateName = Literal[
    "available", "reserved", "sold", "activated", "redeemed", "expired", "void", "faulty", "frozen"
]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)]
Supplier = Annotated[str, StringConstraints(max_length=120, pattern=NO_NUL)]
Named = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,5}_[0-9A-Za-z_-]{1,64}$|^$")]


class Levels(Output):
    """Cards by state."""

    available: int = Field(description="Can be sold now, overdue reservations with them.")
    set_aside: int = Field(description="Free, in pools from which the shop does not sell.")
    reserved: int
    sold: int
    activated: int
    redeemed: int
    expired: int
    void: int
    faulty: int
    frozen: int


class StockBatch(Output):
    """Cards that came in together."""

    id: str
    number: str
    sku_id: str | None
    source: str
    state: str
    supplier: str
    purchase_number: str
    unit_cost_minor: int
    currency: str
    valid_until: datetime | None
    note: str
    face_value_minor: int | None = Field(description="What is printed on each card.")
    face_currency: str | None
    data: dict[str, str]
    card_count: int
    cards: Levels
    created_at: datetime
    stocked_at: datetime | None
    undone_at: datetime | None
    can_undo_until: datetime | None


class StockBatchList(Output):
    """One page of batches, the newest first."""

    items: list[StockBatch]
    next_cursor: str | None


class StockCard(Output):
    """A card. Its code is never told here, and its number is masked where it is a secret."""

    id: str
    number: str | None
    sku_id: str | None
    batch_id: str
    state: CardStateName
    order_number: str | None = Field(description="The order that has it, or had it last.")
    remark: str
    face_value_minor: int | None
    face_currency: str | None
    created_at: datetime
    expires_at: datetime | None
    sold_at: datetime | None


class StockCardList(Output):
    """One page of cards, in the order in which they came in."""

    items: list[StockCard]
    next_cursor: str | None


class BatchQuery(PageQuery):
    """What a list of batches is narrowed to."""

    sku_id: Named = ""
    supplier: Supplier = ""


class CardQuery(PageQuery):
    """What a list of cards is narrowed to: a SKU, a batch, or the end of a number is named."""

    number_ends: Annotated[str, StringConstraints(pattern=r"^(\S{4})?$")] = Field(
        default="",
        description="The last four characters of the card's number, exactly as they are written.",
    )

    sku_id: Named = ""
    batch_id: Named = ""
    state: CardStateName | None = None
    pool_id: Annotated[str, StringConstraints(pattern=r"^(common|pol_[0-9A-Za-z_-]{1,64})?$")] = (
        Field(default="", description="`common`: what the shop sells from.")
    )
    supplier: Supplier = ""
    expires_from: Moment | None = None
    expires_before: Moment | None = None


class ReplacementIn(Input):
    """Whose cards are bad: a whole batch's, or the cards named."""

    reason: Reason
    batch_id: Uid | None = None
    card_ids: list[Uid] = Field(default=[], max_length=CARDS_MAX)


class ChangeIn(Input):
    """What to do with a whole batch, or with the cards named."""

    change: Literal["freeze", "unfreeze", "void", "faulty", "restore"]
    reason: Reason
    batch_id: Uid | None = None
    card_ids: list[Uid] = Field(default=[], max_length=CARDS_MAX)
