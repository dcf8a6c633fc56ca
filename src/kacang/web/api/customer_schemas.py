"""What customers are asked for by, and told as (H1)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kacang.customers.finding.filters import NUMBER_MAX
from kacang.customers.operations import NAME_MAX, NOTE_MAX
from kacang.customers.tags import NAME_MAX as NAME_OF_TAG_MAX
from kacang.web.api.paging import Amount, Id, PageQuery, Wanted
from kacang.web.api.schemas import NO_NUL, UID, Input, Moment, Output

NameOf = Annotated[str, StringConstraints(pattern=f"{UID}|^$")]
Count = Annotated[Amount, Field(le=NUMBER_MAX)]


class CustomerQuery(PageQuery):
    """What a list of customers is narrowed to, and by what it is ordered."""

    email: Wanted = ""
    phone: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] = ""
    level_id: NameOf = ""
    tag_id: NameOf = ""
    agreed: Literal["", "checkout", "account", "staff", "api"] = Field(
        default="", description="Where they agreed to be remembered last."
    )
    spent_min_minor: Amount | None = None
    spent_max_minor: Amount | None = None
    orders_min: Count | None = Field(default=None, description="Paid orders, at least.")
    orders_max: Count | None = None
    last_order_from: Moment | None = Field(
        default=None, description="The last order was placed at or after this moment."
    )
    last_order_to: Moment | None = Field(
        default=None, description="The last order was placed before this moment."
    )
    sort: Literal["joined", "last", "spent", "orders"] = Field(
        default="joined",
        description="The newest customers, last orders, highest sums or most orders first.",
    )


class CustomerTagIn(Input):
    """A tag of customers: a name of at most 20 characters, and one of six colours."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=NAME_OF_TAG_MAX, pattern=NO_NUL)
    ]
    colour: Literal["grey", "blue", "green", "orange", "red", "purple"] = "grey"


class CustomerTagsIn(Input):
    """Which tags to put on a customer, and which to take off; none of both may be repeated."""

    add: Annotated[list[Id], Field(max_length=20)] = []
    remove: Annotated[list[Id], Field(max_length=20)] = []


class CustomerTag(Output):
    """A word of the merchant's own that marks customers."""

    id: str
    name: str
    colour: str


class CustomerTags(Output):
    """The tags, by name; at most a hundred, on one page."""

    items: list[CustomerTag]
    next_cursor: str | None


class CustomerNoteIn(Input):
    """Something to remember about a customer."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=NOTE_MAX, pattern=NO_NUL)]


class CustomerIn(Input):
    """A customer's name and level, both as they are to be."""

    name: Annotated[str, StringConstraints(max_length=NAME_MAX, pattern=NO_NUL)] = ""
    level_id: Annotated[str, StringConstraints(pattern=UID)] | None = Field(
        default=None, description="Left out: none."
    )


class Spent(Output):
    """What was paid for, less what went back, in one currency."""

    amount_minor: int
    currency: str


class CustomerContact(Output):
    """An address: masked in a list, in full of one customer."""

    kind: str
    value: str
    is_proved: bool = Field(description="Proved by a one-time code.")


class CustomerSummary(Output):
    """A customer. In a list the figures may be a minute old."""

    id: str
    name: str | None
    level: str | None
    tags: list[CustomerTag]
    contacts: list[CustomerContact]
    paid_orders: int
    spent: list[Spent]
    last_order_at: datetime | None
    created_at: datetime


class CustomerNote(Output):
    """What somebody wrote."""

    text: str
    by: str
    at: datetime


class CustomerConsent(Output):
    """That the customer agreed to be remembered, or took it back."""

    is_given: bool
    way: str
    at: datetime


class CustomerDetail(CustomerSummary):
    """All that is known of a customer."""

    level_id: str | None
    agreed_at: datetime | None
    notes: list[CustomerNote]
    consents: list[CustomerConsent]


class CustomerList(Output):
    """A page of customers, in the order that was asked for."""

    items: list[CustomerSummary]
    next_cursor: str | None


class CustomerLevel(Output):
    """A level; a higher rank is more."""

    id: str
    name: str
    rank: int


class CustomerLevels(Output):
    """The levels, the lowest first."""

    items: list[CustomerLevel]
    next_cursor: str | None
