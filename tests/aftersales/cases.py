"""Delivered orders, files to show, and cases about them."""

import io
import secrets
from datetime import timedelta

from django.db import connection
from PIL import Image

from kacang.aftersales import operations, queries
from kacang.aftersales.models import CaseKind, FileKind
from kacang.aftersales.types import Evidence, NewCase
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.refunding.queries import places_of
from kacang.shared.contacts import Contact
from tests import make
from tests.orders.looking import settle

BUYER = Actor(kind="buyer", address="203.0.113.7")
CLERK = Actor(kind="user", id=7, label="lu@example.com", address="198.51.100.2")
OTHER = Actor(kind="user", id=8, label="wang@example.com")


class Sold:
    """An order that was paid and delivered, and the cases about it."""

    def __init__(self, merchant, quantity=1, *, made=None, account=None, **fields):
        self.merchant = merchant
        self.made = made or make.sku(merchant, cards=quantity + 2)
        if account is None:
            make.account(merchant)
        placed = make.order(self.made, quantity, **fields)
        self.account = make.account_of(placed, merchant)
        settle(self.account, make.notice(placed))
        self.number, self.token = placed.number, placed.access_token
        self.places = places_of(merchant_id=merchant, number=self.number)

    @property
    def order(self):
        return orders.order(merchant_id=self.merchant, number=self.number)

    def new(self, **changes) -> NewCase:
        fields = {
            "number": self.number,
            "kind": CaseKind.NOT_WORKING,
            "places": self.places[:1],
            "text": "充值时提示卡密无效",
            "request_uid": secrets.token_hex(8),
            **changes,
        }
        return NewCase(**fields)

    def open(self, **changes) -> str:
        return operations.open_case(merchant_id=self.merchant, new=self.new(**changes), actor=BUYER)

    def view(self, uid):
        return queries.case(merchant_id=self.merchant, uid=uid)

    def mine(self, uid, **more):
        """What a buyer's act names."""
        return {"merchant_id": self.merchant, "order_id": self.order.id, "uid": uid,
                "actor": BUYER, **more}  # fmt: skip

    def theirs(self, uid, **more):
        """What a clerk's act names."""
        return {"merchant_id": self.merchant, "uid": uid, "actor": CLERK, "owner_uid": "mem_1",
                **more}  # fmt: skip


def later(merchant, uid, **shift):
    """Let time pass for a case: everything of it happened so much earlier."""
    back = str(timedelta(**shift))
    columns = ("opened_at", "answer_by", "answered_at", "decide_by", "decided_at",
               "waiting_since", "due_at", "act_at", "closed_at")  # fmt: skip
    sets = ", ".join(f"{name} = {name} - %(back)s::text::interval" for name in columns)
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            f"update after_sales_case set {sets} where uid = %(uid)s::text",
            {"back": back, "uid": uid},
        )


def contact() -> Contact:
    return Contact(email=f"c{secrets.token_hex(5)}@example.com")


def jpeg(size=(40, 30), colour="red", comment=b""):
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "GPS 31.23 121.47"
    Image.new("RGB", size, colour).save(written, "JPEG", exif=exif)
    return written.getvalue() + comment


def box(name: bytes, body: bytes = b"") -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + name + body


def mp4(brand=b"isom", body=b"\0" * 64) -> bytes:
    return box(b"ftyp", brand + b"\0\0\2\0") + box(b"moov", b"\0" * 16) + box(b"mdat", body)


def webm() -> bytes:
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"\0" * 80


def picture() -> Evidence:
    return operations.judge_evidence(name="a.jpg", content_type="image/jpeg", body=jpeg())


def film() -> Evidence:
    found = operations.judge_evidence(name="a.mp4", content_type="video/mp4", body=mp4())
    assert found.kind is FileKind.VIDEO
    return found
