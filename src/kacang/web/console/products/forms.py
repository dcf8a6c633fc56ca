"""The forms in which a product is written: its texts, its SKUs, what it asks of buyers."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.catalog.operations import (
    DeliveryWay,
    ProductDraft,
    ProductKind,
    SkuDraft,
    StockMode,
    Strategy,
)
from kacang.shared.texts import Text, both
from kacang.web.console.products.prices import PricedForm, PriceField
from kacang.web.console.products.words import (
    COVERS,
    FIELD_KINDS,
    KIND_WORDS,
    STOCK_WORDS,
    STRATEGY_WORDS,
    WAY_WORDS,
)
from kacang.web.design.drawings import KINDS

TITLE_MOST = 120
SUBTITLE_MOST = 200
TEXT_MOST = 20_000
SKU_TITLE_MOST = 60
COUNT_MOST = 1_000_000
PER_ORDER_MOST = 10_000
DAYS_MOST = 365


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ProductForm(forms.Form):
    """A product's texts in both languages, side by side."""

    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=TITLE_MOST, required=False)
    title_en = forms.CharField(label=_("Title (English)"), max_length=TITLE_MOST, required=False)
    subtitle_zh = forms.CharField(
        label=_("Subtitle (Chinese)"), max_length=SUBTITLE_MOST, required=False
    )
    subtitle_en = forms.CharField(
        label=_("Subtitle (English)"), max_length=SUBTITLE_MOST, required=False
    )
    kind = forms.ChoiceField(label=_("What the buyer gets"), choices=list(KIND_WORDS.items()))
    delivery_way = forms.ChoiceField(
        label=_("How goods reach the buyer"),
        choices=list(WAY_WORDS.items()),
        required=False,
        help_text=_("For goods from a warehouse only. Codes are shown at once."),
    )
    category = forms.ChoiceField(label=_("Category"), required=False)
    cover = forms.ChoiceField(
        label=_("Cover"),
        choices=[(name, COVERS[name]) for name in KINDS if name in COVERS],
        help_text=_("Shown while the product has no picture."),
    )
    position = forms.IntegerField(
        label=_("Place in the shop"),
        min_value=0,
        max_value=COUNT_MOST,
        initial=0,
        help_text=_("Products with small numbers come first."),
    )
    description_zh = forms.CharField(
        label=_("Description (Chinese)"), widget=_area(8), max_length=TEXT_MOST, required=False
    )
    description_en = forms.CharField(
        label=_("Description (English)"), widget=_area(8), max_length=TEXT_MOST, required=False
    )
    guide_zh = forms.CharField(
        label=_("Usage guide (Chinese)"), widget=_area(6), max_length=TEXT_MOST, required=False
    )
    guide_en = forms.CharField(
        label=_("Usage guide (English)"), widget=_area(6), max_length=TEXT_MOST, required=False
    )

    def __init__(self, *arguments: Any, categories: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("No category")), *categories]

    def clean(self) -> dict[str, Any]:
        """Ask for a title in one of the languages."""
        cleaned = super().clean() or {}
        if not (cleaned.get("title_zh") or cleaned.get("title_en")):
            self.add_error("title_zh", _("Give a title in one language at least."))
        cleaned["delivery_way"] = cleaned.get("delivery_way") or DeliveryWay.HANDED
        by_hand = cleaned["delivery_way"] == DeliveryWay.HANDED
        if not by_hand and cleaned.get("kind") != ProductKind.GOODS:
            self.add_error("delivery_way", _("Only goods from a warehouse go by courier."))
        return cleaned

    def draft(self, form_fields: tuple[Mapping[str, Any], ...]) -> ProductDraft:
        """Return what was written, for the catalogue."""
        data = self.cleaned_data
        return ProductDraft(
            title=_both(data, "title"),
            kind=data["kind"],
            delivery_way=data["delivery_way"],
            category_uid=data["category"],
            subtitle=_both(data, "subtitle"),
            description=_both(data, "description"),
            guide=_both(data, "guide"),
            cover=data["cover"],
            form_fields=form_fields,
            position=data["position"],
        )


class SkuForm(PricedForm):
    """One SKU; a new one whose row stays empty is left out."""

    uid = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    title_zh = forms.CharField(label=_("Name (Chinese)"), max_length=SKU_TITLE_MOST, required=False)
    title_en = forms.CharField(label=_("Name (English)"), max_length=SKU_TITLE_MOST, required=False)
    price = PriceField(label=_("Price"))
    list_price = PriceField(
        label=_("Price struck through"), required=False, help_text=_("At least the price.")
    )
    on_sale = forms.BooleanField(label=_("On sale"), required=False, initial=True)
    low_stock_at = forms.IntegerField(
        label=_("Warn below"),
        min_value=0,
        max_value=COUNT_MOST,
        required=False,
        help_text=_("Pieces in stock; 0: never; empty: as the settings say."),
    )
    cover_days = forms.IntegerField(
        label=_("Days of cover"),
        min_value=0,
        max_value=DAYS_MOST,
        required=False,
        help_text=_(
            "Warn when stock lasts fewer, by the last 7 days' sales; "
            "0: never; empty: as the settings say."
        ),
    )
    lead_days = forms.IntegerField(
        label=_("Days from ordering to arrival"),
        min_value=0,
        max_value=DAYS_MOST,
        required=False,
        help_text=_("For the purchase list; empty: as the settings say."),
    )
    cost = PriceField(label=_("Purchase price"), required=False)
    min_per_order = forms.IntegerField(
        label=_("At least per order"), min_value=1, max_value=PER_ORDER_MOST, initial=1
    )
    max_per_order = forms.IntegerField(
        label=_("At most per order"), min_value=1, max_value=PER_ORDER_MOST, initial=100
    )
    max_per_buyer = forms.IntegerField(
        label=_("At most per buyer"),
        min_value=1,
        max_value=COUNT_MOST,
        required=False,
        help_text=_("Over all orders; empty: no limit."),
    )
    strategy = forms.TypedChoiceField(
        label=_("Which card a sale takes"),
        choices=list(STRATEGY_WORDS.items()),
        coerce=int,
        initial=int(Strategy.RANDOM),
    )
    stock_mode = forms.TypedChoiceField(
        label=_("Stock"),
        choices=list(STOCK_WORDS.items()),
        coerce=int,
        initial=int(StockMode.CARDS),
        help_text=_("Fixed once the variant exists."),
    )
    surcharge = PriceField(label=_("Surcharge for the buyer's choice"), required=False)
    number_is_secret = forms.BooleanField(label=_("The card number is secret too"), required=False)
    redeems = forms.ChoiceField(
        label=_("Its cards are redeem codes for"),
        required=False,
        help_text=_("Who has a sold code gets one piece of it, codes sold before included."),
    )

    gift = PriceField(
        label=_("As gift cards, each is worth"),
        required=False,
        help_text=_("Who has a sold one puts so much into a wallet. Empty: no gift cards."),
    )

    def __init__(
        self, *arguments: Any, targets: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["redeems"]
        assert isinstance(field, forms.ChoiceField)
        own = self.initial.get("uid")
        others = [target for target in targets if target[0] != own]
        field.choices = [("", _("Nothing: they are what the buyer gets")), *others]
        if self.initial.get("uid"):
            # A disabled field keeps its first value, whatever is sent.
            self.fields["stock_mode"].disabled = True

    def clean(self) -> dict[str, Any]:
        """Hold names, prices and limits against each other."""
        cleaned = super().clean() or {}
        if not (cleaned.get("title_zh") or cleaned.get("title_en")):
            self.add_error("title_zh", _("Give a name in one language at least."))
        low, high = cleaned.get("min_per_order"), cleaned.get("max_per_order")
        if low and high and low > high:
            self.add_error("max_per_order", _("Less than the least per order."))
        price, struck = cleaned.get("price"), cleaned.get("list_price")
        if price is not None and struck is not None and struck < price:
            self.add_error("list_price", _("Lower than the price."))
        return cleaned

    def draft(self, position: int) -> SkuDraft:
        """Return what was written, for the catalogue."""
        data = self.cleaned_data
        return SkuDraft(
            title=_both(data, "title"),
            price_minor=data["price"],
            list_price_minor=data["list_price"],
            cost_minor=data["cost"] or 0,
            min_per_order=data["min_per_order"],
            max_per_order=data["max_per_order"],
            max_per_buyer=data["max_per_buyer"],
            strategy=Strategy(data["strategy"]),
            stock_mode=StockMode(data["stock_mode"]),
            chosen_surcharge_minor=data["surcharge"] or 0,
            number_is_secret=data["number_is_secret"],
            redeems=data["redeems"],
            gift_minor=data["gift"],
            low_stock_at=data["low_stock_at"],
            cover_days=data["cover_days"],
            lead_days=data["lead_days"],
            on_sale=data["on_sale"],
            position=position,
        )


class FieldForm(forms.Form):
    """One question to the buyer."""

    name = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,29}$",
        label=_("Key"),
        help_text=_("Small letters, digits and _; for programs."),
        error_messages={"invalid": _("Small letters, digits and _, first a letter.")},
    )
    label_zh = forms.CharField(label=_("Question (Chinese)"), max_length=60, required=False)
    label_en = forms.CharField(label=_("Question (English)"), max_length=60, required=False)
    kind = forms.ChoiceField(label=_("Answer"), choices=list(FIELD_KINDS.items()))
    required = forms.BooleanField(label=_("Must be answered"), required=False, initial=True)
    secret = forms.BooleanField(
        label=_("Secret: kept encrypted, shown only with a reason"), required=False
    )
    pattern = forms.CharField(label=_("Pattern"), max_length=100, required=False)
    hint_zh = forms.CharField(label=_("Hint (Chinese)"), max_length=200, required=False)
    hint_en = forms.CharField(label=_("Hint (English)"), max_length=200, required=False)
    options = forms.CharField(
        label=_("Choices"), widget=_area(3), required=False, help_text=_("One per line.")
    )

    def clean(self) -> dict[str, Any]:
        """A question needs words, a list its choices."""
        cleaned = super().clean() or {}
        if not (cleaned.get("label_zh") or cleaned.get("label_en")):
            self.add_error("label_zh", _("Write the question in one language at least."))
        lines = [line.strip() for line in cleaned.get("options", "").splitlines()]
        cleaned["options"] = [line for line in lines if line]
        if cleaned.get("kind") == "select" and not cleaned["options"]:
            self.add_error("options", _("Write at least one choice."))
        if cleaned.get("kind") != "select":
            cleaned["options"] = []
        return cleaned

    def raw(self) -> dict[str, Any]:
        """Return the question as the catalogue reads it."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "label": _both(data, "label"),
            "kind": data["kind"],
            "required": data["required"],
            "secret": data["secret"],
            "pattern": data["pattern"],
            "hint": _both(data, "hint"),
            "options": data["options"],
        }


SKU_FORMS = forms.formset_factory(SkuForm, extra=0, min_num=1, validate_min=True, max_num=50)
FIELD_FORMS = forms.formset_factory(
    FieldForm, extra=0, max_num=20, validate_max=True, can_delete=True, can_order=True
)


def _both(data: Mapping[str, Any], name: str) -> Text:
    return both(data.get(f"{name}_zh") or "", data.get(f"{name}_en") or "")
