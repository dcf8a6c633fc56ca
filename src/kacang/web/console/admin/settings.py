"""Settings at the desk: one form, built from the list of settings that the merchants room has."""

import base64
import io
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from PIL import Image, ImageOps

from kacang.merchants import operations, queries
from kacang.merchants.settings import GROUPS, SPECS, BadSetting, Spec, Type, Value
from kacang.messages.senders.queries import can_text
from kacang.shared.errors import DomainError
from kacang.shared.texts import both
from kacang.web.console.access import Denied, needs
from kacang.web.design import themes
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

LOGO_SIDE = 96
LOGO_BYTES_MAX = 4 * 2**20
LOGO_PIXELS_MAX = 40_000_000
LOGO_FORMATS = ("PNG", "JPEG", "WEBP")
CHINESE, ENGLISH, REMOVE = "__zh", "__en", "__remove"


class SettingsForm(forms.Form):
    """Every setting, each as the control that its type asks for."""

    def __init__(
        self, values: Mapping[str, Value], *args: Any, can_text: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.values = values
        self.specs = [spec for spec in SPECS.values() if spec.needs != "sms" or can_text]
        for spec in self.specs:
            for name, field in _FIELDS[spec.type](spec, values[spec.name]):
                self.fields[name] = field

    def groups(self) -> list[dict[str, Any]]:
        """Return the groups with their fields, for the template."""
        return [
            {"name": name, "label": label, "fields": list(self._rows(name))}
            for name, label in GROUPS.items()
        ]

    def _rows(self, group: str) -> Iterator[dict[str, Any]]:
        for spec in self.specs:
            if spec.group != group:
                continue
            names = [name for name, _field in _FIELDS[spec.type](spec, self.values[spec.name])]
            yield {
                "spec": spec,
                "type": spec.type.value,
                "bound": [self[name] for name in names],
                "value": self.values[spec.name],
            }

    def clean(self) -> dict[str, Any]:
        """Bring what was typed to the values of the settings."""
        given = super().clean() or {}
        for spec in self.specs:
            try:
                given[spec.name] = spec.checked(_READ[spec.type](spec, given, self.values))
            except (BadSetting, themes.UnreadableColour, forms.ValidationError, KeyError) as error:
                if not _wrong_already(spec, self.errors):
                    self.add_error(_first(spec), _fault(spec, given, error))
        return given

    def chosen(self) -> dict[str, Value]:
        """Return the value of every setting that is offered. Only after `is_valid`."""
        return {spec.name: self.cleaned_data[spec.name] for spec in self.specs}


@needs("settings.view")
@require_http_methods(["GET", "POST"])
def settings_page(request: ConsoleRequest) -> HttpResponse:
    """Show all settings; change them."""
    may_edit = "settings.edit" in request.membership.permissions
    # Not what this process remembers: somebody may just have changed them elsewhere.
    queries.forget_settings(request.merchant)
    values = queries.settings_of(merchant_id=request.merchant)
    texts = can_text(request.merchant)
    form = SettingsForm(values, can_text=texts)
    if request.method == "POST":
        if not may_edit:
            raise Denied(permission="settings.edit")
        form = SettingsForm(values, request.POST, request.FILES, can_text=texts)
        if form.is_valid():
            changed = operations.change_settings(
                merchant_id=request.merchant, values=form.chosen(), actor=request.actor
            )
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect("console_settings")
    context = {
        "form": form,
        "may_edit": may_edit,
        "may_rotate": "secrets.rotate" in request.membership.permissions,
        "may_move": "shop.move" in request.membership.permissions,
        "palette": [(colour, word) for colour, word in themes.PALETTE.values()],
        "hosts": queries.hosts(merchant_id=request.merchant),
        "info": queries.merchant(merchant_id=request.merchant),
    }
    status = 422 if form.errors else 200
    return render(request, "console/settings/page.html", context, status=status)


@needs("settings.edit")
@require_POST
def host_add(request: ConsoleRequest) -> HttpResponse:
    """Let the shop be reached under a host name."""
    try:
        operations.add_host(
            merchant_id=request.merchant, host=request.POST.get("host", ""), actor=request.actor
        )
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("The shop answers under this name once it points here."))
    return redirect("console_settings")


@needs("settings.edit")
@require_POST
def host_remove(request: ConsoleRequest) -> HttpResponse:
    """Take a host name away."""
    operations.remove_host(
        merchant_id=request.merchant, host=request.POST.get("host", ""), actor=request.actor
    )
    messages.success(request, _("The host name is removed."))
    return redirect("console_settings")


Named = Iterator[tuple[str, forms.Field]]


def _switch(spec: Spec, value: Value) -> Named:
    yield spec.name, forms.BooleanField(label=str(spec.label), required=False, initial=value,
                                        help_text=str(spec.help))  # fmt: skip


def _number(spec: Spec, value: Value) -> Named:
    yield spec.name, forms.IntegerField(
        label=str(spec.label), initial=value, min_value=spec.lowest, max_value=spec.highest,
        help_text=str(spec.help),
    )  # fmt: skip


def _line(spec: Spec, value: Value) -> Named:
    yield spec.name, forms.CharField(
        label=str(spec.label), initial=value, max_length=spec.highest, required=spec.lowest > 0,
        help_text=str(spec.help),
    )  # fmt: skip


def _text(spec: Spec, value: Value) -> Named:
    texts = value if isinstance(value, dict) else {}
    rows: tuple[tuple[str, str, str | Promise], ...] = (
        (CHINESE, texts.get("zh-Hans", ""), gettext_lazy("Chinese")),
        (ENGLISH, texts.get("en", ""), gettext_lazy("English")),
    )
    for ending, initial, language in rows:
        label = gettext_lazy("%(label)s (%(language)s)") % {
            "label": spec.label, "language": language,
        }  # fmt: skip
        yield spec.name + ending, forms.CharField(
            label=label, initial=initial, max_length=spec.highest, required=False,
            help_text=str(spec.help) if ending == CHINESE else "",
            widget=forms.Textarea(attrs={"rows": 2}),
        )  # fmt: skip


def _choice(spec: Spec, value: Value) -> Named:
    choices = list((spec.choices or {}).items())
    yield (
        spec.name,
        forms.ChoiceField(
            label=str(spec.label), initial=value, choices=choices, help_text=str(spec.help)
        ),
    )


def _colour(spec: Spec, value: Value) -> Named:
    yield spec.name, forms.CharField(
        label=str(spec.label), initial=value, max_length=7, help_text=str(spec.help),
        widget=forms.TextInput(attrs={"type": "color", "data-colour": ""}),
    )  # fmt: skip


def _picture(spec: Spec, value: Value) -> Named:
    accept = {"accept": "image/png,image/jpeg,image/webp"}
    yield (
        spec.name,
        forms.FileField(
            label=str(spec.label),
            required=False,
            help_text=str(spec.help),
            widget=forms.FileInput(attrs=accept),
        ),
    )
    if value:
        yield (
            spec.name + REMOVE,
            forms.BooleanField(label=gettext_lazy("Remove the picture"), required=False),
        )


_FIELDS = {
    Type.SWITCH: _switch,
    Type.NUMBER: _number,
    Type.LINE: _line,
    Type.TEXT: _text,
    Type.CHOICE: _choice,
    Type.COLOUR: _colour,
    Type.PICTURE: _picture,
}


def _plain_value(spec: Spec, given: dict[str, Any], _now: Mapping[str, Value]) -> object:
    return given[spec.name]


def _text_value(spec: Spec, given: dict[str, Any], _now: Mapping[str, Value]) -> object:
    return both(given[spec.name + CHINESE], given[spec.name + ENGLISH])


def _colour_value(spec: Spec, given: dict[str, Any], _now: Mapping[str, Value]) -> object:
    return themes.read_colour(given[spec.name])


def _picture_value(spec: Spec, given: dict[str, Any], now: Mapping[str, Value]) -> object:
    if given.get(spec.name):
        return _as_data(given[spec.name])
    return "" if given.get(spec.name + REMOVE) else now[spec.name]


_READ = {
    Type.SWITCH: _plain_value,
    Type.NUMBER: _plain_value,
    Type.LINE: _plain_value,
    Type.CHOICE: _plain_value,
    Type.TEXT: _text_value,
    Type.COLOUR: _colour_value,
    Type.PICTURE: _picture_value,
}


def _wrong_already(spec: Spec, errors: Mapping[str, object]) -> bool:
    return any(name.partition("__")[0] == spec.name for name in errors)


def _first(spec: Spec) -> str:
    return spec.name + CHINESE if spec.type is Type.TEXT else spec.name


def _fault(spec: Spec, given: dict[str, Any], error: Exception) -> str:
    if isinstance(error, forms.ValidationError):
        return str(error.messages[0])
    colour = given.get(spec.name, "")
    if isinstance(error, themes.UnreadableColour) and themes.HEX.fullmatch(colour):
        return _("White text on this colour cannot be read. Close to it, %(better)s can.") % {
            "better": themes.nearest_readable(colour)
        }
    return _("This value is not possible.")


def _as_data(upload: Any) -> str:
    """Draw a logo anew, small and square: what the file carried besides does not get in."""
    refused = forms.ValidationError(_("This is not a picture that can be used."))
    if (upload.size or 0) > LOGO_BYTES_MAX:
        raise refused
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(upload.read()), formats=LOGO_FORMATS)
            if image.width * image.height > LOGO_PIXELS_MAX:
                raise refused
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError, Warning):
        raise refused from None
    small = ImageOps.fit(upright, (LOGO_SIDE, LOGO_SIDE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "WEBP", quality=90, method=6)
    return "data:image/webp;base64," + base64.b64encode(written.getvalue()).decode()
