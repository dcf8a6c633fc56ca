"""The shapes of imports and generations that the public API takes."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from kacang.shared.money import EXPONENTS
from kacang.vault.imports.intake import FACT_MAX, FACTS_MAX, LABEL_MAX
from kacang.vault.making.serials import LAST_MAX, PREFIX_MAX, WIDTH_MAX
from kacang.vault.reading.names import FIELDS
from kacang.web.api.schemas import NO_NUL, Input, Moment, Uid

LINES_MAX = 100_000
_FIELD = "|".join(("", *FIELDS))


def _each_once(value: str) -> str:
    named = [name for name in value.split(",") if name]
    if len(set(named)) < len(named):
        raise ValueError("a field is named twice")
    return value


Columns = Annotated[
    str,
    StringConstraints(pattern=rf"^({_FIELD})(,({_FIELD})){{0,25}}$"),
    AfterValidator(_each_once),
]


def _read(value: Any) -> Any:
    """A form has it as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("is not JSON") from None


Currency = Annotated[str, StringConstraints(pattern=f"^({'|'.join(EXPONENTS)})$")]
BatchData = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=LABEL_MAX)],
        Annotated[str, StringConstraints(min_length=1, max_length=FACT_MAX)],
    ],
    Field(max_length=FACTS_MAX, description="What else is noted of the batch. No secret."),
    BeforeValidator(_read),
]


class CameIn(Input):
    """What is known of cards that come in together."""

    sku_id: Uid
    supplier: Annotated[str, StringConstraints(max_length=120, pattern=NO_NUL)] = ""
    purchase_number: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)] = ""
    unit_cost_minor: int | None = Field(
        default=None, ge=0, le=10**12, description="Left out: the cost of the SKU."
    )
    valid_until: Moment | None = Field(
        default=None, description="For cards without an expiry of their own."
    )
    note: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""
    face_value_minor: int | None = Field(
        default=None, ge=1, le=10**12, description="What is printed on each card."
    )
    face_currency: Currency | None = Field(
        default=None, description="Left out: the shop's own currency."
    )
    data: BatchData = {}


class ImportOptions(CameIn):
    """The same, and how the file or the lines are read."""

    keep_good: bool = Field(
        default=True, description="Load the good lines and report the others; else all or nothing."
    )

    separator: Literal["", "none", "----", "\t", ",", ";", "|", " ", "pairs"] = Field(
        default="",
        description="What parts number and code in a text; `pairs`: keys, `账号: x 密码: y`;"
        " `none`: nothing, the whole is the code. Left out: found out.",
    )
    columns: Columns = Field(
        default="",
        description="What the columns are, from the left, such as `secret,number,,cost`."
        " Left out: found out.",
    )
    has_header: bool | None = Field(
        default=None, description="Whether the first line is a heading. Left out: found out."
    )


class ImportLinesIn(ImportOptions):
    """Cards as lines, read as those of a text file: number, secret, expiry, remark."""

    lines: list[Annotated[str, StringConstraints(max_length=8000, pattern=NO_NUL)]] = Field(
        min_length=1, max_length=LINES_MAX
    )


class ImportFileIn(ImportOptions):
    """The other fields of a form that has a file."""

    unit: Literal["", "line", "block", "file"] = Field(
        default="",
        description="What one card is. `block`: several lines of a text; `file`: the file itself,"
        " a picture or text up to 64 KB, or each one in a zip. Left out: a line or row.",
    )
    block_end: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] = Field(
        default="", description="The line between two blocks. Left out: a blank one."
    )


class SerialIn(Input):
    """Card numbers that count up."""

    first: int = Field(ge=0, le=LAST_MAX)
    last: int = Field(ge=0, le=LAST_MAX)
    prefix: Annotated[str, StringConstraints(max_length=PREFIX_MAX, pattern=NO_NUL)] = ""
    step: int = Field(default=1, ge=1, le=LAST_MAX)
    width: int = Field(
        default=0, ge=0, le=WIDTH_MAX, description="Digits, with zeros in front; 0: as it takes."
    )
    check_digit: bool = False


class GenerateIn(CameIn):
    """Cards to make up: so many, or one for each of `numbers`."""

    count: int | None = Field(default=None, ge=1, le=1_000_000)
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)] = (
        Field(
            default="X{4}-X{4}-X{4}-X{4}",
            description="`X` a letter or digit, `#` a digit, `A` a letter, `@` the check digit.",
        )
    )
    number_pattern: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = ""
    numbers: SerialIn | None = Field(
        default=None, description="All of them must be free; their number is how many are made."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "GenerateIn":
        if (self.count is None) == (self.numbers is None):
            raise ValueError("give either count or numbers")
        if self.numbers and self.number_pattern:
            raise ValueError("give either number_pattern or numbers")
        return self
