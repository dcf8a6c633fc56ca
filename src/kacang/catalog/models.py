"""What is for sale: categories, products, and SKUs with their prices."""

from enum import IntEnum

from django.db import models
from django.db.models import Q


class ProductState(IntEnum):
    """Whether buyers see a product. What has orders is archived, never deleted (rule 6)."""

    OFF_SALE = 0
    ON_SALE = 1
    ARCHIVED = 2


class ProductKind(models.TextChoices):
    """What the buyer gets. Later kinds (top-ups) join here."""

    CODE = "code"
    PICKUP_CARD = "pickup_card"
    GOODS = "goods"


class DeliveryWay(models.TextChoices):
    """How goods reach their buyer. By courier: whoever orders them says whom they go to."""

    HANDED = "handed"
    COURIER = "courier"


class Strategy(IntEnum):
    """Which free card a sale takes (V5)."""

    RANDOM = 0
    FIRST_IN = 1
    SOONEST_EXPIRY = 2
    CHOSEN = 3


class StockMode(IntEnum):
    """Where a sale's units come from."""

    CARDS = 0
    # One card for every buyer (L21).
    LOOP = 1
    # Pieces that are all alike, in warehouses (S1).
    GOODS = 2


class Category(models.Model):
    """A shelf of the shop."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    title = models.JSONField()
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "category"

    def __str__(self) -> str:
        return self.uid


class Product(models.Model):
    """Something for sale, in one or more SKUs. Texts are `{"zh-Hans": …, "en": …}`."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    category = models.ForeignKey(
        Category, null=True, on_delete=models.SET_NULL, db_constraint=False
    )
    kind = models.CharField(max_length=20, choices=ProductKind, default=ProductKind.CODE)
    delivery_way = models.CharField(
        max_length=20, choices=DeliveryWay, default=DeliveryWay.HANDED, db_default="handed"
    )
    title = models.JSONField()
    subtitle = models.JSONField(default=dict)
    # Markdown through an allow-list (rule 29).
    description = models.JSONField(default=dict)
    guide = models.JSONField(default=dict)
    # Lower-case title words of every language, for the shop's search.
    search_text = models.TextField(default="")
    # A name of the design room's covers ("video", "game", …), used while there is no picture.
    cover = models.CharField(max_length=20, default="gift")
    # [{"name", "label": Text, "kind", "required", "secret", "pattern", "hint": Text}]
    form_fields = models.JSONField(default=list)
    form_version = models.IntegerField(default=1)
    state = models.SmallIntegerField(default=ProductState.OFF_SALE)
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "product"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=(0, 1, 2)), name="product_state_known"),
            models.CheckConstraint(
                condition=Q(kind__in=ProductKind.values), name="product_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(delivery_way="handed") | Q(delivery_way="courier", kind="goods"),
                name="product_delivery_way_fits",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "state", "position", "id"], name="product_shelf")
        ]

    def __str__(self) -> str:
        return self.uid


class Picture(models.Model):
    """A picture of a product, re-encoded from what was uploaded. `name` is random."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    product = models.ForeignKey(
        Product, models.CASCADE, db_constraint=False, related_name="pictures"
    )
    name = models.CharField(max_length=60, unique=True)
    width = models.IntegerField()
    height = models.IntegerField()
    body = models.BinaryField()
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "picture"

    def __str__(self) -> str:
        return self.name


class Sku(models.Model):
    """One sellable variant with its price."""

    merchant = models.ForeignKey("merchants.Merchant", models.PROTECT, db_constraint=False)
    uid = models.CharField(max_length=32, unique=True)
    product = models.ForeignKey(Product, models.PROTECT, db_constraint=False, related_name="skus")
    title = models.JSONField()
    price_minor = models.BigIntegerField()
    list_price_minor = models.BigIntegerField(null=True)
    cost_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=4)
    min_per_order = models.IntegerField(default=1)
    max_per_order = models.IntegerField(default=100)
    # How many units one buyer may ever buy; null: no limit.
    max_per_buyer = models.IntegerField(null=True)
    strategy = models.SmallIntegerField(default=Strategy.RANDOM)
    stock_mode = models.SmallIntegerField(default=StockMode.CARDS)
    chosen_surcharge_minor = models.BigIntegerField(default=0)
    # Whether the card number is itself a secret: then it is sealed and shown by mask (rule 5).
    number_is_secret = models.BooleanField(default=False)
    # Its cards are redeem codes: each is good for one piece of that SKU (L21).
    redeems = models.ForeignKey(
        "self", models.PROTECT, null=True, db_constraint=False, related_name="redeemed_by"
    )
    # What each of its cards, once it is sold, puts into a customer's wallet; null: no gift cards.
    gift_minor = models.BigIntegerField(null=True)
    # Of these three null means: as the merchant's settings say.
    low_stock_at = models.IntegerField(null=True)
    cover_days = models.IntegerField(null=True)
    lead_days = models.IntegerField(null=True)
    on_sale = models.BooleanField(default=True)
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "sku"
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="sku_price_not_negative"),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="sku_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(chosen_surcharge_minor__gte=0), name="sku_surcharge_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(min_per_order__gte=1, max_per_order__lte=10_000)
                & Q(min_per_order__lte=models.F("max_per_order")),
                name="sku_limits_in_order",
            ),
            models.CheckConstraint(
                condition=Q(strategy__in=(0, 1, 2, 3)), name="sku_strategy_known"
            ),
            models.CheckConstraint(
                condition=Q(stock_mode__in=(0, 1, 2)), name="sku_stock_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(redeems=None) | ~Q(redeems=models.F("id")) & Q(stock_mode=0),
                name="sku_redeems_another",
            ),
            models.CheckConstraint(
                condition=Q(gift_minor=None) | Q(gift_minor__gt=0, stock_mode=0, redeems=None),
                name="sku_gift_is_a_card",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "product", "position"], name="sku_of_product"),
            models.Index(
                fields=["merchant", "redeems"],
                name="sku_redeems",
                condition=Q(redeems__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.uid
