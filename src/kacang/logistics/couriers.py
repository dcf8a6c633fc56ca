"""The couriers that parcels go with: how their numbers look, and where a parcel is followed (L1).

The patterns are wide on purpose: they find a number in the wrong column or of another courier,
and refuse none that a courier may give out tomorrow.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from kacang.shared.errors import Invalid
from kacang.shared.texts import Text

NUMBER_MAX = 40
_ROUTES = "https://www.kuaidi100.com/chaxun?com={company}&nu={number}"


class UnknownCourier(Invalid):
    """No courier has this code or name."""

    code = "logistics.unknown_courier"


class BadTrackingNumber(Invalid):
    """A number of this courier does not look like that."""

    code = "logistics.bad_tracking_number"


@dataclass(frozen=True, slots=True)
class Courier:
    """One courier.

    `pattern` is what its numbers look like, whole and in upper case. `page` is where a parcel is
    followed, with `{number}` in it; empty where there is no such page. `aliases` are what people
    write for it, beside its name.
    """

    code: str
    name: Text
    pattern: str
    page: str
    aliases: tuple[str, ...] = ()


def _routed(company: str) -> str:
    return _ROUTES.replace("{company}", company)


OTHER = "other"
_ALL = (
    Courier(
        "sf", {"zh-Hans": "顺丰速运", "en": "SF Express"}, r"SF\d{12,15}|\d{12}|\d{15}",
        "https://www.sf-express.com/chn/sc/waybill/waybill-detail/{number}",
        ("顺丰", "顺丰快递", "SF", "SF Express", "shunfeng"),
    ),
    Courier(
        "jd", {"zh-Hans": "京东快递", "en": "JD Logistics"}, r"JD[A-Z]?[A-Z0-9]{9,18}(-\d+){0,2}-?",
        "https://www.jdl.com/orderSearch/?waybillCodes={number}",
        ("京东", "京东物流", "JD", "JDL", "jingdong"),
    ),
    Courier(
        "zto", {"zh-Hans": "中通快递", "en": "ZTO"}, r"(ZTO?)?\d{12,15}", _routed("zhongtong"),
        ("中通", "ZTO Express", "zhongtong"),
    ),
    Courier(
        "yto", {"zh-Hans": "圆通速递", "en": "YTO"}, r"YT\d{13,15}|[A-Z]?\d{10,18}",
        _routed("yuantong"), ("圆通", "圆通快递", "YTO Express", "yuantong"),
    ),
    Courier(
        "sto", {"zh-Hans": "申通快递", "en": "STO"}, r"(STO?)?\d{12,15}", _routed("shentong"),
        ("申通", "STO Express", "shentong"),
    ),
    Courier(
        "yunda", {"zh-Hans": "韵达快递", "en": "Yunda"}, r"(YD)?\d{13,15}", _routed("yunda"),
        ("韵达", "韵达速递", "Yunda Express"),
    ),
    Courier(
        "jt", {"zh-Hans": "极兔速递", "en": "J&T Express"}, r"JT\d{13,15}", _routed("jtexpress"),
        ("极兔", "极兔快递", "J&T", "JT", "jtexpress"),
    ),
    Courier(
        "ems", {"zh-Hans": "EMS", "en": "EMS"}, r"[A-Z]{2}\d{9}[A-Z]{2}|1\d{12}", _routed("ems"),
        ("邮政EMS", "邮政特快专递"),
    ),
    Courier(
        "post", {"zh-Hans": "邮政快递包裹", "en": "China Post"}, r"[A-Z]{2}\d{9}[A-Z]{2}|\d{13}",
        _routed("youzhengguonei"), ("邮政", "中国邮政", "邮政包裹", "China Post", "youzhengguonei"),
    ),
    Courier(
        "deppon", {"zh-Hans": "德邦快递", "en": "Deppon"}, r"DPK\d{11,13}|\d{8,12}",
        _routed("debangkuaidi"), ("德邦", "德邦物流", "DPK", "debangkuaidi"),
    ),
    Courier(
        OTHER, {"zh-Hans": "其他快递", "en": "Another courier"}, r"[0-9A-Z][0-9A-Z-]{4,39}", "",
        ("其他", "其它", "其它快递", "other"),
    ),
)  # fmt: skip
COURIERS: Mapping[str, Courier] = MappingProxyType({one.code: one for one in _ALL})


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


_BY_NAME = {
    _folded(name): one.code for one in _ALL for name in (one.code, *one.name.values(), *one.aliases)
}


def courier(code: str) -> Courier:
    """Return a courier, or raise UnknownCourier."""
    try:
        return COURIERS[code]
    except KeyError:
        raise UnknownCourier(courier=code[:30]) from None


def courier_named(name: str) -> Courier:
    """Return the courier that people call so, or whose code this is; else raise UnknownCourier."""
    code = _BY_NAME.get(_folded(name))
    if code is None:
        raise UnknownCourier(courier=name[:30])
    return COURIERS[code]


def normal_number(text: str) -> str:
    """Return a tracking number as it is stored: half-width, upper case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def read_number(code: str, text: str) -> str:
    """Return a tracking number as it is stored.

    Raises:
        UnknownCourier: There is no such courier.
        BadTrackingNumber: Its numbers look different.
    """
    known = courier(code)
    number = normal_number(text)
    if len(number) > NUMBER_MAX or not re.fullmatch(known.pattern, number, re.ASCII):
        raise BadTrackingNumber(courier=code, number=number[:NUMBER_MAX])
    return number


def page_of(code: str, number: str) -> str:
    """Return where a parcel is followed, or ""."""
    known = COURIERS.get(code)
    return known.page.replace("{number}", quote(number, safe="")) if known else ""
