"""After-sales cases as the API takes and gives them (X1)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kacang.web.api.paging import PageQuery
from kacang.web.api.schemas import MINOR_MAX, NO_NUL, ORDER_NUMBER, Input, Output, Word

UNITS_MAX = 200
CORRECTIONS_MAX = 20
CaseStateName = Literal["new", "ours", "buyers", "decided", "closed"]
CaseKindName = Literal["not_working", "used", "wrong", "damaged", "not_arrived", "other"]
DecisionName = Literal["refund", "replace", "repair", "reship", "reject"]
Said = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=NO_NUL)]


class CaseUnit(Input):
    """One unit of an order: its line, and its place in it, both from 1."""

    line: Annotated[int, Field(ge=1, le=100)]
    unit: Annotated[int, Field(ge=1, le=10_000)]


class CaseProof(Input):
    """What the buyer shows to open the order; looked at where it is given."""

    token: Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)] = ""
    password: Annotated[str, StringConstraints(max_length=128, pattern=NO_NUL)] = ""


class CaseIn(Input):
    """What a buyer complains about."""

    kind: CaseKindName = "other"
    units: list[CaseUnit] = Field(min_length=1, max_length=UNITS_MAX)
    text: Said = Field(description="In the buyer's words. It is kept sealed.")
    proof: CaseProof | None = Field(
        default=None,
        description="The order's token (`t` of its `access_url`) or password, where your own system"
        " has not made sure that this is the buyer: if it does not fit, the case is refused.",
    )


class CaseMessageIn(Input):
    """What is said in a case."""

    text: Said
    author: Literal["buyer", "shop"] = Field(
        default="buyer",
        description="`buyer`: it is the shop's turn then. `shop`: the buyer is told by mail.",
    )
    waits: bool = Field(
        default=False,
        description="Of the shop: the buyer has to answer; the shop's clock stands still.",
    )


class CaseFileIn(Input):
    """A picture or video of the buyer's, with what is said about it."""

    text: Said


class CaseCorrection(CaseUnit):
    """The right code of a unit that got a wrong one."""

    secret: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=NO_NUL)]
    number: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] | None = Field(
        default=None, description="The right card number; left out where that was right."
    )


class CaseParcel(Input):
    """With whom goods go that are sent again."""

    courier: Word = Field(description="As of `POST /orders/{number}/shipments`.")
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=NO_NUL)]


class CaseDecisionIn(Input):
    """What the shop does about a case."""

    decision: DecisionName
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)] = Field(
        description="The buyer reads it."
    )
    amount_minor: Annotated[int, Field(ge=1, le=MINOR_MAX)] | None = Field(
        default=None, description="Of a refund. Left out: what the units have cost."
    )
    way: Literal["origin", "by_hand", "wallet"] = "origin"
    cards: Literal["keep", "return"] = Field(
        default="return", description="With a refund: whether what was delivered is taken back."
    )
    corrections: list[CaseCorrection] = Field(default=[], max_length=CORRECTIONS_MAX)
    parcel: CaseParcel | None = Field(
        default=None,
        description="With `reship`: the parcel is made, mailed and followed as any other. Left out:"
        " the pieces are fetched or brought.",
    )


class CaseSummary(Output):
    """A case in a list."""

    id: str
    order: str
    kind: CaseKindName
    state: CaseStateName
    opened_at: datetime
    due_at: datetime | None = Field(description="The deadline of the shop that runs now.")
    is_late: bool
    is_repeater: bool = Field(description="The buyer had many refunds lately.")
    owner: str | None
    decision: DecisionName | None
    decided_at: datetime | None
    reason: str | None
    amount_minor: int | None
    currency: str | None
    refunds: list[str] = Field(description="Their ids, once a refund is decided.")
    pieces: int | None = Field(description="How many went again, once `reship` is decided.")
    parcel: str | None = Field(description="The id of the shipment that they went with.")
    stars: int | None
    closed_at: datetime | None
    reopened: int


class CaseFile(Output):
    """A picture or video; its bytes are at `/cases/{case_id}/files/{id}` while it is kept."""

    id: str
    kind: Literal["picture", "video"]
    content_type: str
    size: int
    is_kept: bool


class CaseMessage(Output):
    """What somebody wrote."""

    author: Literal["buyer", "shop", "bot"]
    name: str | None
    text: str
    at: datetime
    files: list[CaseFile]


class CaseDetail(CaseSummary):
    """A case with its units and all that was said."""

    units: list[CaseUnit]
    messages: list[CaseMessage]


class CaseList(Output):
    """A page of cases."""

    items: list[CaseSummary]
    next_cursor: str | None


class CaseQuery(PageQuery):
    """What a list of cases is narrowed to."""

    state: CaseStateName | None = Field(
        default=None, description="Those whose clock runs come by deadline, others newest first."
    )
    order: Annotated[str, StringConstraints(pattern=f"{ORDER_NUMBER}|^$")] = ""
