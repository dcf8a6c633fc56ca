"""Orders, their lines and units, and what happened to them."""

from enum import IntEnum

from django.db import models

# Django finds the models of these modules by this one.
from kacang.orders import deposit_models, list_models  # noqa: F401


class OrderState(IntEnum):
    """Where an order is in its life (O1). Derived from money and units, then stored."""

    PENDING = 0
    PAID = 1
    FULFILLING = 2
    SHIPPED = 3
    DELIVERED = 4
    COMPLETED = 5
    CANCELLED = 6
    REFUNDING = 7
    REFUNDED = 8
    ON_HOLD = 9


_S = OrderState
ORDER_STEPS = {
    _S.PENDING: frozenset({_S.PAID, _S.DELIVERED, _S.ON_HOLD, _S.CANCELLED}),
    _S.PAID: frozenset({_S.FULFILLING, _S.SHIPPED, _S.DELIVERED, _S.ON_HOLD, _S.REFUNDING}),
    # Back: a parcel was called back before it arrived.
    _S.FULFILLING: frozenset({_S.SHIPPED, _S.DELIVERED, _S.ON_HOLD, _S.REFUNDING, _S.PAID}),
    _S.SHIPPED: frozenset({_S.DELIVERED, _S.REFUNDING, _S.FULFILLING, _S.PAID}),
    _S.DELIVERED: frozenset({_S.COMPLETED, _S.REFUNDING}),
    _S.COMPLETED: frozenset({_S.REFUNDING}),
    # Money that arrives late still counts: reason `late_payment` (rule 1).
    _S.CANCELLED: frozenset({_S.PAID, _S.DELIVERED, _S.ON_HOLD}),
    # The money could not be given back after all: what the buyer has not got is due again.
    _S.REFUNDING: frozenset(
        {_S.REFUNDED, _S.ON_HOLD, _S.PAID, _S.FULFILLING, _S.SHIPPED, _S.DELIVERED}
    ),
    _S.REFUNDED: frozenset[OrderState](),
    _S.ON_HOLD: frozenset({_S.PAID, _S.FULFILLING, _S.SHIPPED, _S.DELIVERED, _S.REFUNDING}),
}


class UnitState(IntEnum):
    """Where one unit of a line is."""

    WAITING = 0  # for money
    SHORT = 1  # paid, nothing to deliver
    DELIVERED = 2
    RELEASED = 3  # the order was cancelled
    OWED = 4  # paid, with a piece of goods that is to be handed over
    REFUNDED = 5  # given back, or never to come: nothing is owed for it any more
    SHIPPED = 6  # a piece of goods in a parcel that is on its way


# What a line of a deposit has instead of a SKU's stock mode: it is never short, and delivered by
# crediting the wallet.
CREDIT = 3


class Channel(models.TextChoices):
    """Where an order came from."""

    SHOP = "shop"
    API = "api"
    STAFF = "staff"
    # Bought in another system, and brought here with its history (V7): no sale of ours.
    MOVED = "moved"
    # Paid with a redeem code, which was sold before (L21).
    REDEEM = "redeem"
    # Money into the buyer's own wallet: no sale, though it is paid like one (F3).
    DEPOSIT = "deposit"


class Event(IntEnum):
    """What the timeline records."""

    PLACED = 1
    PAID = 2
    DELIVERED = 3
    SHORT = 4
    CANCELLED = 5
    EXPIRED = 6
    PRICE_CHANGED = 7
    NOTE = 8
    LATE_PAYMENT = 9
    SUSPENSE = 10
    REVEALED = 11
    RESENT = 12
    REPLENISHED = 13
    REPLACED = 14
    READY = 15
    HANDED_OVER = 16
    REDEEMED = 17
    REFUND_ASKED = 18
    REFUND_APPROVED = 19
    REFUND_REJECTED = 20
    REFUND_DONE = 21
    REFUND_FAILED = 22
    REFUND_DROPPED = 23
    CORRECTED = 24
    SHIPPED = 40
    ARRIVED = 41
    TRACKING_CHANGED = 42
    PARCEL_VOIDED = 43
    RECIPIENT_SHOWN = 44
    RECIPIENT_CHANGED = 45
    COMPLETED = 46
    EXCEPTION_OPENED = 60
    EXCEPTION_CLOSED = 61
    EXCEPTION_TAKEN = 62
    EXCEPTION_ESCALATED = 63
    CHANGE_ASKED = 64
    CHANGE_DECIDED = 65
    TAGGED = 80
    UNTAGGED = 81
    NOTE_WITHDRAWN = 82
    ASSIGNED = 90
    STORE_CHANGED = 91
    REVIEWED = 110
    HELD = 111
    REVIEW_APPROVED = 112
    REVIEW_REJECTED = 113
    REVIEW_FIRST = 114
    REVIEW_LATE = 115


class Order(models.Model):
    """One purchase. Written by hand in SQL (`orders/sql/`)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    number = models.CharField(max_length=20)
    external_number = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null: not given
    api_key_id = models.BigIntegerField(default=0)
    channel = models.CharField(max_length=10)
    state = models.SmallIntegerField()
    hold_reason = models.CharField(max_length=30, blank=True)
    currency = models.CharField(max_length=4)
    total_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    payable_minor = models.BigIntegerField()
    # How much of it was given back, or was approved to be.
    refund_minor = models.BigIntegerField(default=0)
    # Stored normal, so that lists compare by = only (rule 16).
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    phone_tail = models.CharField(max_length=4, blank=True)
    language = models.CharField(max_length=8, default="zh-Hans")
    # The buyer's answers: plain ones, and a sealed JSON object of secret ones (rule 27).
    form = models.JSONField(default=dict)
    form_sealed = models.BinaryField(null=True)
    token_hash = models.BinaryField(max_length=32)
    password_hash = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=50, blank=True)
    device = models.CharField(max_length=64, blank=True)
    # Counters (`kacang.risk`) that the order holds while it is unpaid, and until it is cancelled:
    # packed by `orders.counters`.
    held_counters = models.BinaryField(null=True)
    limit_counters = models.BinaryField(null=True)
    # Whether some line sells goods: only such orders ask the stock.
    has_goods = models.BooleanField(default=False)
    # Whether staff wrote a note on it: lists look for those (O2).
    has_note = models.BooleanField(default=False)
    # Whose work the order is: a membership, or nobody's (I1).
    assignee_id = models.BigIntegerField(null=True)
    # The store in which it was bought, if it was in one (R1, I1).
    store_id = models.BigIntegerField(null=True)
    # How soon it is seen to: 1 to 9, the greatest first; 0: as it comes (O9).
    priority = models.SmallIntegerField(default=0)
    pay_by = models.DateTimeField()
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sale_order"
        managed = False

    def __str__(self) -> str:
        return self.number


class Line(models.Model):
    """One SKU of an order, as it was when it was bought (rule 6)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order = models.ForeignKey(Order, models.PROTECT, db_constraint=False, related_name="lines")
    line_no = models.SmallIntegerField()
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_constraint=False)
    quantity = models.IntegerField()
    unit_price_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    unit_cost_minor = models.BigIntegerField(default=0)
    title = models.JSONField()
    sku_title = models.JSONField()
    kind = models.CharField(max_length=20)
    cover = models.CharField(max_length=20, blank=True)
    guide = models.JSONField(default=dict)
    form_version = models.IntegerField(default=1)
    stock_mode = models.SmallIntegerField(default=0)
    # What its cards are good for, once they are sold: 0 nothing more, 1 money, 2 another SKU.
    claim = models.SmallIntegerField(default=0)
    # Whether the buyer chose the cards: another card is then no fulfilment.
    is_chosen = models.BooleanField(default=False)

    class Meta:
        db_table = "order_line"
        managed = False

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line_no}"


class Unit(models.Model):
    """One piece of a line, with its own fulfilment (rule 6)."""

    pk = models.CompositePrimaryKey("merchant_id", "line_id", "unit_no")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    line = models.ForeignKey(Line, models.PROTECT, db_constraint=False, related_name="units")
    unit_no = models.IntegerField()
    state = models.SmallIntegerField(default=UnitState.WAITING)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "order_unit"
        managed = False

    def __str__(self) -> str:
        return f"{self.line_id}/{self.unit_no}"


class TimelineEntry(models.Model):
    """What happened to an order (O7). Added, never changed; partitioned by month, sealed."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order = models.ForeignKey(Order, models.PROTECT, db_constraint=False)
    event = models.SmallIntegerField()
    actor_kind = models.CharField(max_length=10)
    actor_label = models.CharField(max_length=120)
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=50, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "timeline"
        managed = False

    def __str__(self) -> str:
        return f"{self.order_id} {self.event}"


class AccessToken(models.Model):
    """A further token that opens an order, made for a link; only its hash is kept (rule 22)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order = models.ForeignKey(Order, models.CASCADE, db_constraint=False)
    token_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "access_token"
        indexes = [models.Index(fields=["merchant", "order"], name="access_token_of_order")]

    def __str__(self) -> str:
        return f"token of {self.order_id}"


class AccessCode(models.Model):
    """A one-time code sent to an order's contact (rule 22)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order = models.ForeignKey(Order, models.CASCADE, db_constraint=False)
    code_hash = models.BinaryField(max_length=32)
    code_sealed = models.BinaryField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_code"
        indexes = [models.Index(fields=["merchant", "order"], name="access_code_of_order")]

    def __str__(self) -> str:
        return f"code of {self.order_id}"


class Redemption(models.Model):
    """That a redeem code was given for an order: a code once, and an order for one (L21)."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    card = models.ForeignKey("vault.Card", models.PROTECT, db_constraint=False)
    order = models.ForeignKey(Order, models.PROTECT, db_constraint=False)
    at = models.DateTimeField()

    class Meta:
        db_table = "redemption"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "card"], name="redemption_card_once"),
            models.UniqueConstraint(fields=["merchant", "order"], name="redemption_order_once"),
        ]

    def __str__(self) -> str:
        return f"card {self.card_id} for order {self.order_id}"


class RefundUnit(models.Model):
    """That a unit goes with a refund, and what became of it: a `Fate`, once it is approved."""

    pk = models.CompositePrimaryKey("merchant_id", "refund_id", "line_id", "unit_no")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    refund_id = models.BigIntegerField()
    line_id = models.BigIntegerField()
    unit_no = models.IntegerField()
    fate = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "refund_unit"
        managed = False

    def __str__(self) -> str:
        return f"{self.refund_id} {self.line_id}/{self.unit_no}"


class OrderCustomer(models.Model):
    """Whose order it is, where its buyer has agreed to be remembered (H1)."""

    pk = models.CompositePrimaryKey("merchant_id", "order_id")
    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    order = models.ForeignKey(Order, models.PROTECT, db_constraint=False)
    customer_id = models.BigIntegerField()

    class Meta:
        db_table = "order_customer"
        managed = False

    def __str__(self) -> str:
        return f"order {self.order_id} of customer {self.customer_id}"


class Moved(models.Model):
    """That something of another system came over, and what it is here (V7).

    `foreign_key` is its id there: the same file brought again finds what it made.
    """

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    system = models.CharField(max_length=20)
    kind = models.CharField(max_length=10)
    foreign_key = models.CharField(max_length=120)
    # One of these: by `kind` "product", "sku", "card", "order".
    product = models.ForeignKey("catalog.Product", models.PROTECT, null=True, db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, null=True, db_constraint=False)
    card = models.ForeignKey("vault.Card", models.PROTECT, null=True, db_constraint=False)
    order = models.ForeignKey(Order, models.PROTECT, null=True, db_constraint=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "moved"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "system", "kind", "foreign_key"], name="moved_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="product", product__isnull=False)
                | models.Q(kind="sku", sku__isnull=False)
                | models.Q(kind="card", card__isnull=False)
                | models.Q(kind="order", order__isnull=False),
                name="moved_names_what_it_became",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.kind} {self.foreign_key}"
