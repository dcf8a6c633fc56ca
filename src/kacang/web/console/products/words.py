"""What a product's kinds, ways, covers and questions are called at the desk."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.catalog.operations import DeliveryWay, ProductKind, StockMode, Strategy

COVERS: dict[str, Promise] = {
    "video": _("Video"),
    "music": _("Music"),
    "game": _("Games"),
    "phone": _("Phone"),
    "key": _("Software key"),
    "gift": _("Gift"),
    "coffee": _("Coffee"),
    "crab": _("Seafood"),
    "rice": _("Food"),
    "card": _("Card"),
    "parcel": _("Parcel"),
    "travel": _("Travel"),
    "book": _("Books"),
    "cloud": _("Cloud"),
}
KIND_WORDS: dict[str, Promise] = {
    ProductKind.CODE: _("Card secret, delivered at once"),
    ProductKind.PICKUP_CARD: _("Pickup card"),
    ProductKind.GOODS: _("Goods from a warehouse"),
}
WAY_WORDS: dict[str, Promise] = {
    DeliveryWay.HANDED: _("Handed over, or as agreed"),
    DeliveryWay.COURIER: _("By courier: buyers give an address"),
}
STRATEGY_WORDS: dict[int, Promise] = {
    Strategy.RANDOM: _("At random"),
    Strategy.FIRST_IN: _("First in, first out"),
    Strategy.SOONEST_EXPIRY: _("Soonest expiry first"),
    Strategy.CHOSEN: _("The buyer chooses"),
}
STOCK_WORDS: dict[int, Promise] = {
    StockMode.CARDS: _("Each card is sold once"),
    StockMode.LOOP: _("One card for every buyer"),
    StockMode.GOODS: _("Pieces in a warehouse"),
}
FIELD_KINDS: dict[str, Promise] = {
    "text": _("Text"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "number": _("Number"),
    "select": _("Choice from a list"),
}
