"""Form controls dressed with classes and with what assistive technology needs."""

from django import forms
from django.forms import BoundField
from django.utils.safestring import SafeString

CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.RadioSelect, "radios"),
    (forms.CheckboxSelectMultiple, "checks"),
    (forms.Select, "form-select"),
)


def dressed(bound: BoundField, help_text: str, placeholder: str = "") -> SafeString:
    """Return the control of a field with its classes, description and state of validity."""
    attributes: dict[str, str | bool] = {"class": _class_of(bound)}
    described = []
    if help_text or bound.help_text:
        described.append(f"{bound.auto_id}_help")
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if placeholder:
        attributes["placeholder"] = placeholder
    return bound.as_widget(attrs=attributes)


def _class_of(bound: BoundField) -> str:
    widget = bound.field.widget
    base = next((name for kind, name in CLASSES if isinstance(widget, kind)), "form-control")
    own = str(widget.attrs.get("class", ""))
    wrong = "is-wrong" if bound.errors else ""
    return " ".join(part for part in (base, own, wrong) if part)
