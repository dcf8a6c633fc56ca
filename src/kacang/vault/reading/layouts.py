"""Which column is what: by the heading, by custom, by an earlier file, or as people say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kacang.vault.reading.rows import BadFile, Row, text_of
from kacang.vault.reading.times import read_time

FIELDS = ("number", "secret", "expires", "remark")
WIDTH_MAX = 64
_NAMES = {
    "number": (
        "卡号", "序列号", "编号", "账号", "帐号", "卡片号", "卡券号", "number", "card number",
        "card_number", "cardno", "card_no", "card no", "serial", "serial number", "sn", "account",
    ),
    "secret": (
        "卡密", "密码", "激活码", "兑换码", "充值码", "券码", "卡券密码", "cdkey", "cdk", "code",
        "secret", "card secret", "card_secret", "password", "pin", "key", "redeem code",
    ),
    "expires": (
        "有效期", "有效期至", "过期时间", "到期时间", "到期日", "失效时间", "截止日期", "expiry",
        "expires", "expires_at", "expiry date", "expiration", "valid until", "valid_until",
    ),
    "remark": ("备注", "说明", "remark", "remarks", "note", "memo", "comment"),
}  # fmt: skip
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read. `names` are its headings; empty when it has none."""

    columns: Mapping[str, int] = field(default_factory=dict)
    has_header: bool = False
    names: tuple[str, ...] = ()
    separator: str = ""

    def stored(self) -> dict[str, Any]:
        """Return it as JSON, for the batch and the job."""
        return {**asdict(self), "columns": dict(self.columns), "names": list(self.names)}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody said about a file. None and empty mean: find out."""

    columns: Mapping[str, int] | None = None
    has_header: bool | None = None
    separator: str = ""


def stored_layout(raw: Mapping[str, Any]) -> Layout | None:
    """Return a layout that was kept, or None when there was none."""
    if not raw.get("columns"):
        return None
    return Layout(
        columns=dict(raw["columns"]),
        has_header=bool(raw["has_header"]),
        names=tuple(raw["names"]),
        separator=str(raw["separator"]),
    )


def settle_layout(
    sample: Sequence[Row], wishes: Wishes, earlier: Layout | None, separator: str
) -> Layout:
    """Decide how to read a file, from its first rows that are not blank.

    What somebody said comes first, then the heading, then how an earlier file of the same
    supplier was read when this one looks alike, then custom: one column is the code, two are
    number and code, then expiry and remark.

    Raises:
        BadFile: A column that was named is not there, or none has the code.
    """
    if not sample:
        raise BadFile(problem="empty")
    cells = [text_of(cell).strip() for cell in sample[0].cells]
    known = [_FIELD_OF.get(cell.lower(), "") for cell in cells]
    has_header = any(known) if wishes.has_header is None else wishes.has_header
    names = tuple(cells) if has_header else ()
    width = max(len(row.cells) for row in sample)
    if wishes.columns:
        columns = _checked(wishes.columns, width)
    elif earlier and earlier.separator == separator and _is_alike(earlier, names, width):
        columns = dict(earlier.columns)
    elif has_header and any(known):
        columns = _by_heading(known)
    else:
        columns = _by_custom(sample[1:] if has_header else sample, width)
    if "secret" not in columns:
        raise BadFile(problem="no_secret_column")
    return Layout(columns, has_header, names, separator)


def _checked(wanted: Mapping[str, int], width: int) -> dict[str, int]:
    columns = {name: at for name, at in wanted.items() if at is not None}
    inside = all(name in FIELDS and 0 <= at < min(width, WIDTH_MAX) for name, at in columns.items())
    if not inside or len(set(columns.values())) < len(columns):
        raise BadFile(problem="columns")
    return columns


def _is_alike(earlier: Layout, names: tuple[str, ...], width: int) -> bool:
    if earlier.names != names:
        return False
    return max(earlier.columns.values(), default=width) < width


def _by_heading(known: list[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    secrets = [at for at, name in enumerate(known) if name == "secret"]
    if len(secrets) > 1 and "number" not in known:
        # "卡密, 密码": what is called a code beside a password is the number.
        known = ["number" if at == secrets[0] else name for at, name in enumerate(known)]
    for at, name in enumerate(known):
        if name:
            columns.setdefault(name, at)
    return columns


def _by_custom(rows: Sequence[Row], width: int) -> dict[str, int]:
    if width == 1:
        return {"secret": 0}
    columns = dict(zip(FIELDS, range(width), strict=False))
    # Three columns end with an expiry or with a remark.
    if (
        "remark" not in columns
        and "expires" in columns
        and not _are_times(rows, columns["expires"])
    ):
        columns["remark"] = columns.pop("expires")
    return columns


def _are_times(rows: Sequence[Row], at: int) -> bool:
    texts = [text_of(row.cells[at]).strip() for row in rows if len(row.cells) > at]
    filled = [text for text in texts if text]
    return bool(filled) and all(read_time(text, "UTC") for text in filled)
