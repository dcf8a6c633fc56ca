"""The forms of payment accounts: made of what a company says that it needs (P1)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kacang.payments.accounts.details import AccountDetails
from kacang.payments.accounts.routing import Limits
from kacang.payments.operations import AccountChange
from kacang.payments.ports import AccountField, PaymentProvider
from kacang.shared.money import EXPONENTS, Money
from kacang.web.console.products.prices import PricedForm, PriceField

PREFIX = "c_"
TEXT_MOST = 400
LONG_MOST = 20_000
WEIGHT_MOST = 1_000
POSITION_MOST = 1_000
# Words that companies' choices are made of; others are shown as they are.
CHOICE_WORDS: dict[str, Promise] = {
    "yes": _("Yes"),
    "no": _("No"),
    "both": _("Both"),
    "keys": _("Public key"),
    "certificates": _("Certificates"),
    "page": _("Page of the company"),
    "wap": _("Page for phones"),
    "qr": _("QR code"),
    "card": _("Bank cards only"),
    "all": _("All that are switched on there"),
    "alipay": _("Alipay"),
    "wxpay": _("WeChat Pay"),
    "qqpay": _("QQ Wallet"),
    "cashier": _("The buyer chooses at the gateway"),
    "api": _("QR code in the shop"),
    "raw": _("As they are"),
    "encoded": _("Percent-encoded"),
    "lower": _("Lower case"),
    "upper": _("Upper case"),
    "HighSpeed": _("None: as soon as it is seen"),
    "MediumSpeed": _("One confirmation"),
    "LowMediumSpeed": _("Two confirmations"),
    "LowSpeed": _("Six confirmations"),
}


class CompanyForm(PricedForm):
    """A name for buyers, and the fields of one company.

    `kept` are the names of secrets that the account has: those may be left empty, and stay.
    """

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Buyers see it at the checkout.")
    )

    def __init__(
        self,
        *arguments: Any,
        company: PaymentProvider | None,
        kept: Iterable[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.company = company
        self.asked = company.fields if company else ()
        makes = set(company.new_secrets() or {}) if company else set()
        for asked in self.asked:
            may_stay = asked.name in kept or asked.name in makes
            self.fields[PREFIX + asked.name] = _field(asked, may_stay=may_stay)

    @property
    def company_fields(self) -> list[forms.BoundField]:
        """The company's own fields, in its order."""
        return [self[PREFIX + asked.name] for asked in self.asked]

    @property
    def options(self) -> dict[str, str]:
        """What was filled in that is no secret. Only of a valid form."""
        return {
            asked.name: self._given(asked) or asked.default
            for asked in self.asked
            if not asked.is_secret and (self._given(asked) or asked.default)
        }

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets that were filled in. Only of a valid form."""
        return {
            asked.name: self._given(asked)
            for asked in self.asked
            if asked.is_secret and self._given(asked)
        }

    def _given(self, asked: AccountField) -> str:
        return str(self.cleaned_data.get(PREFIX + asked.name, "")).strip()


class NewAccountForm(CompanyForm):
    """A new account at a company."""

    currency = forms.ChoiceField(label=_("Currency"))

    def __init__(self, *arguments: Any, company: PaymentProvider, **options: Any) -> None:
        super().__init__(*arguments, company=company, **options)
        own = options.get("currency", "CNY")
        taken = sorted(company.currencies & set(EXPONENTS), key=lambda name: (name != own, name))
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"), choices=[(name, name) for name in taken], required=False
        )

    def clean_currency(self) -> str:
        """Take the first that the company takes when none was chosen."""
        return str(self.cleaned_data["currency"] or self.fields["currency"].choices[0][0])  # type: ignore[attr-defined]


class AccountForm(CompanyForm):
    """Everything about an account that may be changed."""

    position = forms.IntegerField(
        label=_("Place at the checkout"), min_value=0, max_value=POSITION_MOST, initial=0
    )
    weight = forms.IntegerField(
        label=_("Weight"), min_value=1, max_value=WEIGHT_MOST,
        help_text=_("Among several accounts of a company, how often this one is taken."),
    )  # fmt: skip
    amount_min = PriceField(label=_("Smallest payment"), required=False)
    amount_max = PriceField(label=_("Largest payment"), required=False)
    day_max = PriceField(
        label=_("At most a day"), required=False,
        help_text=_("Once so much has come in, it is offered again the next day."),
    )  # fmt: skip
    fee_percent = forms.DecimalField(
        label=_("Fee in percent"), min_value=0, max_value=100, decimal_places=2, required=False
    )
    fee_fixed = PriceField(label=_("Fee per payment"), required=False)
    networks = forms.CharField(
        label=_("Messages only from"), required=False, max_length=LONG_MOST,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}),
        help_text=_("Addresses or networks, one a line. Empty: from anywhere."),
    )  # fmt: skip
    products = forms.MultipleChoiceField(
        label=_("Only for these products"), required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: for all."),
    )  # fmt: skip

    def __init__(
        self, *arguments: Any, products: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.fields["products"].choices = list(products)  # type: ignore[attr-defined]

    @property
    def change(self) -> AccountChange:
        """What the account is to be. Only of a valid form."""
        said = self.cleaned_data
        return AccountChange(
            name=said["name"],
            options=self.options,
            secrets=self.secrets,
            position=said["position"],
            limits=Limits(
                weight=said["weight"],
                amount_min_minor=said["amount_min"],
                amount_max_minor=said["amount_max"],
                day_max_minor=said["day_max"],
                products=frozenset(said["products"]),
            ),
            fee_bp=int((said["fee_percent"] or Decimal(0)) * 100),
            fee_fixed_minor=said["fee_fixed"] or 0,
            networks=said["networks"].split(),
        )


def initial_of(details: AccountDetails) -> dict[str, Any]:
    """Return what the form shows of an account before anything is typed: never a secret."""
    row, limits = details.row, details.row.limits

    def plain(minor: int | None) -> str:
        return "" if minor is None else Money(minor, row.currency).plain

    return {
        "name": row.name,
        "position": details.position,
        "weight": limits.weight,
        "amount_min": plain(limits.amount_min_minor),
        "amount_max": plain(limits.amount_max_minor),
        "day_max": plain(limits.day_max_minor),
        "fee_percent": Decimal(details.fee_bp) / 100,
        "fee_fixed": plain(details.fee_fixed_minor or None),
        "networks": "\n".join(details.networks),
        "products": list(limits.products),
        **{PREFIX + name: value for name, value in details.options.items()},
    }


def label_of(company: PaymentProvider | None, name: str) -> str:
    """Return what a company calls one of its fields, in the reader's language."""
    labels = {asked.name: _said(asked.label, asked.label_zh) for asked in _fields(company)}
    return labels.get(name, name)


def _fields(company: PaymentProvider | None) -> Sequence[AccountField]:
    return company.fields if company else ()


def _field(asked: AccountField, *, may_stay: bool) -> forms.Field:
    hint = _said(asked.hint, asked.hint_zh)
    given: Mapping[str, Any] = {
        "label": _said(asked.label, asked.label_zh),
        "required": asked.is_required and not asked.default and not may_stay,
        "help_text": hint,
    }
    if asked.choices:
        choices = [(value, CHOICE_WORDS.get(value, value)) for value in asked.choices]
        start = asked.default or asked.choices[0]
        return forms.ChoiceField(choices=choices, initial=start, **given)
    attributes = {"autocomplete": "off", "spellcheck": "false", "class": "mono"}
    most = LONG_MOST if asked.is_long else TEXT_MOST
    widget: forms.Widget
    if asked.is_long:
        widget = forms.Textarea(attrs={**attributes, "rows": 5})
    elif asked.is_secret:
        # What was typed comes back only with its own errors: nothing kept is ever shown here.
        widget = forms.PasswordInput(
            attrs={**attributes, "autocomplete": "new-password"}, render_value=True
        )
    else:
        widget = forms.TextInput(attrs=attributes)
    return forms.CharField(max_length=most, widget=widget, initial=asked.default, **given)


def _said(english: str, chinese: str) -> str:
    return chinese if chinese and (get_language() or "zh").startswith("zh") else english
